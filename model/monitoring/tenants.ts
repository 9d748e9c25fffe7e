import { limitClasses } from "../routes";
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

const record = "tenant_limit:use:current";
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
    expr: "sum by (tenant, limit) (tenant_limit:use:current) / (sum by (tenant, limit) (tenant_limit:stated:max) > 0)",
  },
];

/** Refused by the stores, by their own reasons. Ingesters count a copy each; with size single Cortex exports only those of its ingester. */
const rejections: readonly Recording[] = [
  {
    record: "tenant_reason:rejected_samples:rate5m",
    expr: byTenant("rate(cortex_discarded_samples_total[5m])", "user", "reason"),
    labels: { system: "cortex" },
  },
  {
    record: "tenant_reason:rejected_writes:rate5m",
    expr: `label_replace(${byTenant('rate(http_requests_total{job=~"thanos/.+",handler=~"receive|otlp",code!~"2.."}[5m])', "tenant", "code")}, "reason", "HTTP $1", "code", "(.+)")`,
    labels: { system: "thanos" },
  },
  {
    record: "tenant_reason:rejected_lines:rate5m",
    expr: byTenant("rate(loki_discarded_samples_total[5m])", "tenant", "reason"),
    labels: { system: "loki" },
  },
  {
    record: "tenant_reason:rejected_log_bytes:rate5m",
    expr: byTenant("rate(loki_discarded_bytes_total[5m])", "tenant", "reason"),
    labels: { system: "loki" },
  },
];

const optionOf = (metric: string) => `label_replace(${metric}, "option", "$1", "limit_name", "(.+)")`;
const byPod = (vector: string, idLabel: string, ...more: readonly string[]) =>
  `max by (${[...more, "storage_id", "pod"].join(", ")}) (label_replace(${vector}, "storage_id", "$1", "${idLabel}", "(.+)"))`;
const lokiOverrides = byPod(optionOf("loki_overrides"), "user", "option");

/** Options that stores say they apply, by pod, in the labels of `tenantstack_store_limit`. Loki exports only those that differ from its defaults. */
const applied: readonly Recording[] = [
  { expr: byPod(optionOf("cortex_overrides"), "user", "option"), labels: { store: "cortex" } },
  {
    expr:
      `${lokiOverrides} or ((0 * max by (option, storage_id) (tenantstack_store_limit{store="loki"}) ` +
      `+ on (option) group_left () max by (option) (${optionOf("loki_overrides_defaults")})) unless on (option, storage_id) ${lokiOverrides})`,
    labels: { store: "loki" },
  },
  {
    expr: byPod('thanos_receive_head_series_limit{tenant!=""}', "tenant"),
    labels: { option: "head_series_limit", store: "thanos-receive" },
  },
  {
    expr: byPod('thanos_receive_write_limits{tenant!="",limit="samples"}', "tenant"),
    labels: { option: "request.samples_limit", store: "thanos-receive" },
  },
].map((rule) => ({ record: "store_limit:applied:current", ...rule }));

export const tenantGroups: readonly RuleGroup[] = [
  { name: "tenant-use", interval: "1m", rules: use },
  { name: "tenant-rejections", interval: "1m", rules: rejections },
  { name: "store-limits", interval: "1m", rules: applied },
];
