import { limitClasses } from "../routes";
import { appliedGroups, appliedSeries } from "./applied";
import { byTenant, perCopy } from "./promql";
import type { Recording, RuleGroup } from "./rule";

/**
 * What each tenant uses and what of it the stores refuse, read from the stores themselves. Names of metrics: dumped from the programs of
 * `stores` in model/versions.ts. Every use has the label `limit` of the limit that bounds it (see `shownLimits`).
 */

type Use = readonly [system: string, limit: string, expr: string];

const cortexSeries =
  "sum by (user) (cortex_ingester_memory_series_created_total) - sum by (user) (cortex_ingester_memory_series_removed_total)";
const uses: readonly Use[] = [
  ["cortex", "metrics.activeSeries", perCopy(byTenant(cortexSeries, "user"), "cortex_distributor_replication_factor")],
  // A router counts copies, an ingestor does not know of others: the largest is the factor.
  [
    "thanos",
    "metrics.activeSeries",
    perCopy(byTenant('prometheus_tsdb_head_series{job=~"thanos/.+"}', "tenant"), "thanos_receive_replication_factor"),
  ],
  ["cortex", "metrics.samplesPerSecond", byTenant("rate(cortex_distributor_received_samples_total[5m])", "user")],
  ["thanos", "metrics.samplesPerSecond", byTenant("rate(thanos_receive_write_samples_sum[5m])", "tenant")],
  ["loki", "logs.megabytesPerSecond", `${byTenant("rate(loki_distributor_bytes_received_total[5m])", "tenant")} / 1e6`],
  ["loki", "logs.streams", perCopy(byTenant("loki_ingester_memory_streams", "tenant"), "loki_distributor_replication_factor")],
];

/** Queries under way, of the store where most are: each store has a bound of its own. */
const queries = "max by (tenant) (tenant_upstream:queries:current)";

/** Series of what a tenant uses of a limit. */
export const useSeries = "tenant_limit:use:current";
const record = useSeries;
const use: readonly Recording[] = [
  ...uses.map(([system, limit, expr]) => ({ record, expr, labels: { limit, system } })),
  { record, expr: queries, labels: { limit: "queries.parallelism", system: "gateway" } },
  ...limitClasses.map((name) => ({
    record,
    expr: `sum by (tenant) (tenant_class:requests:rate5m{class="${name}"})`,
    labels: { limit: `requests.${name}`, system: "gateway" },
  })),
  {
    record: "tenant_limit:use:ratio",
    expr: `sum by (tenant, limit) (${useSeries}) / (max by (tenant, limit) (${appliedSeries}) > 0)`,
  },
];

/** Series of what stores refuse of a tenant, by their own reasons. */
export const rejectedSeries = {
  samples: "tenant_reason:rejected_samples:rate5m",
  writes: "tenant_reason:rejected_writes:rate5m",
  lines: "tenant_reason:rejected_lines:rate5m",
  logBytes: "tenant_reason:rejected_log_bytes:rate5m",
} as const;

/**
 * Refused by the stores, by their own reasons. Ingesters count a copy each. Size single: Cortex' distributor and ingester share a registry, and only
 * the one that starts first, by chance, has its counts exported (pkg/util/validation/validate.go of v1.21.1); the gateway's counts see both.
 */
const rejections: readonly Recording[] = [
  {
    record: rejectedSeries.samples,
    expr: byTenant("rate(cortex_discarded_samples_total[5m])", "user", "reason"),
    labels: { system: "cortex" },
  },
  {
    record: rejectedSeries.writes,
    expr: `label_replace(${byTenant('rate(http_requests_total{job=~"thanos/.+",handler=~"receive|otlp",code!~"2.."}[5m])', "tenant", "code")}, "reason", "HTTP $1", "code", "(.+)")`,
    labels: { system: "thanos" },
  },
  {
    record: rejectedSeries.lines,
    expr: byTenant("rate(loki_discarded_samples_total[5m])", "tenant", "reason"),
    labels: { system: "loki" },
  },
  {
    record: rejectedSeries.logBytes,
    expr: byTenant("rate(loki_discarded_bytes_total[5m])", "tenant", "reason"),
    labels: { system: "loki" },
  },
];

export const tenantGroups: readonly RuleGroup[] = [
  { name: "tenant-use", interval: "1m", rules: use },
  { name: "tenant-rejections", interval: "1m", rules: rejections },
  ...appliedGroups,
];
