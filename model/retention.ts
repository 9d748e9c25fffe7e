import type { LedgerEntry } from "./ledger";
import type { Tenant } from "./tenant";
import { tierDefaults } from "./tiers";
import { formatDuration } from "./units";

/**
 * Retention of metrics in Thanos, which knows none per tenant: tenants of one retention form a class, and each class has a compactor of its own that
 * sees only the blocks of its tenants (thanos-io/thanos#8544). Classes must be a partition of all storage ids: two compactors that see the same
 * block corrupt it, and a block that none sees is kept for ever.
 */
export interface RetentionClass {
  /** `30d`, or `default`. Part of object names. */
  readonly name: string;
  /** How long it keeps data. */
  readonly seconds: number;
  /** The storage ids that it names, sorted; none in the default class, which has all that no class names. */
  readonly ids: readonly string[];
}

/**
 * The default class: the longest retention that a tier gives, so that what nobody named is kept rather than lost. It takes tenants of this
 * retention, blocks without a tenant, and ids that were erased.
 */
export const defaultRetention = tierDefaults.large.retention.metrics;

/** Without a bucket there are no classes: Thanos receive keeps what all tenants wrote on its volume so long, in seconds. */
export const volumeRetention = 30 * 86_400;

/** What a stack without a bucket must tell: whose retention of metrics is not what the file says. Undefined when nobody's is. */
export function volumeRetentionNotice(tenants: readonly (Keeper & Pick<Tenant, "name" | "apis">)[]): string | undefined {
  const others = tenants.filter(
    ({ metrics, apis, retention, state }) =>
      metrics === "thanos" && apis.includes("metrics") && state !== "retired" && retention.metrics !== volumeRetention,
  );
  if (others.length === 0) return undefined;
  const named = others.map(({ name, retention }) => `${name} (${formatDuration(retention.metrics)})`).join(", ");
  return `Without tenantstack:s3 Thanos keeps the metrics of every tenant ${formatDuration(volumeRetention)} on a volume, whatever retention.metrics says: ${named}`;
}

/** What is being erased goes after a day, the shortest that the ledger knows. */
const erasingRetention = 86_400;

/** What of a tenant its class depends on. */
export type Keeper = Pick<Tenant, "storageId" | "metrics" | "retention" | "state">;

/**
 * The classes in use, shortest retention first and the default class last. Pure; the order of tenants does not matter.
 * @param tenants all that store metrics in Thanos count, whatever their interfaces: their data may be there.
 * @param retired the ledger, which decides for ids that it holds unless a living tenant has adopted them: such an id keeps its retention until it is
 * being erased, and an erased one is nobody's.
 */
export function retentionClasses(tenants: readonly Keeper[], retired: readonly LedgerEntry[]): RetentionClass[] {
  const seconds = new Map<string, number>();
  for (const entry of retired) {
    if (entry.metrics === "thanos" && entry.erased === undefined)
      seconds.set(entry.storageId, entry.erasing === undefined ? entry.retention.metrics : erasingRetention);
  }
  const inLedger = new Set(retired.map((entry) => entry.storageId));
  for (const { storageId, metrics, retention, state } of tenants)
    if (metrics === "thanos" && !(state === "retired" && inLedger.has(storageId))) seconds.set(storageId, retention.metrics);
  const members = new Map<number, string[]>();
  for (const [id, kept] of seconds) if (kept !== defaultRetention) members.set(kept, [...(members.get(kept) ?? []), id]);
  const named = [...members]
    .sort(([a], [b]) => a - b)
    .map(([kept, ids]) => ({ name: formatDuration(kept), seconds: kept, ids: ids.sort() }));
  return [...named, { name: "default", seconds: defaultRetention, ids: [] }];
}

/** A rule of Prometheus' relabelling, of the kinds that Thanos lets select blocks (pkg/block/fetcher.go of v0.42.4). */
export interface BlockRule {
  readonly action: "keep" | "drop";
  readonly source_labels: readonly string[];
  readonly regex: string;
}

/**
 * Which blocks a class' compactor sees, by the label that names a block's tenant. The default class drops what the others keep, so ids that join or
 * leave it change no selector but theirs.
 */
export function blockRules(one: RetentionClass, all: readonly RetentionClass[], label: string): BlockRule[] {
  const rule = (action: BlockRule["action"], ids: readonly string[]): BlockRule => ({
    action,
    source_labels: [label],
    regex: ids.map(escaped).join("|"),
  });
  if (one.name !== "default") return [rule("keep", one.ids)];
  const others = all.flatMap((other) => other.ids).sort();
  return others.length === 0 ? [] : [rule("drop", others)];
}

/** Relabelling anchors expressions by itself. Ids hold nothing that needs it, but a wrong match would delete data. */
const escaped = (id: string): string => id.replace(/[\\^$.|?*+()[\]{}]/g, "\\$&");
