/** Kubernetes objects as this provider sees them: what names them, what of them is secret, what is kept in state. */
import { createHash } from "node:crypto";
import { UserError } from "../protocol/errors";
import { type Bag, type Fields, isFields, type Marks, mergeMarks, UNKNOWN, type Value } from "../protocol/values";

/** Annotations that steer the provider (registry/packages/kubernetes/installation-configuration of pulumi.com). */
export const annotations = {
  autonamed: "pulumi.com/autonamed",
  skipAwait: "pulumi.com/skipAwait",
  timeoutSeconds: "pulumi.com/timeoutSeconds",
  patchForce: "pulumi.com/patchForce",
  patchFieldManager: "pulumi.com/patchFieldManager",
  deletionPropagationPolicy: "pulumi.com/deletionPropagationPolicy",
} as const;

/** Bookkeeping beside the live object in state, under the names the official plugin uses; the engine hides keys that begin with `__`. */
export const bookkeeping = { inputs: "__inputs", initialApiVersion: "__initialApiVersion", fieldManager: "__fieldManager" } as const;

/** What the API server calls an object by. */
export interface Identity {
  apiVersion: string;
  kind: string;
  /** Undefined for cluster-scoped kinds. */
  namespace: string | undefined;
  name: string;
}

/** A text of an object's metadata; undefined when absent or unknown. */
export function metadataText(object: Fields, key: string): string | undefined {
  const metadata = object["metadata"];
  const text = isFields(metadata) ? metadata[key] : undefined;
  return typeof text === "string" && text !== "" ? text : undefined;
}

/** An annotation's value; undefined when absent, unknown or not a text. */
export function annotation(object: Fields, name: string): string | undefined {
  const metadata = object["metadata"];
  const all = isFields(metadata) ? metadata["annotations"] : undefined;
  const text = isFields(all) ? all[name] : undefined;
  return typeof text === "string" ? text : undefined;
}

/** The identity of an object whose name is known. Throws `UserError` where it has none. */
export function identityOf(object: Fields): Identity {
  const { apiVersion, kind } = object;
  const name = metadataText(object, "name");
  if (typeof apiVersion !== "string" || typeof kind !== "string" || name === undefined) {
    throw new UserError("an object needs apiVersion, kind and metadata.name");
  }
  return { apiVersion, kind, namespace: metadataText(object, "namespace"), name };
}

/** How people name an object: `ConfigMap "shop/limits"`. */
export function describe(identity: Identity): string {
  return `${identity.kind} "${identity.namespace === undefined ? "" : `${identity.namespace}/`}${identity.name}"`;
}

/** The resource id: `namespace/name`, or `name` for cluster-scoped kinds. */
export function idOf(identity: Identity): string {
  return identity.namespace === undefined ? identity.name : `${identity.namespace}/${identity.name}`;
}

/** Reads an id back; an id without a namespace has none. Throws `UserError` for more than one slash. */
export function parseId(id: string): { namespace: string | undefined; name: string } {
  const parts = id.split("/");
  if (parts.length > 2 || parts.some((part) => part === ""))
    throw new UserError(`"${id}" is no id of a Kubernetes object: write namespace/name, or name for a cluster-scoped kind`);
  const [first = "", second] = parts;
  return second === undefined ? { namespace: undefined, name: first } : { namespace: first, name: second };
}

/** Kinds whose whole content is secret, whatever the program marked. */
export function isSecretKind(object: Fields): boolean {
  return object["kind"] === "Secret" && object["apiVersion"] === "v1";
}

/** `marks` with what the kind itself makes secret. */
export function withKindSecrets(object: Fields, marks: Marks): Marks {
  if (!isSecretKind(object)) return marks;
  const own = new Map<string, Marks>();
  for (const key of ["data", "stringData"]) if (object[key] !== undefined) own.set(key, true);
  return mergeMarks(marks, own);
}

/** A copy of `object` with `metadata[key]` set. */
export function withMetadata(object: Fields, key: string, value: Value): Fields {
  const metadata = isFields(object["metadata"]) ? object["metadata"] : {};
  return { ...object, metadata: { ...metadata, [key]: value } };
}

/** A copy of `object` with one more annotation. */
export function withAnnotation(object: Fields, name: string, value: string): Fields {
  const metadata = isFields(object["metadata"]) ? object["metadata"] : {};
  const existing = isFields(metadata["annotations"]) ? metadata["annotations"] : {};
  return withMetadata(object, "annotations", { ...existing, [name]: value });
}

/**
 * The name server-side apply owns fields under: one per resource, as the official plugin has it (`pulumi-kubernetes-<hash>`). The hash is
 * of the URN, so that a run that was cut off owns what it made when it is repeated; what state recorded wins, as a URN may change by alias.
 */
export function fieldManager(urn: string, inputs: Fields, state: Fields): string {
  const chosen = annotation(inputs, annotations.patchFieldManager);
  if (chosen) return chosen;
  const recorded = state[bookkeeping.fieldManager];
  if (typeof recorded === "string" && recorded !== "") return recorded;
  return `pulumi-kubernetes-${createHash("sha256").update(urn).digest("hex").slice(0, 8)}`;
}

/**
 * Whether this manager applied the live object before: then the same resource of the same stack made it, in a run that ended before its state
 * was saved, and creating it again goes on where that run stopped.
 */
export function madeBy(live: Fields, manager: string): boolean {
  const entries = isFields(live["metadata"]) ? live["metadata"]["managedFields"] : undefined;
  return (
    Array.isArray(entries) && entries.some((entry) => isFields(entry) && entry["manager"] === manager && entry["operation"] === "Apply")
  );
}

/** The live object without what says nothing to a reader of state: managedFields can be longer than the object. */
export function withoutManagedFields(live: Fields): Fields {
  if (!isFields(live["metadata"])) return live;
  const { managedFields: _dropped, ...metadata } = live["metadata"];
  return { ...live, metadata };
}

/** What is kept in state: the live object and the bookkeeping, secret wherever the inputs are. */
export function outputsOf(live: Fields, inputs: Bag, manager: string): Bag {
  const object = withoutManagedFields(live);
  const secrets = withKindSecrets(object, inputs.secrets);
  const inputSecrets = withKindSecrets(inputs.value, inputs.secrets);
  const value: Fields = {
    ...object,
    [bookkeeping.inputs]: inputs.value,
    [bookkeeping.initialApiVersion]: inputs.value["apiVersion"] ?? null,
    [bookkeeping.fieldManager]: manager,
  };
  return { value, secrets: mergeMarks(secrets, new Map([[bookkeeping.inputs, inputSecrets]])) };
}

/** State without the bookkeeping: the object as it was last seen. */
export function recordedObject(state: Fields): Fields {
  return Object.fromEntries(Object.entries(state).filter(([key]) => !key.startsWith("__")));
}

/** Whether a part that identifies the object is not known yet. */
export function identityUnknown(object: Fields): boolean {
  const metadata = object["metadata"];
  if (metadata === UNKNOWN) return true;
  return isFields(metadata) && (metadata["name"] === UNKNOWN || metadata["namespace"] === UNKNOWN);
}
