import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { isSubset } from "./subset";

/** A resource of the engine's state, as far as it matters here. */
interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly custom: boolean;
  readonly delete?: boolean;
  readonly inputs?: Readonly<Record<string, unknown>>;
}

interface State {
  readonly resources: readonly StateResource[];
  readonly pending: readonly { readonly type: string; readonly resource: StateResource }[];
}

interface LiveObject {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly deletionTimestamp?: string;
    readonly managedFields?: readonly { readonly manager: string; readonly operation: string }[];
  };
}

/** The engine's state as it lies in the state folder. */
export function readState(folder: string): State {
  const file = path.join(folder, "state", ".pulumi", "stacks", "tenantstack", "dev.json");
  const { checkpoint } = JSON.parse(fs.readFileSync(file, "utf8")) as {
    checkpoint: { latest: { resources?: StateResource[]; pending_operations?: State["pending"] } };
  };
  return { resources: checkpoint.latest.resources ?? [], pending: checkpoint.latest.pending_operations ?? [] };
}

/** Lock files of engines in the state folder. */
export function locks(folder: string): string[] {
  const dir = path.join(folder, "state", ".pulumi", "locks");
  if (!fs.existsSync(dir)) return [];
  return fs.readdirSync(dir, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".json"));
}

/** `apiVersion/Kind namespace/name` of what the engine's type token and the object's id say. */
export const keyOf = (type: string, id: string): string => {
  const [, group = "", kind = ""] = type.split(":");
  return `${group.replace(/^core\//, "")}/${kind} ${id}`;
};

/** Objects of the API server that resources of this stack made: server-side apply leaves the resource's name on each. */
export function liveObjects(kubectl: string, folder: string): Map<string, LiveObject> {
  const ask = (...args: string[]) =>
    execFileSync(kubectl, ["--kubeconfig", path.join(folder, "kubeconfig"), ...args], {
      encoding: "utf8",
      // Its warnings (kinds that are deprecated) are no news here; where it fails, they are in the error.
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 60_000,
      maxBuffer: 512 << 20,
    });
  const kinds = ask("api-resources", "--verbs=list,patch", "-o", "name").trim().split("\n");
  const { items } = JSON.parse(ask("get", kinds.join(","), "--all-namespaces", "--show-managed-fields", "-o", "json")) as {
    items: LiveObject[];
  };
  const made = items.filter(({ metadata }) =>
    metadata.managedFields?.some((m) => m.operation === "Apply" && m.manager.startsWith("pulumi-kubernetes-")),
  );
  return new Map(
    made.map((o) => [
      `${o.apiVersion}/${o.kind} ${o.metadata.namespace === undefined ? "" : `${o.metadata.namespace}/`}${o.metadata.name}`,
      o,
    ]),
  );
}

/** What is not as a clean run leaves it, one line each; `wanted`: keys of the objects that the program declares. */
export function faults(kubectl: string, folder: string, wanted: ReadonlySet<string>): string[] {
  const { resources, pending } = readState(folder);
  const declared = resources.filter((r) => r.custom && r.type.startsWith("kubernetes:"));
  const inState = new Map<string, StateResource>();
  const said: string[] = [];
  for (const resource of declared) {
    const key = keyOf(resource.type, resource.id ?? "");
    if (inState.has(key)) said.push(`doubled in the state: ${key}`);
    if (resource.delete === true) said.push(`to be deleted still: ${key}`);
    inState.set(key, resource);
  }
  const live = liveObjects(kubectl, folder);
  for (const key of wanted) if (!inState.has(key)) said.push(`lost from the state: ${key}`);
  for (const key of inState.keys()) if (!wanted.has(key)) said.push(`too many in the state: ${key}`);
  for (const key of wanted) if (!live.has(key)) said.push(`lost from the cluster: ${key}`);
  for (const key of live.keys()) if (!wanted.has(key)) said.push(`orphaned in the cluster: ${key}`);
  for (const [key, object] of live) {
    if (object.metadata.deletionTimestamp !== undefined) said.push(`being deleted: ${key}`);
    const off = isSubset(inState.get(key)?.inputs ?? {}, object);
    if (off !== undefined) said.push(`not as declared: ${key}: ${off}`);
  }
  for (const { type, resource } of pending) said.push(`pending operation: ${type} ${resource.urn}`);
  for (const lock of locks(folder)) said.push(`lock left: ${lock}`);
  return said;
}
