import { gatewayLimits, limitEntries } from "./limits";
import type { Enforcer, LimitEntry } from "./limits";
import type { Tenant } from "./tenant";
import { formatDuration, formatQuantity } from "./units";

/** One limit of a tenant as people read it. */
export interface LimitRow {
  /** As in the tenant file, e.g. `limits.metrics.activeSeries`. */
  readonly field: string;
  /** With its unit, e.g. `500k` or `90d`. */
  readonly value: string;
  /** Who enforces it, by which option and with what answer; one entry a system. Never empty. */
  readonly enforcedBy: readonly string[];
}

export const enforcerNames: Readonly<Record<Enforcer, string>> = {
  cortex: "Cortex",
  loki: "Loki",
  "thanos-receive": "Thanos receive",
  "thanos-compactor": "Thanos compactor",
  gateway: "gateway",
};

/** What a client meets at the limit, by the option that enforces it (from the sources of the pinned versions). */
const answers: Readonly<Record<string, string>> = {
  ingestion_rate: "429",
  max_global_series_per_user: "400",
  ingestion_rate_mb: "429",
  max_global_streams_per_user: "429",
  head_series_limit: "429",
  "request.samples_limit": "413 for one larger write",
  "requests.ingest": "429",
  queriesAtOnce: "429",
  max_query_parallelism: "waits",
  tsdb_max_query_parallelism: "waits",
  max_query_lookback: "older data is left out",
  compactor_blocks_retention_period: "then deleted",
  retention_period: "then deleted",
  "retention.resolution-raw": "then deleted, by class",
};

/** Every limit and retention that applies to the tenant, in the order of the tenant file, with who enforces it. */
export function limitTable(tenant: Tenant): LimitRow[] {
  const entries = limitEntries(tenant.state === "active" ? tenant : { ...tenant, state: "active" });
  const { metrics, logs, queries } = tenant.limits;
  const rows: readonly (readonly [field: string, value: string])[] = [
    ["limits.metrics.activeSeries", formatQuantity(metrics.activeSeries)],
    ["limits.metrics.samplesPerSecond", formatQuantity(metrics.samplesPerSecond)],
    ["limits.logs.megabytesPerSecond", formatQuantity(logs.megabytesPerSecond)],
    ["limits.logs.streams", formatQuantity(logs.streams)],
    ["limits.queries.parallelism", formatQuantity(queries.parallelism)],
    ["limits.queries.lookback", formatDuration(queries.lookback)],
    ["retention.metrics", formatDuration(tenant.retention.metrics)],
    ["retention.logs", formatDuration(tenant.retention.logs)],
  ];
  return rows
    .map(([field, value]) => ({ field, value, enforcedBy: enforcedBy(field, entries) }))
    .filter((row) => row.enforcedBy.length > 0);
}

/** The main option of each system for a field; options that only follow from it say nothing more. */
function enforcedBy(field: string, entries: readonly LimitEntry[]): string[] {
  const main = entries.filter((entry) => entry.source === field && answers[entry.option] !== undefined);
  const firsts = main.filter((entry, index) => main.findIndex((other) => other.enforcer === entry.enforcer) === index);
  return firsts.map((entry) => `${enforcerNames[entry.enforcer]} ${entry.option} (${answers[entry.option] ?? ""})`);
}

/** What the gateway lets through, in words. */
export function gatewayWords(tenant: Tenant): string {
  const { requests } = gatewayLimits(tenant);
  return `${requests.ingest} writes, ${requests.query} queries, ${requests.manage} changes a second; bodies to ${requests.bodyBytes / 1024 / 1024} MiB`;
}
