/**
 * What a run of the engine that was cut off leaves in the state: operations that had begun and of which nobody knows how they ended. The engine keeps
 * those that create for ever (a person is to look), and forgets the others at its next run without looking. Pure functions over `pulumi stack export`.
 */

/** A resource as the state holds it. */
export interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
}

export interface PendingOperation {
  readonly type: string;
  readonly resource: StateResource;
}

/** What `pulumi stack export` prints, as far as it matters. */
export interface Deployment {
  readonly version: number;
  readonly deployment: { readonly resources?: readonly StateResource[]; readonly pending_operations?: readonly PendingOperation[] };
}

/** A Kubernetes object that an operation is about. */
export interface ObjectRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string | undefined;
  readonly name: string;
}

/** What is to be done about an operation: see `plan`. */
export interface Step {
  readonly operation: PendingOperation;
  /**
   * `adopt`: it made its object, which goes into the state. `drop`: it made nothing. `refresh`: the state takes over what is there now. `unknown`: only a
   * person can find out, so the operation stays.
   */
  readonly what: "adopt" | "drop" | "refresh" | "unknown";
}

export function pendingOf({ deployment }: Deployment): readonly PendingOperation[] {
  return deployment.pending_operations ?? [];
}

/** The Kubernetes object that an operation is about, named or autonamed; undefined where it is about none. */
export function objectOf({ resource }: PendingOperation): ObjectRef | undefined {
  if (!resource.type.startsWith("kubernetes:")) return undefined;
  const { apiVersion, kind, metadata } = (resource.inputs ?? {}) as { apiVersion?: unknown; kind?: unknown; metadata?: unknown };
  const { name, namespace } = (metadata ?? {}) as { name?: unknown; namespace?: unknown };
  if (typeof apiVersion !== "string" || typeof kind !== "string" || typeof name !== "string") return undefined;
  return { apiVersion, kind, name, namespace: typeof namespace === "string" ? namespace : undefined };
}

/** Providers that make nothing outside the engine's state: what such a create made is gone with the run. */
const withoutTrace = /^(tls|random|pulumi):/;

/** Decides about one operation; `exists` says whether its object is in the cluster, undefined where there is no cluster to ask. */
export async function decide(
  operation: PendingOperation,
  exists: (object: ObjectRef) => Promise<boolean | undefined>,
): Promise<Step["what"]> {
  if (operation.type !== "creating") return "refresh";
  if (withoutTrace.test(operation.resource.type)) return "drop";
  const object = objectOf(operation);
  const found = object && (await exists(object));
  return found === undefined ? "unknown" : found ? "adopt" : "drop";
}

/**
 * The state with all decisions in it. An adopted object gets its id and counts as being updated until it was read once, so that a second crash before
 * that loses nothing.
 */
export function settled<D extends Deployment>(exported: D, steps: readonly Step[]): D {
  const adopted = steps.flatMap(({ operation, what }) => {
    const object = what === "adopt" ? objectOf(operation) : undefined;
    if (object === undefined) return [];
    const id = object.namespace === undefined ? object.name : `${object.namespace}/${object.name}`;
    return [{ ...operation.resource, id }];
  });
  const known = new Set((exported.deployment.resources ?? []).map((r) => r.urn));
  const kept = steps.flatMap(({ operation, what }) => (what === "refresh" || what === "unknown" ? [operation] : []));
  return {
    ...exported,
    deployment: {
      ...exported.deployment,
      // At the end: what it depends on was there before it.
      resources: [...(exported.deployment.resources ?? []), ...adopted.filter((r) => !known.has(r.urn))],
      pending_operations: [...kept, ...adopted.map((resource) => ({ type: "updating", resource }))],
    },
  };
}

/** URNs that the engine must read again. */
export function toRefresh(steps: readonly Step[]): string[] {
  return [...new Set(steps.flatMap(({ operation, what }) => (what === "adopt" || what === "refresh" ? [operation.resource.urn] : [])))];
}

const deeds: Readonly<Record<Step["what"], string>> = {
  adopt: "its object is there: taken into the state",
  drop: "it made nothing: forgotten",
  refresh: "the state takes over what is there now",
  unknown: "nobody here can say: look for it, then run pulumi refresh, which asks for its id",
};

/** One line for people: the resource, what was interrupted, what is done about it. */
export function told({ operation, what }: Step): string {
  const { type, urn } = operation.resource;
  return `${urn.split("::").at(-1) ?? urn} (${type}), cut off while ${operation.type}: ${deeds[what]}`;
}

/** The lock that made the engine refuse, by what it printed; undefined where no lock did. */
export function lockIn(
  text: string,
): { readonly user: string; readonly host: string; readonly pid: number; readonly since: string } | undefined {
  const [, user = "", host = "", pid, since = ""] = /created by (\S*)@(\S+) \(pid (\d+)\) at (\S+)/.exec(text) ?? [];
  return pid === undefined ? undefined : { user, host, pid: Number(pid), since };
}
