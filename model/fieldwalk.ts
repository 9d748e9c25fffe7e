import { z } from "zod";
import { fieldInfo } from "./fields";
import type { FieldInfo } from "./fields";
import { suggest } from "./suggest";

/** A path in a document: keys and indices. */
export type Path = readonly (string | number)[];

/** Something wrong at a place of a document, before file, line and column are known. */
export interface Fault {
  readonly path: Path;
  /** Whether the key or its value is meant. */
  readonly at: "key" | "value";
  readonly rule: string;
  readonly remedy: string;
}

function unwrapped(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodOptional ? unwrapped(schema.unwrap() as z.ZodType) : schema;
}

function child(schema: z.ZodType, key: string | number): z.ZodType | undefined {
  const inner = unwrapped(schema);
  if (inner instanceof z.ZodObject) return Object.hasOwn(inner.shape, key) ? (inner.shape[key] as z.ZodType) : undefined;
  return inner instanceof z.ZodArray ? (inner.element as z.ZodType) : undefined;
}

function schemaAt(root: z.ZodType, path: Path): z.ZodType | undefined {
  let at: z.ZodType | undefined = root;
  for (const key of path) at = at === undefined ? undefined : child(at, key);
  return at === undefined ? undefined : unwrapped(at);
}

/** The keys that the group at `path` knows. */
export function knownKeys(root: z.ZodType, path: Path): string[] {
  const at = schemaAt(root, path);
  return at instanceof z.ZodObject ? Object.keys(at.shape) : [];
}

/** What zod found, in words for people: each rule and remedy is the field's own. */
export function faultsOf(root: z.ZodType, error: z.ZodError, input: unknown): Fault[] {
  return error.issues.flatMap((issue) => faultsOfIssue(root, issue, input));
}

function faultsOfIssue(root: z.ZodType, issue: z.core.$ZodIssue, input: unknown): Fault[] {
  const path = issue.path as Path;
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey(root, path, key));
  if (issue.code === "custom" && issue.params?.["remedy"] !== undefined) {
    return [{ path, at: "value", rule: issue.message, remedy: String(issue.params["remedy"]) }];
  }
  const info = infoAt(root, path);
  const value = valueAt(input, path);
  if (value === undefined) return [{ path, at: "value", rule: "is required", remedy: info.remedy }];
  const meant = issue.code === "invalid_value" && typeof value === "string" ? suggest(value, issue.values.map(String)) : undefined;
  return [{ path, at: "value", rule: info.rule, remedy: meant === undefined ? info.remedy : `Did you mean ${meant}?` }];
}

function infoAt(root: z.ZodType, path: Path): FieldInfo {
  const schema = schemaAt(root, path);
  const info = schema === undefined ? undefined : fieldInfo.get(schema);
  return (
    info ?? {
      summary: "",
      type: "group",
      rule: "must be a group of keys and values",
      remedy: `Write for example ${knownKeys(root, path)[0] ?? "key"}: value`,
    }
  );
}

function unknownKey(root: z.ZodType, path: Path, key: string): Fault {
  const known = knownKeys(root, path);
  const meant = suggest(key, known);
  const elsewhere = meant === undefined ? homeOf(root, key, []) : undefined;
  const hint =
    meant !== undefined
      ? `Did you mean ${meant}?`
      : elsewhere !== undefined
        ? `It belongs at ${elsewhere}`
        : `Known here: ${known.join(", ")}`;
  return { path: [...path, key], at: "key", rule: "is not a known key", remedy: hint };
}

/** Where a key of that exact name lives, when it was written at the wrong level. */
function homeOf(root: z.ZodType, key: string, path: Path): string | undefined {
  for (const name of knownKeys(root, path)) {
    const here = [...path, name];
    const found = name === key ? here.join(".") : homeOf(root, key, here);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The value at a path of a plain document; undefined where there is none. */
export function valueAt(input: unknown, path: Path): unknown {
  let at = input;
  for (const key of path) {
    if (typeof at !== "object" || at === null) return undefined;
    at = (at as Record<string | number, unknown>)[key];
  }
  return at;
}

/** Visits every field below `root` in the order of the schema: groups before their members. */
export function eachField(
  root: z.ZodType,
  visit: (path: readonly string[], info: FieldInfo, optional: boolean) => void,
  path: readonly string[] = [],
): void {
  for (const key of knownKeys(root, path)) {
    const here = [...path, key];
    visit(here, infoAt(root, here), child(schemaAt(root, path) ?? root, key) instanceof z.ZodOptional);
    eachField(root, visit, here);
  }
}
