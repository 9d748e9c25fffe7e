import type { Recorded, Recording } from "./record";

/** A resource that differs between two recordings, with the paths of the inputs that do. */
export interface Change {
  readonly kind: "create" | "update" | "delete";
  readonly urn: string;
  /** Property paths, e.g. `data["runtime.yaml"]`; empty for create and delete. */
  readonly paths: readonly string[];
}

/** What turns one recording into the other, sorted by URN. Empty when they declare the same. */
export function compare(before: Recording, after: Recording): Change[] {
  const index = (r: Recording) => new Map(r.resources.map((x) => [x.urn, x]));
  const [old, now] = [index(before), index(after)];
  const urns = [...new Set([...old.keys(), ...now.keys()])].sort();
  return urns.flatMap((urn): Change[] => {
    const [was, is] = [old.get(urn), now.get(urn)];
    if (was === undefined) return [{ kind: "create", urn, paths: [] }];
    if (is === undefined) return [{ kind: "delete", urn, paths: [] }];
    const paths = [...differing(comparable(was), comparable(is), "")];
    return paths.length === 0 ? [] : [{ kind: "update", urn, paths }];
  });
}

const comparable = (r: Recorded) => ({ inputs: r.inputs, protect: r.protect, parent: r.parent });

function* differing(a: unknown, b: unknown, path: string): Generator<string> {
  if (JSON.stringify(a) === JSON.stringify(b)) return;
  if (isObject(a) && isObject(b)) {
    for (const key of [...new Set([...Object.keys(a), ...Object.keys(b)])].sort())
      yield* differing(a[key], b[key], path === "" ? key : `${path}.${key}`);
    return;
  }
  yield path.replace(/^inputs\./, "");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}
