import { named } from "./promql";
import type { Recording, RuleGroup } from "./rule";

/**
 * Limits as the stores say they apply them, in the tenant file's names and units. They are read from the stores and nowhere else: what a file says
 * and a store has not taken up yet is no limit, and a limit that changes is one object of its store.
 */

/** A store's option that is a limit of the tenant file. */
interface AppliedLimit {
  readonly system: "cortex" | "loki";
  /** Label `limit_name` of what the store exports. */
  readonly option: string;
  /** One of `shownLimits`. */
  readonly limit: string;
  /** From the store's unit to the tenant file's; default 1. */
  readonly factor?: number;
}

export const appliedLimits: readonly AppliedLimit[] = [
  { system: "cortex", option: "max_global_series_per_user", limit: "metrics.activeSeries" },
  { system: "cortex", option: "ingestion_rate", limit: "metrics.samplesPerSecond" },
  { system: "cortex", option: "max_query_parallelism", limit: "queries.parallelism" },
  // Loki's MB are 1048576 bytes.
  { system: "loki", option: "ingestion_rate_mb", limit: "logs.megabytesPerSecond", factor: 1.048576 },
  { system: "loki", option: "max_global_streams_per_user", limit: "logs.streams" },
  { system: "loki", option: "tsdb_max_query_parallelism", limit: "queries.parallelism" },
];

/** Series of a limit by tenant. */
export const appliedSeries = "tenant_limit:applied:max";

const byId = (vector: string, idLabel: string) => `max by (${idLabel}) (${vector})`;

function exported({ system, option }: AppliedLimit): string {
  const own = byId(`${system}_overrides{limit_name="${option}"}`, "user");
  if (system === "cortex") return own;
  // Loki does not export an override that equals its default.
  const ids = `label_replace(max by (storage_id) (tenantstack_tenant_info{logs="loki"}), "user", "$1", "storage_id", "(.+)")`;
  return `${own} or on (user) (0 * ${ids} + on () group_left () max(loki_overrides_defaults{limit_name="${option}"}))`;
}

const byTenant = (vector: string, idLabel: string, factor = 1) =>
  `max by (tenant) (${named(vector, idLabel)})${factor === 1 ? "" : ` * ${factor}`}`;

const limits: readonly Recording[] = [
  ...appliedLimits.map((applied) => ({
    expr: byTenant(exported(applied), "user", applied.factor),
    labels: { limit: applied.limit, system: applied.system },
  })),
  {
    expr: byTenant(byId('thanos_receive_head_series_limit{tenant!=""}', "tenant"), "tenant"),
    labels: { limit: "metrics.activeSeries", system: "thanos" },
  },
].map((rule) => ({ record: appliedSeries, ...rule }));

/**
 * By how much Thanos' count of reloads of its limits rose the last time it rose. v0.42 counts a failed reload as one that failed and as one
 * that was done, both in this one counter (pkg/receive/limiter.go, StartConfigReloader), and none in the counter of failures: two at once is a failure.
 * The value is kept until the next reload; `last_over_time` lets a scrape be missed.
 */
export const thanosReloadStep: Recording = {
  record: "pod:limits_reload_step:last",
  expr:
    "max by (job, pod) (idelta(thanos_receive_limits_config_reload_total[2m])) > 0 or on (job, pod) " +
    "(last_over_time(pod:limits_reload_step:last[10m]) and on (job, pod) thanos_receive_limits_config_reload_total) " +
    "or on (job, pod) 0 * max by (job, pod) (thanos_receive_limits_config_reload_total)",
};

export const appliedGroups: readonly RuleGroup[] = [
  { name: "store-limits", interval: "1m", rules: limits },
  // More often than scrapes: `idelta` sees the last two only.
  { name: "store-limits-reloads", interval: "15s", rules: [thanosReloadStep] },
];
