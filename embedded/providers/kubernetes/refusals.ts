/** What the API server says when it refuses, in terms of what to do. */
import { startsWith, type Path } from "../protocol/paths";
import { UserError } from "../protocol/errors";
import { type Bag, redact } from "../protocol/values";
import { ApiError, type ApiStatus } from "./client";
import { annotations, describe, type Identity } from "./objects";

/** Whether server-side apply met fields that another manager owns. */
export function isConflict(error: unknown): error is ApiError {
  return (
    error instanceof ApiError && error.status.code === 409 && error.status.causes.some(({ reason }) => reason === "FieldManagerConflict")
  );
}

/** Whether the namespace of an object is missing (not the object itself). */
export function isNamespaceMissing(error: unknown): error is ApiError {
  return error instanceof ApiError && error.status.code === 404 && error.status.kind === "namespaces";
}

// How API servers and CEL rules of definitions word it: k8s.io/apimachinery FieldImmutableErrorMsg, validation of Pod, StatefulSet,
// PersistentVolumeClaim, RoleBinding, StorageClass, PriorityClass, and the customary message of `self == oldSelf` rules.
const immutableWords =
  /immutable|updates? to .* (is|are) forbidden|updates may not change|may not (be )?change|cannot (be )?changed?\b|can ?not be updated/i;

/** A field the API server will not change on an existing object. */
export interface ImmutableField {
  path: Path;
  /** Fields below `path` that may change all the same. */
  except: string[];
}

/** The path of a cause: `spec.template.spec.containers[0].image`, keys with dots as `data[a.b]`. */
export function parseFieldPath(field: string): Path {
  const steps = [...field.matchAll(/\[([^\]]*)\]|([^.[\]]+)/g)];
  return steps.map(([, inBrackets, plain]) => {
    if (inBrackets === undefined) return plain ?? "";
    return /^\d+$/.test(inBrackets) ? Number(inBrackets) : inBrackets;
  });
}

/** The fields a refusal calls immutable; empty for any other refusal. */
export function immutableFields(error: unknown): ImmutableField[] {
  if (!(error instanceof ApiError) || (error.status.code !== 422 && error.status.code !== 403)) return [];
  return error.status.causes
    .filter(({ message }) => immutableWords.test(message))
    .map(({ field, message }) => {
      const exceptions = /fields? other than (.*?)(?: are forbidden|\n|$)/.exec(message)?.[1] ?? "";
      const except = [...exceptions.matchAll(/[`'"]?(?:spec\.)?([\w.[\]*]+)[`'"]?/g)]
        .map((match) => match[1] ?? "")
        .filter((word) => word !== "and");
      return { path: parseFieldPath(field), except };
    });
}

/** Whether changing `path` is what `field` forbids. */
export function forbids(field: ImmutableField, path: Path): boolean {
  if (startsWith(field.path, path)) return true;
  if (!startsWith(path, field.path)) return false;
  const next = path[field.path.length];
  return next === undefined || !field.except.some((name) => name.split(/[.[]/)[0] === String(next));
}

function conflictText(status: ApiStatus): string {
  const fields = status.causes.map(
    ({ field, message }) => `  ${field.replace(/^\./, "")}: ${message.replace("conflict with", "owned by")}`,
  );
  return [
    "server-side apply conflict: another manager owns fields that this program sets:",
    ...fields,
    "Run `pulumi refresh` to see their values and then `pulumi up` to set them back, remove the fields from the program (or list them in ignoreChanges),",
    `or set annotation ${annotations.patchForce}: "true" on the object to take them over.`,
  ].join("\n");
}

function refusalText(error: ApiError, identity: Identity): string {
  const { status } = error;
  if (isConflict(error)) return conflictText(status);
  if (isNamespaceMissing(error))
    return `namespace "${identity.namespace}" does not exist. Create it in the program and take its name from there (metadata.namespace: namespace.metadata.name), so that it is made first.`;
  if (status.causes.some(({ reason }) => reason === "NamespaceTerminating"))
    return `namespace "${identity.namespace}" is being deleted; wait until it is gone (kubectl get namespace ${identity.namespace}), then run again.`;
  if (status.code === 401)
    return `the API server does not accept the credentials of the kubeconfig (${status.message}). Renew them or choose another context.`;
  const undeclared = [...status.message.matchAll(/(\.\S+): field not declared in schema/g)].map(
    (match) => `unknown field ${(match[1] ?? "").slice(1)}`,
  );
  if (undeclared.length > 0)
    return `${undeclared.join("\n")}\nCorrect or remove what ${identity.apiVersion} ${identity.kind} does not have.`;
  return status.message;
}

/** `error` as the user should read it, naming the object and hiding secret values of `inputs`; errors of other kinds come back unchanged. */
export function explain(error: unknown, identity: Identity, inputs: Bag): unknown {
  if (!(error instanceof ApiError)) return error;
  return new UserError(redact(`${describe(identity)}: ${refusalText(error, identity)}`, inputs));
}
