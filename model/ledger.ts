import { z } from "zod";
import { choice, duration, field, list, text } from "./fields";
import { faultsOf } from "./fieldwalk";
import type { Fault } from "./fieldwalk";
import { storageId, tenantNameProblem } from "./names";
import { isDate } from "./schema";
import { apis, metricsSystems } from "./tenant";
import type { Api, MetricsSystem, State, Tenant } from "./tenant";
import { formatDuration } from "./units";

/** The name of the ledger inside a folder of tenant files. */
export const ledgerFile = ".ledger.yaml";

/** A storage id that a retired tenant used. It stays here for good: ids are never given again, unless a successor adopts one. */
export interface LedgerEntry {
  readonly name: string;
  readonly storageId: string;
  /** Which system holds its metrics. */
  readonly metrics: MetricsSystem;
  /** What it had: `metrics` and `logs` say which systems hold data. */
  readonly apis: readonly Api[];
  /** Seconds that its data was kept when it was retired; still its overrides, so that nothing else applies by accident. */
  readonly retention: { readonly metrics: number; readonly logs: number };
  /** `YYYY-MM-DD`, like the three below. */
  readonly retired: string;
  readonly eraseAfter: string;
  /** Since when the stores are told to drop the data. */
  readonly erasing?: string | undefined;
  /** When it was found gone; from then on there are no overrides. */
  readonly erased?: string | undefined;
}

const day = 86_400;
const date = (summary: string) =>
  field(z.string().refine(isDate), {
    summary,
    type: "date",
    rule: "must be a date YYYY-MM-DD that exists",
    remedy: "Write for example 2027-01-31",
  });
const kept = () => duration("How long data was kept.", "30d", { min: day, max: 3650 * day, why: "as in tenant files" });

const entry = z.strictObject({
  name: field(
    z.string().refine((name) => tenantNameProblem(name) === undefined),
    {
      summary: "The tenant's name.",
      type: "text",
      rule: "must be a tenant's name",
      remedy: "Restore the ledger from version control; `tenantstack retire` writes it",
    },
  ),
  storageId: text(/^[a-z][a-z0-9-]*$/, {
    summary: "Its id in the stores.",
    rule: "must be a storage id",
    remedy: "Write the name, or the name with --2 and so on",
  }),
  metrics: choice(metricsSystems, "The system with its metrics."),
  apis: list(
    choice(apis, "An API."),
    { summary: "What it had.", rule: "must be a list of APIs", remedy: "Write [logs, metrics]" },
    { min: 1 },
  ),
  retention: field(z.strictObject({ metrics: kept(), logs: kept() }), {
    summary: "How long data is kept.",
    type: "group",
    rule: "must be a group",
    remedy: "Write {metrics: 30d, logs: 7d}",
  }),
  retired: date("When it was retired."),
  eraseAfter: date("When its data may go."),
  erasing: date("When erasure began.").optional(),
  erased: date("When its data was gone.").optional(),
});
const ledger = field(z.array(entry), {
  summary: "Storage ids of retired tenants.",
  type: "list",
  rule: "must be a list of retired storage ids",
  remedy: "Write [] when no tenant was ever retired, or restore it from version control",
});

/** Entries of a parsed ledger, in order, and what is wrong with it. */
export function parseLedger(value: unknown): { entries: LedgerEntry[]; faults: Fault[] } {
  const result = ledger.safeParse(value);
  if (!result.success) return { entries: [], faults: faultsOf(ledger, result.error, value) };
  const entries = result.data as LedgerEntry[];
  return { entries: sorted(entries), faults: entries.flatMap((one, index) => entryFaults(one, index, entries)) };
}

function entryFaults(one: LedgerEntry, index: number, all: readonly LedgerEntry[]): Fault[] {
  const fault = (key: keyof LedgerEntry, rule: string, remedy: string): Fault => ({ path: [index, key], at: "value", rule, remedy });
  const faults: Fault[] = [];
  const restore = "Restore the line from version control";
  if (generation(one) === undefined) faults.push(fault("storageId", `must be ${one.name}, ${one.name}--2 and so on`, restore));
  if (all.findIndex((other) => other.storageId === one.storageId) !== index)
    faults.push(fault("storageId", "must not be listed twice", "Remove one of the two entries"));
  if (one.eraseAfter < one.retired) faults.push(fault("eraseAfter", "must not be before retired", restore));
  if (one.erasing !== undefined && one.erasing <= one.eraseAfter) faults.push(fault("erasing", "must be after eraseAfter", restore));
  if (one.erased !== undefined && (one.erasing === undefined || one.erased < one.erasing))
    faults.push(fault("erased", "must follow erasing", restore));
  return faults;
}

/** 1 for `prod`, 2 for `prod--2`; undefined for an id that does not belong to the name. */
function generation(one: Pick<LedgerEntry, "name" | "storageId">): number | undefined {
  if (one.storageId === one.name) return 1;
  const number = Number(one.storageId.slice(one.name.length + 2));
  return Number.isSafeInteger(number) && number > 1 && storageId(one.name, number) === one.storageId ? number : undefined;
}

function sorted(entries: readonly LedgerEntry[]): LedgerEntry[] {
  const key = (one: LedgerEntry) => [one.name, generation(one) ?? 0] as const;
  return [...entries].sort((a, b) => (key(a)[0] === key(b)[0] ? key(a)[1] - key(b)[1] : key(a)[0] < key(b)[0] ? -1 : 1));
}

/** The last holder of a name, or undefined. */
export function lastEntry(entries: readonly LedgerEntry[], name: string): LedgerEntry | undefined {
  return sorted(entries.filter((one) => one.name === name)).at(-1);
}

/** What a tenant file says that decides on its storage id. */
export interface Claim {
  readonly state: State;
  readonly eraseAfter: string | undefined;
  readonly adopt: boolean;
}

/** The storage id of a tenant: the next of its name that no retired tenant used, or the last one where it is adopted or itself retired. */
export function assignStorageId(name: string, entries: readonly LedgerEntry[], claim: Claim): { storageId: string } | Fault {
  const last = lastEntry(entries, name);
  if (claim.state === "retired") {
    // The dates must agree: an entry of an earlier holder of the name is not the record of this retirement.
    if (last?.eraseAfter === claim.eraseAfter && last !== undefined) return { storageId: last.storageId };
    const remedy = `Undo the edit and run \`tenantstack retire ${name} --erase-after ${claim.eraseAfter ?? "YYYY-MM-DD"}\``;
    return { path: ["state"], at: "value", rule: `has no entry with this eraseAfter in ${ledgerFile}`, remedy };
  }
  if (!claim.adopt) return { storageId: storageId(name, last === undefined ? 1 : (generation(last) ?? 0) + 1) };
  if (last === undefined)
    return { path: ["adopt"], at: "key", rule: "has nothing to adopt: no tenant of this name was retired", remedy: "Remove adopt" };
  if (last.erasing !== undefined)
    return {
      path: ["adopt"],
      at: "key",
      rule: `comes too late: the data of ${last.storageId} is erased since ${last.erasing}`,
      remedy: "Remove adopt",
    };
  return { storageId: last.storageId };
}

/** The ledger with a tenant retired; an id that was adopted and retired again keeps one entry. */
export function retireEntry(entries: readonly LedgerEntry[], tenant: Tenant, retired: string, eraseAfter: string): LedgerEntry[] {
  const { name, metrics, apis: had, retention } = tenant;
  const others = entries.filter((one) => one.storageId !== tenant.storageId);
  return sorted([...others, { name, storageId: tenant.storageId, metrics, apis: had, retention, retired, eraseAfter }]);
}

/**
 * The next step of erasure, made on `today`: first `erasing` (the stores are told to drop the data), then `erased` (it was found gone).
 * Returns the rule that forbids it instead, in words.
 */
export function eraseEntry(entries: readonly LedgerEntry[], id: string, today: string): LedgerEntry[] | { rule: string } {
  const one = entries.find((candidate) => candidate.storageId === id);
  if (one === undefined) return { rule: `${id} is not in the ledger: only retired tenants are erased` };
  if (one.erased !== undefined) return { rule: `${id} was erased on ${one.erased}` };
  if (today <= one.eraseAfter) return { rule: `${id} is kept until ${one.eraseAfter} has passed` };
  const next = one.erasing === undefined ? { ...one, erasing: today } : { ...one, erased: today };
  return entries.map((candidate) => (candidate === one ? next : candidate));
}

/** Storage ids whose data the systems are told to drop: those with `erasing` and not yet `erased`, by the systems that hold data of them, sorted. */
export function erasingIds(entries: readonly LedgerEntry[]): Record<"cortex" | "loki" | "thanos", string[]> {
  const now = entries.filter((one) => one.erasing !== undefined && one.erased === undefined);
  const ids = (holds: (one: LedgerEntry) => boolean) =>
    now
      .filter(holds)
      .map((one) => one.storageId)
      .sort();
  const metrics = (system: MetricsSystem) => ids((one) => one.apis.includes("metrics") && one.metrics === system);
  return { cortex: metrics("cortex"), loki: ids((one) => one.apis.includes("logs")), thanos: metrics("thanos") };
}

const heading = `# Storage ids of retired tenants. Kept by \`tenantstack retire\`; never edit or remove an entry:
# a new tenant of an old name would find the old data.
`;

/** A tenant may be called what YAML takes for a value of its own. */
function word(name: string): string {
  return /^(null|true|false)$/.test(name) ? `"${name}"` : name;
}

/** The text of a ledger. */
export function renderLedger(entries: readonly LedgerEntry[]): string {
  if (entries.length === 0) return `${heading}[]\n`;
  const blocks = sorted(entries).map((one) => {
    const dates = (["retired", "eraseAfter", "erasing", "erased"] as const).flatMap((key) =>
      one[key] === undefined ? [] : [`  ${key}: ${one[key]}`],
    );
    const { metrics, logs } = one.retention;
    const retention = `  retention: {metrics: ${formatDuration(metrics)}, logs: ${formatDuration(logs)}}`;
    return [
      `- name: ${word(one.name)}`,
      `  storageId: ${word(one.storageId)}`,
      `  metrics: ${one.metrics}`,
      `  apis: [${one.apis.join(", ")}]`,
      retention,
      ...dates,
    ].join("\n");
  });
  return `${heading}${blocks.join("\n")}\n`;
}
