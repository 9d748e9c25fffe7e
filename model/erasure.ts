import type { LedgerEntry } from "./ledger";

/**
 * Erasing a storage id, in two steps some days apart: first every store is told to drop what it has, then each is asked whether it has anything left.
 * This is the list of both, as requests to the stores' own APIs; a command sends them. Paths were read in the sources of Cortex v1.21.1, Loki v3.7.6
 * and Thanos v0.42.4.
 */

export type Part = "cortex.ruler" | "cortex.alertmanager" | "cortex.compactor" | "loki.ruler" | "loki.query" | "thanos.query";

/** A request that makes a store drop something. */
export interface Deletion {
  readonly part: Part;
  readonly method: "POST" | "DELETE";
  readonly path: string;
  readonly drops: string;
}

/** A question whose answer must be that nothing is left. */
export interface Question {
  readonly part: Part;
  readonly path: string;
  readonly about: string;
}

const has = (entry: LedgerEntry, system: "cortex" | "loki" | "thanos") =>
  system === "loki" ? entry.apis.includes("logs") : entry.apis.includes("metrics") && entry.metrics === system;

/** What the first step sends. Loki's rules are dropped by namespace, as listed by `lokiRules`. */
export function deletions(entry: LedgerEntry, lokiNamespaces: readonly string[]): Deletion[] {
  const cortex: Deletion[] = [
    { part: "cortex.ruler", method: "POST", path: "/ruler/delete_tenant_config", drops: "rules" },
    {
      part: "cortex.alertmanager",
      method: "POST",
      path: "/multitenant_alertmanager/delete_tenant_config",
      drops: "Alertmanager configuration",
    },
    {
      part: "cortex.compactor",
      method: "POST",
      path: "/purger/delete_tenant",
      drops: "blocks (marked; compactors delete them within hours)",
    },
  ];
  const loki = lokiNamespaces.map((namespace): Deletion => {
    const path = `${lokiRules}/${encodeURIComponent(namespace)}`;
    return { part: "loki.ruler", method: "DELETE", path, drops: `rules of ${namespace}` };
  });
  return [...(has(entry, "cortex") ? cortex : []), ...(has(entry, "loki") ? loki : [])];
}

/** Where Loki lists a tenant's rules by namespace; 404 without any. */
export const lokiRules = "/loki/api/v1/rules";

/** Whether Loki's rules must be listed. */
export const hasLogs = (entry: LedgerEntry) => has(entry, "loki");

const day = 86_400;
/** Loki's own bound on a query for an id without limits of its own is 30 days and an hour. */
const window = 30 * day;

/** What the second step asks. Times reach from the oldest sample that retirement left to the day after it. */
export function questions(entry: LedgerEntry): Question[] {
  const retired = Date.parse(`${entry.retired}T00:00:00Z`) / 1000;
  const until = retired + 2 * day;
  const cortex: Question[] = [
    { part: "cortex.ruler", path: "/api/v1/rules", about: "rules" },
    { part: "cortex.alertmanager", path: "/api/v1/alerts", about: "Alertmanager configuration" },
    { part: "cortex.compactor", path: "/purger/delete_tenant_status", about: "blocks" },
  ];
  const logs = windows(retired - entry.retention.logs - day, until).map(([from, to]): Question => {
    const about = `labels of log lines from ${iso(from)} to ${iso(to)}`;
    return { part: "loki.query", path: `/loki/api/v1/labels?start=${from}000000000&end=${to}000000000`, about };
  });
  const match = encodeURIComponent(`{tenant_id="${entry.storageId}"}`);
  const from = retired - entry.retention.metrics - day;
  const thanos: Question = { part: "thanos.query", path: `/api/v1/series?match[]=${match}&start=${from}&end=${until}`, about: "series" };
  return [
    ...(has(entry, "cortex") ? cortex : []),
    ...(has(entry, "loki") ? [{ part: "loki.ruler", path: lokiRules, about: "rules" } as const, ...logs] : []),
    ...(has(entry, "thanos") ? [thanos] : []),
  ];
}

function windows(from: number, until: number): [number, number][] {
  const starts = Array.from({ length: Math.ceil((until - from) / window) }, (_, n) => from + n * window);
  return starts.map((start) => [start, Math.min(start + window, until)]);
}

const iso = (seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 10);

/** An answer of a store. */
export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Whether an answer says that nothing is left; undefined where it says neither. */
export function isGone({ part }: Pick<Question, "part">, { status, text }: Answer): boolean | undefined {
  if (part === "cortex.ruler" || part === "loki.ruler" || part === "cortex.alertmanager")
    return status === 404 ? true : status === 200 ? text.trim() === "" || text.trim() === "{}" : undefined;
  if (status !== 200) return undefined;
  try {
    const body = JSON.parse(text) as { blocks_deleted?: boolean; status?: string; data?: unknown[] | null };
    if (part === "cortex.compactor") return body.blocks_deleted;
    return body.status === "success" ? (body.data ?? []).length === 0 : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Commands by which a person sees in the bucket what no API of a store shows: Loki's and Thanos' APIs answer by their index, which forgets data some
 * hours before the objects are deleted. Each must print nothing.
 */
export function bucketCommands(entry: LedgerEntry): { readonly system: "loki" | "thanos"; readonly command: string }[] {
  const id = entry.storageId;
  const loki = { system: "loki", command: `aws s3 ls --recursive s3://BUCKET-OF-LOKI/${id}/` } as const;
  const thanos = {
    system: "thanos",
    command: `thanos tools bucket inspect --objstore.config-file=BUCKET-OF-THANOS.yaml --selector='tenant_id="${id}"' --output=csv`,
  } as const;
  return [...(has(entry, "loki") ? [loki] : []), ...(has(entry, "thanos") ? [thanos] : [])];
}
