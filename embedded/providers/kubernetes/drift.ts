/** What a refresh makes of the inputs on record: where the live object differs from them, its values. */
import { type Difference, differences, type Path } from "../protocol/paths";
import { type Bag, type Fields, isFields, type Value } from "../protocol/values";
import { type Cluster, comparable, type Desired, dryRun } from "./apply";
import { ApiError } from "./client";
import { immutableFields } from "./refusals";
import { isSecretKind } from "./objects";
import { valueAt } from "../protocol/paths";

// Fields the server sets: no program writes them, so an imported object's inputs leave them out.
const serverFields = [
  "managedFields",
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "selfLink",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
];

/** Inputs for an object that had none (an import): the live object without what the server sets. */
export function inputsFromLive(live: Fields): Fields {
  const { status: _status, ...rest } = live;
  const metadata = isFields(rest["metadata"]) ? rest["metadata"] : {};
  return { ...rest, metadata: Object.fromEntries(Object.entries(metadata).filter(([key]) => !serverFields.includes(key))) };
}

function copied<T extends Value>(value: T): T {
  return structuredClone<T>(value);
}

function emptyLike(next: string | number): Value {
  return typeof next === "number" ? [] : {};
}

/** Sets or (with undefined) removes the part at `path` in place, making what is missing on the way. */
function put(root: Fields, path: Path, value: Value | undefined): void {
  let at: Value = root;
  for (const [index, step] of path.slice(0, -1).entries()) {
    const inside = at as Record<string | number, Value>;
    const next = path[index + 1] ?? "";
    if (typeof inside[step] !== "object" || inside[step] === null) {
      if (value === undefined) return;
      inside[step] = emptyLike(next);
    }
    at = inside[step];
  }
  const last = path.at(-1) ?? "";
  const inside = at as Record<string | number, Value>;
  if (value !== undefined) inside[last] = copied(value);
  else if (Array.isArray(at)) at.splice(Number(last), 1);
  else delete inside[last];
}

// stringData is written to, data is what the server keeps.
function inputPath(inputs: Fields, path: Path): { path: Path; decoded: boolean } {
  const [first, key = ""] = path;
  const texts = inputs["stringData"];
  const decoded = isSecretKind(inputs) && first === "data" && isFields(texts) && Object.hasOwn(texts, key);
  return decoded ? { path: ["stringData", ...path.slice(1)], decoded } : { path, decoded };
}

/** `inputs` with the values of `live` wherever `live` differs from `wanted`, which is what the server would make of `inputs`. */
export function drifted(inputs: Fields, wanted: Fields, live: Fields): Fields {
  const result = copied(inputs);
  // From the back: removing an item of a list moves those behind it.
  const changes: Difference[] = differences(comparable(wanted), comparable(live)).reverse();
  for (const change of changes) {
    const { path, decoded } = inputPath(inputs, change.path);
    const value = valueAt(live, change.path);
    put(result, path, decoded && typeof value === "string" ? Buffer.from(value, "base64").toString("utf8") : value);
  }
  return result;
}

/**
 * The inputs a refresh records. The server itself says what the old inputs come to (a forced dry run), so that defaults and other spellings
 * of a value are no drift. Where it refuses because an immutable field differs, that field's live value is recorded, which makes the next
 * update replace the object.
 */
export async function refreshedInputs(cluster: Cluster, desired: Desired, live: Fields): Promise<Bag> {
  const { inputs } = desired;
  try {
    const wanted = await dryRun(cluster, desired, true);
    return wanted ? { ...inputs, value: drifted(inputs.value, wanted.object, live) } : inputs;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const value = copied(inputs.value);
    for (const { path } of immutableFields(error)) put(value, path, valueAt(live, path));
    cluster.log("debug", desired.urn, `refresh without a dry run: ${error.message}`);
    return { ...inputs, value };
  }
}
