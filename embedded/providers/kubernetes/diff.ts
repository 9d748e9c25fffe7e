/** What a change of inputs does to an object: nothing, an update, or a replacement. */
import { type Difference, differences, equal, formatPath, type Path, startsWith, valueAt } from "../protocol/paths";
import type { DiffKind, DiffResult } from "../protocol/provider";
import { type Bag, type Fields, hasUnknown } from "../protocol/values";
import { type Applied, type Cluster, comparable, type Desired, dryRun, locate, pathOf, wantsForce } from "./apply";
import { ApiError } from "./client";
import { annotation, annotations, isSecretKind, recordedObject, withoutManagedFields } from "./objects";
import type { Options } from "./options";
import { forbids, type ImmutableField, immutableFields, isConflict } from "./refusals";

function groupOf(apiVersion: unknown): string {
  const text = String(apiVersion);
  return text.includes("/") ? (text.split("/")[0] ?? "") : "";
}

/** Paths that name the object: a change of one means another object. A new version of the same group does not. */
function identityChanges(olds: Fields, news: Fields): Path[] {
  const paths: Path[] = [["kind"], ["metadata", "name"], ["metadata", "namespace"]];
  const changed = paths.filter((path) => !equal(valueAt(olds, path), valueAt(news, path)));
  return groupOf(olds["apiVersion"]) === groupOf(news["apiVersion"]) ? changed : [["apiVersion"], ...changed];
}

/** Contents that replace on change unless the provider's options make them mutable. */
export function contentsThatReplace(news: Fields, options: Pick<Options, "enableConfigMapMutable" | "enableSecretMutable">): Path[] {
  const isConfigMap = news["kind"] === "ConfigMap" && news["apiVersion"] === "v1";
  if (isConfigMap && !options.enableConfigMapMutable) return [["data"], ["binaryData"], ["immutable"]];
  if (isSecretKind(news) && !options.enableSecretMutable) return [["data"], ["stringData"], ["immutable"]];
  return [];
}

function isIncluded(change: Difference, replacing: Path[], immutable: ImmutableField[]): boolean {
  // A whole part that was added or removed holds the path that replaces.
  return (
    replacing.some((path) => startsWith(change.path, path) || startsWith(path, change.path)) ||
    immutable.some((field) => forbids(field, change.path))
  );
}

/** The answer for `changes`, of which those below `replacing` or within `immutable` replace. */
export function detailed(changes: Difference[], replacing: Path[], immutable: ImmutableField[]): Map<string, DiffKind> {
  const result = new Map<string, DiffKind>();
  for (const change of changes) {
    result.set(formatPath(change.path), isIncluded(change, replacing, immutable) ? `${change.kind}-replace` : change.kind);
  }
  // The server names a field that no input path matches, e.g. one it derives from others.
  const replaces = [...result.values()].some((kind) => kind.endsWith("-replace"));
  if (!replaces) for (const { path } of immutable) result.set(formatPath(path), "update-replace");
  return result;
}

/** What one dry run told. */
interface Probe {
  /** The server would change nothing: other spellings of the same values. */
  same: boolean;
  immutable: ImmutableField[];
  /** What the server would make of the new inputs; undefined where it refused, or met fields of others. */
  applied?: Applied;
}

// Whether fields are owned by others is the question of the update that follows: here only that of what the server would call immutable.
async function tried(cluster: Cluster, desired: Desired): Promise<Probe> {
  const force = wantsForce(cluster, desired.inputs);
  try {
    const applied = await dryRun(cluster, desired, force);
    return { same: false, immutable: [], ...(applied ? { applied } : {}) };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const immutable = immutableFields(error);
    // Any other refusal is said once, by the previewed or real update.
    if (!isConflict(error)) return { same: false, immutable };
  }
  return dryRun(cluster, desired, true).then(
    () => ({ same: false, immutable: [] }),
    (error: unknown) => ({ same: false, immutable: immutableFields(error) }),
  );
}

async function probe(cluster: Cluster, urn: string, news: Bag, state: Fields, manager: string): Promise<Probe> {
  const desired = await locate(cluster, urn, news, manager, false);
  if (!desired) return { same: false, immutable: [] };
  const found = await tried(cluster, desired);
  if (!found.applied || found.applied.created) return found;
  const wanted = comparable(found.applied.object);
  // The record is what was live when it was made: only where it shows no change is the live object asked for.
  if (!equal(wanted, comparable(withoutManagedFields(recordedObject(state))))) return found;
  const live = await cluster.client.get(pathOf(cluster, desired));
  return { ...found, same: live !== undefined && equal(wanted, comparable(live)) };
}

function keepsName(olds: Fields, news: Fields): boolean {
  const paths: Path[] = [
    ["metadata", "name"],
    ["metadata", "namespace"],
  ];
  return annotation(news, annotations.autonamed) !== "true" && paths.every((path) => equal(valueAt(olds, path), valueAt(news, path)));
}

/** The answer, and what a dry run made of the new inputs where there was one. */
export interface ProbedDiff {
  result: DiffResult;
  applied?: Applied;
}

/**
 * Compares the inputs of the last run with the new ones; `state` is the record of the object. Equal inputs cost no request. Otherwise the API
 * server is asked by one dry run: it says what is immutable, and whether anything would change at all. Throws `UserError` when it cannot be
 * reached.
 */
export async function diffInputs(
  cluster: Cluster,
  urn: string,
  oldInputs: Bag,
  news: Bag,
  state: Fields,
  manager: string,
): Promise<ProbedDiff> {
  const none: DiffResult = { detailed: new Map(), deleteBeforeReplace: false };
  const changes = differences(oldInputs.value, news.value);
  if (changes.length === 0) return { result: none };
  let replacing = identityChanges(oldInputs.value, news.value);
  let found: Probe = { same: false, immutable: [] };
  if (replacing.length === 0) {
    replacing = contentsThatReplace(news.value, cluster.options);
    if (!hasUnknown(news.value)) found = await probe(cluster, urn, news, state, manager);
    if (found.same) return { result: none };
  }
  const result = detailed(changes, replacing, found.immutable);
  const replaced = [...result.values()].some((kind) => kind.endsWith("-replace"));
  const deleteBeforeReplace = replaced && keepsName(oldInputs.value, news.value);
  return { result: { detailed: result, deleteBeforeReplace }, ...(found.applied ? { applied: found.applied } : {}) };
}
