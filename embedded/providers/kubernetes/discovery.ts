/** Which URL serves a kind: asked of the API server once per group and version, kept for the life of the process. */
import { UserError } from "../protocol/errors";
import type { Fields } from "../protocol/values";
import { type ApiClient, ApiError } from "./client";
import type { Identity } from "./objects";

/** A served kind. */
export interface Resource {
  plural: string;
  namespaced: boolean;
}

/** The API server does not serve the kind (yet). */
export class UnknownKindError extends UserError {}

// A definition made a moment ago is served after 0 to 3 s; 15 s is five times that and bearable where it never comes.
const servedMilliseconds = 15_000;
const pauseMilliseconds = 250;

/** The path below which a group and version is served. */
function groupPath(apiVersion: string): string {
  return apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

/** The kinds of one cluster. */
export class Discovery {
  readonly #groups = new Map<string, Promise<Map<string, Resource>>>();

  constructor(private readonly client: ApiClient) {}

  /** The resource of a kind; undefined when it is not served now. */
  async find(apiVersion: string, kind: string): Promise<Resource | undefined> {
    const known = await this.#group(apiVersion);
    const found = known.get(kind);
    // A group without the kind may get it within this run: a definition among the program's own objects.
    if (!found) this.#groups.delete(apiVersion);
    return found;
  }

  /** The resource of a kind; waits a little for a definition that was only just made. Throws `UnknownKindError`. */
  async require(apiVersion: string, kind: string): Promise<Resource> {
    for (const end = Date.now() + servedMilliseconds; ;) {
      const found = await this.find(apiVersion, kind);
      if (found) return found;
      if (Date.now() >= end) break;
      await this.client.pause(pauseMilliseconds);
    }
    throw new UnknownKindError(
      `the API server at ${this.client.server} serves no kind ${kind} in ${apiVersion}. Install its CustomResourceDefinition first (and let the object depend on it), or correct apiVersion and kind.`,
    );
  }

  /** The URL path of an object. */
  path(resource: Resource, identity: Identity): string {
    const namespace = resource.namespaced ? `/namespaces/${encodeURIComponent(identity.namespace ?? "default")}` : "";
    return `${groupPath(identity.apiVersion)}${namespace}/${resource.plural}/${encodeURIComponent(identity.name)}`;
  }

  #group(apiVersion: string): Promise<Map<string, Resource>> {
    const known = this.#groups.get(apiVersion);
    if (known) return known;
    const asked = this.#ask(apiVersion);
    this.#groups.set(apiVersion, asked);
    asked.catch(() => this.#groups.delete(apiVersion));
    return asked;
  }

  async #ask(apiVersion: string): Promise<Map<string, Resource>> {
    let body: Fields;
    try {
      body = (await this.client.request({ method: "GET", path: groupPath(apiVersion) })).body;
    } catch (error) {
      if (error instanceof ApiError && error.status.code === 404) return new Map();
      throw error;
    }
    const resources = body["resources"] as unknown as { name: string; kind: string; namespaced: boolean }[];
    // Names with a slash are subresources (deployments/scale).
    return new Map(
      resources.filter(({ name }) => !name.includes("/")).map(({ name, kind, namespaced }) => [kind, { plural: name, namespaced }]),
    );
  }
}
