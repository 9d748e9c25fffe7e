import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Api } from "./api";

/** One CustomResourceDefinition as it stands in a file. */
export interface Crd {
  readonly name: string;
  readonly text: string;
  readonly hash: string;
  readonly file: string;
}

const collection = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const memory = "/api/v1/namespaces/kube-system/configmaps/embedded-crds";
/** Requests at a time: the API server compiles each schema, and two cores serve it. */
const atATime = 4;

/** Files below `folder` that end in .yaml or .yml, sorted. */
function yamlFiles(folder: string): string[] {
  const entries = fs.readdirSync(folder, { recursive: true, encoding: "utf8" });
  return entries
    .filter((name) => /\.ya?ml$/.test(name))
    .sort()
    .map((name) => path.join(folder, name));
}

/**
 * The definitions in the YAML documents of `text`; documents of other kinds are passed over. Found by their top-level lines, not parsed: the API
 * server is the judge of the rest, and megabytes of YAML would take longer than the whole bring-up.
 */
export function crdsIn(text: string, file: string): Crd[] {
  return text
    .split(/^---.*$/m)
    .filter((document) => /^kind: *["']?CustomResourceDefinition["']? *$/m.test(document))
    .map((document) => {
      // The first line `  name:` after `metadata:` with that indentation is the object's own name; `spec.names` stands deeper or elsewhere.
      const name = /^metadata:\s*\n(?:[ #].*\n|\s*\n)*? {1,4}name: *["']?([a-z0-9.-]+)/m.exec(document)?.[1];
      if (name === undefined)
        throw new Error(`${file}: a CustomResourceDefinition without metadata.name; take the file from its project's release again`);
      return { name, text: document, hash: createHash("sha256").update(document).digest("hex"), file };
    });
}

/** All definitions below a folder, by file name. Throws where the folder holds none: the stack could not come up. */
export function readCrds(folder: string): Crd[] {
  if (!fs.existsSync(folder))
    throw new Error(`${folder}: no such folder; it must hold the CustomResourceDefinitions of the stack (fetch the tool chain again)`);
  const crds = yamlFiles(folder).flatMap((file) => crdsIn(fs.readFileSync(file, "utf8"), file));
  if (crds.length === 0)
    throw new Error(
      `${folder}: no CustomResourceDefinition in any .yaml file; the folder must hold those of Gateway API, cert-manager and the Prometheus operator`,
    );
  return crds;
}

/** One hash over all definitions. */
export function hashOf(crds: readonly Crd[]): string {
  return createHash("sha256")
    .update(JSON.stringify(crds.map((crd) => [crd.name, crd.hash])))
    .digest("hex");
}

/** Definitions that are not installed, or not with this content. What is installed is remembered in the cluster itself, beside what it tells of. */
async function missing(api: Api, crds: readonly Crd[]): Promise<Crd[]> {
  const remembered = (await api.get<{ data?: Record<string, string> }>(memory))?.data ?? {};
  const list = await api.get<{ items: { metadata: { name: string } }[] | null }>(
    collection,
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
  );
  const present = new Set(list?.items?.map((item) => item.metadata.name));
  return crds.filter((crd) => remembered[crd.name] !== crd.hash || !present.has(crd.name));
}

/** Addresses of the lists of a definition's objects, one per served version; none until it is established. */
async function addresses(api: Api, crd: Crd): Promise<string[]> {
  const plural = crd.name.slice(0, crd.name.indexOf("."));
  const group = crd.name.slice(plural.length + 1);
  const versions = (await api.get<{ versions: { groupVersion: string }[] }>(`/apis/${group}`))?.versions ?? [];
  const found = await Promise.all(
    versions.map(async ({ groupVersion }) => {
      // Discovery names a kind once it is established, and is far smaller than a definition with its conditions.
      const discovered = await api.get<{ resources: { name: string }[] }>(`/apis/${groupVersion}`);
      return discovered?.resources.some((resource) => resource.name === plural) === true ? [`/apis/${groupVersion}/${plural}`] : [];
    }),
  );
  return found.flat();
}

async function served(api: Api, crd: Crd): Promise<boolean> {
  const lists = await addresses(api, crd);
  // The first request for a kind makes the API server open its store, and until that is done it answers 429.
  const answers = await Promise.all(lists.map(async (list) => api.ask({ path: `${list}?limit=1` })));
  return answers.length > 0 && answers.every((answer) => answer.status === 200);
}

async function conditionsOf(api: Api, crd: Crd): Promise<string> {
  const found = await api.get<{ status?: { conditions?: { type: string; status: string; message?: string }[] } }>(
    `${collection}/${crd.name}`,
  );
  const conditions = found?.status?.conditions ?? [];
  return conditions.length === 0
    ? "it has no condition yet"
    : conditions.map((c) => `${c.type}=${c.status} ${c.message ?? ""}`.trim()).join("; ");
}

async function awaitServed(api: Api, crd: Crd, signal: AbortSignal | undefined): Promise<void> {
  const until = Date.now() + 60_000;
  while (!(await served(api, crd))) {
    if (Date.now() > until)
      throw new Error(`${crd.file}: the API server does not serve ${crd.name} after 60 s: ${await conditionsOf(api, crd)}`);
    signal?.throwIfAborted();
    await sleep(100);
  }
}

/** Does `work` for each definition, a few at a time, and stops at the first error. */
async function forEach(crds: readonly Crd[], signal: AbortSignal | undefined, work: (crd: Crd) => Promise<void>): Promise<void> {
  const queue = [...crds];
  const worker = async (): Promise<void> => {
    for (let crd = queue.shift(); crd !== undefined; crd = queue.shift()) {
      signal?.throwIfAborted();
      await work(crd);
    }
  };
  await Promise.all(Array.from({ length: atATime }, worker));
}

async function install(api: Api, crd: Crd): Promise<void> {
  try {
    await api.apply(`${collection}/${crd.name}`, crd.text);
  } catch (error) {
    throw new Error(`${crd.file}: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * Installs the definitions that are missing or changed, and waits until the API server answers for every kind and version: from then on no first
 * request is refused. `begin` is told how many are installed, if any, before it begins.
 */
export async function installCrds(api: Api, crds: readonly Crd[], signal?: AbortSignal, begin?: (count: number) => void): Promise<void> {
  const todo = await missing(api, crds);
  if (todo.length > 0) begin?.(todo.length);
  await forEach(todo, signal, async (crd) => install(api, crd));
  await forEach(crds, signal, async (crd) => awaitServed(api, crd, signal));
  if (todo.length === 0) return;
  const data = Object.fromEntries(crds.map((crd) => [crd.name, crd.hash]));
  const remembered = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "embedded-crds", namespace: "kube-system" }, data };
  await api.apply(memory, JSON.stringify(remembered));
}
