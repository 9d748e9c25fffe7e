import type { Problem } from "./problem";
import type { Settings } from "./settings";
import type { Tenant } from "./tenant";
import { serviceLevel } from "./tiers";
import { formatDuration } from "./units";

/**
 * Shards of ingesters, and why only Cortex' must not simply shrink. Cortex' queriers ask the ingesters that may hold a tenant's recent samples: those
 * of its shard, and with a lookback those that were in it before instances came and went, but not those that a larger shard size of before took in
 * (Cortex v1.21.1, docs/guides/shuffle-sharding.md, "Limitation: decreasing the tenant shard size"). So a smaller shard size hides samples that are
 * not in the bucket yet. Everything else may shrink at any time: store gateways, queriers, rulers and compactors hold nothing that is not in the
 * bucket, Loki's queriers ask all ingesters, and those of Thanos all receivers.
 */

/**
 * Seconds that Cortex' queriers look back for ingesters that were in a tenant's shard (`querier.shuffle_sharding_ingesters_lookback_period`), and how
 * long a sample may be in an ingester only (`query_ingesters_within`): cortex-jsonnet's figure.
 */
export const ingestersLookback = 13 * 3600;

/** Whether Cortex' queriers and rulers ask a tenant's own shard of ingesters only: in size distributed, unless it is switched off. */
export function readsSharded(cluster: Settings["cluster"]): boolean {
  return cluster.size === "distributed" && cluster.readSharding !== false;
}

/** Receivers of Thanos that take a tenant's samples, by storage id; for its hashring, which may shrink at any time. */
export function receiverShards(tenants: readonly Tenant[]): Record<string, number> {
  const own = tenants.filter((tenant) => tenant.apis.includes("metrics") && tenant.metrics === "thanos" && tenant.state !== "retired");
  return Object.fromEntries(own.map((tenant) => [tenant.storageId, serviceLevel(tenant).shards.ingesters]));
}

/** What a stack remembers of a tenant's shards (in stack output `records`). */
export interface ShardRecord {
  /** Ingesters that take its samples; undefined where shrinking is safe. */
  readonly ingesters: number;
}

/** Undefined for a tenant whose shards may shrink at any time. */
export function shardRecord(tenant: Tenant): ShardRecord | undefined {
  const isCortex = tenant.apis.includes("metrics") && tenant.metrics === "cortex";
  return isCortex && tenant.state !== "retired" ? { ingesters: serviceLevel(tenant).shards.ingesters } : undefined;
}

/** Whether queriers asked a tenant's shard only: at the last `up`, and with these settings. */
export interface ReadSharding {
  readonly before: boolean;
  readonly now: boolean;
}

/** What is wrong with a tenant's shard size next to that of the last `up`; undefined when nothing is. */
export function shrinkProblem(tenant: Tenant, before: ShardRecord | undefined, reads: ReadSharding): Problem | undefined {
  const size = shardRecord(tenant)?.ingesters;
  if (size === undefined || before === undefined || size >= before.ingesters || !(reads.before || reads.now)) return undefined;
  const off = reads.now
    ? "write tenantstack:cluster: {readSharding: false}, `up`; then this change, `up`"
    : "`up` without this change first";
  return {
    file: tenant.file,
    line: 0,
    column: 0,
    path: "service.shards.ingesters",
    value: String(size),
    rule: `The last \`up\` had ${before.ingesters} (tier or file): with fewer, queries miss what is only in the others until it is in the bucket`,
    remedy: `Keep service.shards.ingesters: ${before.ingesters}, or shrink in steps: ${off}; wait ${formatDuration(ingestersLookback)}; readSharding: true, \`up\``,
  };
}
