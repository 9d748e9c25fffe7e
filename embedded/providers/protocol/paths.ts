/** Property paths and the differences between two property values. */
import { isFields, UNKNOWN, type Value } from "./values";

/** Keys and array positions from the root down. */
export type Path = (string | number)[];

/** One difference: a leaf (or a whole part that only one side has). */
export interface Difference {
  path: Path;
  kind: "add" | "delete" | "update";
}

/**
 * A path as the engine writes and reads it: `spec.containers[0].image`, `data["a.b"]`. Keys that are not made of letters, digits and `_`
 * are quoted (sdk/go/common/resource/property_path.go).
 */
export function formatPath(path: Path): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else if (/^[\p{L}\p{N}_]+$/u.test(step)) text += text === "" ? step : `.${step}`;
    else text += `["${step.replaceAll('"', '\\"')}"]`;
  }
  return text;
}

/** The value at `path`, undefined where there is none. */
export function valueAt(value: Value | undefined, path: Path): Value | undefined {
  let current: Value | undefined = value;
  for (const step of path) {
    if (Array.isArray(current)) current = current[Number(step)];
    else if (isFields(current)) current = Object.hasOwn(current, step) ? current[step] : undefined;
    else return undefined;
  }
  return current;
}

/** Whether `path` is `prefix` or lies under it. */
export function startsWith(path: Path, prefix: Path): boolean {
  return prefix.length <= path.length && prefix.every((step, index) => String(path[index]) === String(step));
}

/** Equal as property values; a null member equals an absent one, as it does for the API server. */
export function equal(one: Value | undefined, other: Value | undefined): boolean {
  const left = one ?? null;
  const right = other ?? null;
  if (left === right) return left !== UNKNOWN;
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((part, index) => equal(part, right[index]));
  }
  if (!isFields(left) || !isFields(right)) return false;
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].every((key) => equal(left[key], right[key]));
}

function kindOf(before: Value | undefined, after: Value | undefined): Difference["kind"] {
  if ((before ?? null) === null) return "add";
  return (after ?? null) === null ? "delete" : "update";
}

function pairs(before: Value, after: Value): [string | number, Value | undefined, Value | undefined][] | undefined {
  if (Array.isArray(before) && Array.isArray(after)) {
    const length = Math.max(before.length, after.length);
    return Array.from({ length }, (_, index) => [index, before[index], after[index]]);
  }
  if (!isFields(before) || !isFields(after)) return undefined;
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].map((key) => [key, before[key], after[key]]);
}

/** What turns `before` into `after`, deepest paths first where both sides have the part, in the order of `before`. */
export function differences(before: Value | undefined, after: Value | undefined, at: Path = []): Difference[] {
  if (equal(before, after)) return [];
  const parts = before !== undefined && after !== undefined ? pairs(before, after) : undefined;
  if (!parts) return [{ path: at, kind: kindOf(before, after) }];
  const inner = parts.flatMap(([key, left, right]) => differences(left, right, [...at, key]));
  // Lists that differ by nulls at their end only: no element says so.
  return inner.length > 0 ? inner : [{ path: at, kind: "update" }];
}
