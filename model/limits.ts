import type { LedgerEntry } from "./ledger";
import { serviceLevel } from "./tiers";
import type { ServiceLevel } from "./tiers";
import type { Tenant } from "./tenant";
import { formatDuration } from "./units";

/**
 * The one mapping from a tenant to the options that enforce its limits. Option names were read in the sources of Cortex v1.21.1
 * (pkg/util/validation/limits.go), Loki v3.7.6 (pkg/validation/limits.go) and Thanos v0.42.4 (pkg/receive/limiter_config.go).
 */

export type Enforcer = "cortex" | "loki" | "thanos-receive" | "thanos-compactor" | "gateway";

/** One option of one enforcer. */
export interface LimitEntry {
  readonly enforcer: Enforcer;
  /** As the enforcer calls it; a dot leads into a group (`request.samples_limit`). */
  readonly option: string;
  readonly value: number | string | boolean;
  /** The field of the tenant file that it comes from, or `tier` or `state`. */
  readonly source: string;
}

type Entries = readonly (readonly [option: string, value: LimitEntry["value"], source: string])[];

/** Everything that bounds a tenant, with its enforcer. Only systems that the tenant uses are named. */
export function limitEntries(tenant: Tenant): LimitEntry[] {
  const hasMetrics = tenant.apis.includes("metrics");
  const level = serviceLevel(tenant);
  const isOpen = tenant.state === "active";
  const by = (enforcer: Enforcer, entries: Entries): LimitEntry[] =>
    entries.map(([option, value, source]) => ({ enforcer, option, value, source }));
  const hasCortex = hasMetrics && tenant.metrics === "cortex";
  const hasThanos = hasMetrics && tenant.metrics === "thanos";
  return [
    ...(hasCortex ? by("cortex", [...(isOpen ? cortexIngest(tenant) : cortexClosed), ...cortexQueries(tenant, level)]) : []),
    ...(hasThanos ? [...by("thanos-receive", isOpen ? receive(tenant) : receiveClosed), ...by("thanos-compactor", classOf(tenant))] : []),
    ...(tenant.apis.includes("logs")
      ? by("loki", [...lokiIngest(tenant), ...(isOpen ? [] : lokiClosed), ...lokiQueries(tenant, level)])
      : []),
    ...by("gateway", gateway(tenant)),
  ];
}

/** A write of 2,000 samples (Prometheus' batch) five times over must fit, whatever the rate: a request above the burst never passes. */
const leastBurst = 10_000;

function cortexIngest({ limits }: Tenant): Entries {
  const rate = limits.metrics.samplesPerSecond;
  return [
    ["ingestion_rate", rate, "limits.metrics.samplesPerSecond"],
    ["ingestion_burst_size", Math.max(2 * rate, leastBurst), "limits.metrics.samplesPerSecond"],
    ["max_global_series_per_user", limits.metrics.activeSeries, "limits.metrics.activeSeries"],
    // The limit per ingester, 5M by default, would cut a larger tenant short where there are few ingesters.
    ["max_series_per_user", 0, "limits.metrics.activeSeries"],
  ];
}

/** A rate and burst of 0 let nothing in (rules' own samples neither); 0 series would mean no limit. */
const cortexClosed: Entries = [
  ["ingestion_rate", 0, "state"],
  ["ingestion_burst_size", 0, "state"],
];

function cortexQueries({ limits, retention }: Tenant, level: ServiceLevel): Entries {
  const { parallelism, lookback } = limits.queries;
  return [
    ["compactor_blocks_retention_period", formatDuration(retention.metrics), "retention.metrics"],
    ["max_query_parallelism", parallelism, "limits.queries.parallelism"],
    // What waits besides: a query over a long range comes as a part per day, all at once.
    ["max_outstanding_requests_per_tenant", Math.max(100, 10 * parallelism), "limits.queries.parallelism"],
    ["max_query_lookback", formatDuration(lookback), "limits.queries.lookback"],
    ["max_queriers_per_tenant", level.shards.queriers, "tier"],
    ["max_fetched_series_per_query", level.query.series, "tier"],
    ["max_fetched_chunks_per_query", level.query.chunks, "tier"],
    ["max_fetched_chunk_bytes_per_query", level.query.bytes, "tier"],
    ["max_fetched_data_bytes_per_query", 2 * level.query.bytes, "tier"],
    ["max_query_response_size", level.query.responseBytes, "tier"],
    ["max_downloaded_bytes_per_request", level.query.bytes, "tier"],
    ["ruler_tenant_shard_size", level.shards.rulers, "tier"],
    ["ruler_max_rule_groups_per_tenant", level.rules.groups, "tier"],
    ["ruler_max_rules_per_rule_group", level.rules.perGroup, "tier"],
  ];
}

/** Samples that one write to Thanos may carry: five of Prometheus' batches, above what collectors send. More is answered 413 and lost. */
const samplesPerRequest = 10_000;

function receive({ limits }: Tenant): Entries {
  return [
    ["head_series_limit", limits.metrics.activeSeries, "limits.metrics.activeSeries"],
    ["request.samples_limit", samplesPerRequest, "limits.metrics.samplesPerSecond"],
    ["request.series_limit", samplesPerRequest, "limits.metrics.samplesPerSecond"],
  ];
}

/** 0 would mean no limit, so 1: no write is that small. */
const receiveClosed: Entries = [
  ["request.size_bytes_limit", 1, "state"],
  ["request.series_limit", 1, "state"],
  ["request.samples_limit", 1, "state"],
];

function classOf({ retention }: Tenant): Entries {
  return [["retention.resolution-raw", formatDuration(retention.metrics), "retention.metrics"]];
}

/** Loki's MB are 1048576 bytes, those of the tenant file a million. */
function lokiMegabytes(megabytes: number): number {
  return Math.round((megabytes * 1e6 * 1000) / 1_048_576) / 1000;
}

function lokiIngest({ limits, retention }: Tenant): Entries {
  const rate = limits.logs.megabytesPerSecond;
  return [
    ["ingestion_rate_mb", Math.max(0.001, lokiMegabytes(rate)), "limits.logs.megabytesPerSecond"],
    // Loki's own ratio, and room for the largest write that agents send (a write above the burst never passes).
    ["ingestion_burst_size_mb", Math.max(6, lokiMegabytes(1.5 * rate)), "limits.logs.megabytesPerSecond"],
    ["max_global_streams_per_user", limits.logs.streams, "limits.logs.streams"],
    ["retention_period", formatDuration(retention.logs), "retention.logs"],
  ];
}

/** Loki answers a blocked write with 260 by default, which agents take for success. */
const lokiClosed: Entries = [
  ["block_ingestion_until", "2999-12-31T00:00:00Z", "state"],
  ["block_ingestion_status_code", 403, "state"],
];

function lokiQueries({ limits }: Tenant, level: ServiceLevel): Entries {
  const { parallelism, lookback } = limits.queries;
  return [
    // The first counts for TSDB indexes, the second for older ones and for what is not sharded.
    ["tsdb_max_query_parallelism", parallelism, "limits.queries.parallelism"],
    ["max_query_parallelism", parallelism, "limits.queries.parallelism"],
    ["max_query_lookback", formatDuration(lookback), "limits.queries.lookback"],
    // Loki's own bound on a range is 30 days and an hour: an hour above what may be reached, so that a range of all of it passes.
    ["max_query_length", formatDuration(lookback + 3600), "limits.queries.lookback"],
    ["max_queriers_per_tenant", level.shards.queriers, "tier"],
    ["max_query_bytes_read", `${level.query.logBytes}B`, "tier"],
    ["max_querier_bytes_read", `${level.query.logBytes}B`, "tier"],
    ["max_query_series", Math.min(5_000, level.query.series / 100), "tier"],
    ["max_concurrent_tail_requests", parallelism, "limits.queries.parallelism"],
    ["ruler_tenant_shard_size", level.shards.rulers, "tier"],
    ["ruler_max_rule_groups_per_tenant", level.rules.groups, "tier"],
    ["ruler_max_rules_per_rule_group", level.rules.perGroup, "tier"],
  ];
}

/** What a tenant's gateway enforces, over all its replicas. */
export interface GatewayLimits {
  /** Requests a second by class, and bytes of one body. */
  readonly requests: { readonly ingest: number; readonly query: number; readonly manage: number; readonly bodyBytes: number };
  /** Queries of metrics under way at one time; undefined where the store itself limits them. */
  readonly queriesAtOnce: number | undefined;
}

/**
 * The gateway's limits. For Cortex and Loki they only stop floods: the stores limit by what is in a request, so writes get twice the requests
 * that the tenant's rates need. Thanos has neither a rate nor a bound on queries: there the gateway's are the tenant's own, as near as requests
 * can count samples (exact for Prometheus' full batches of 2,000).
 */
export function gatewayLimits(tenant: Tenant): GatewayLimits {
  const { requests } = serviceLevel(tenant);
  const { metrics, logs, queries } = tenant.limits;
  const isThanos = tenant.metrics === "thanos" && tenant.apis.includes("metrics");
  const samples = tenant.apis.includes("metrics") ? metrics.samplesPerSecond : 0;
  const forLogs = tenant.apis.includes("logs") ? Math.ceil(4 * logs.megabytesPerSecond) : 0;
  const ingest = isThanos
    ? Math.max(5, Math.ceil(samples / 2_000)) + forLogs
    : Math.max(requests.ingest, Math.ceil(samples / 1_000) + forLogs);
  return { requests: { ...requests, ingest }, queriesAtOnce: isThanos ? queries.parallelism : undefined };
}

function gateway(tenant: Tenant): Entries {
  const { requests, queriesAtOnce } = gatewayLimits(tenant);
  const isThanos = queriesAtOnce !== undefined;
  return [
    ["requests.ingest", requests.ingest, isThanos ? "limits.metrics.samplesPerSecond" : "tier"],
    ["requests.query", requests.query, "tier"],
    ["requests.manage", requests.manage, "tier"],
    ["requests.bodyBytes", requests.bodyBytes, "tier"],
    ...(isThanos ? ([["queriesAtOnce", queriesAtOnce, "limits.queries.parallelism"]] as const) : []),
  ];
}

/** Options of one enforcer as it reads them, with keys sorted. */
export type Overrides = Readonly<Record<string, unknown>>;

function overridesOf(entries: readonly LimitEntry[], enforcer: Enforcer): Overrides {
  const result: Record<string, unknown> = {};
  for (const { option, value } of entries.filter((one) => one.enforcer === enforcer)) {
    const [key = "", inner] = option.split(".");
    result[key] = inner === undefined ? value : { ...(result[key] as object | undefined), [inner]: value };
  }
  return sortedKeys(result);
}

function sortedKeys<T>(group: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(group).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The stores' answer to a retired id: nothing in, what is there kept as long as before, or dropped at the shortest retention when it is being erased. */
function retiredOverrides(entry: LedgerEntry): { metrics: Overrides; logs: Overrides } {
  const kept = (seconds: number) => (entry.erasing === undefined ? formatDuration(seconds) : "24h");
  const closed = (entries: Entries) => Object.fromEntries(entries.map(([option, value]) => [option, value]));
  return {
    metrics: sortedKeys({ ...closed(cortexClosed), compactor_blocks_retention_period: kept(entry.retention.metrics) }),
    logs: sortedKeys({ ...closed(lokiClosed), retention_period: kept(entry.retention.logs) }),
  };
}

/** Runtime limits by storage id, sorted: what goes below `overrides` (Cortex, Loki) and below `write.tenants` (Thanos receive). */
export interface StoreLimits {
  readonly cortex: Readonly<Record<string, Overrides>>;
  readonly loki: Readonly<Record<string, Overrides>>;
  readonly thanos: Readonly<Record<string, Overrides>>;
}

/**
 * The runtime limits of all stores. The order of tenants does not matter, a tenant shows only in the systems it uses, and a retired id keeps
 * its entry until its data is gone: without one the stores would apply their default, which is to keep data for ever.
 */
export function storeLimits(tenants: readonly Tenant[], retired: readonly LedgerEntry[]): StoreLimits {
  const result: Record<keyof StoreLimits, Record<string, Overrides>> = { cortex: {}, loki: {}, thanos: {} };
  const living = tenants.filter((tenant) => tenant.state !== "retired");
  const inUse = new Set(living.map((tenant) => tenant.storageId));
  for (const entry of retired.filter((one) => one.erased === undefined && !inUse.has(one.storageId))) {
    const { metrics, logs } = retiredOverrides(entry);
    if (entry.apis.includes("metrics") && entry.metrics === "cortex") result.cortex[entry.storageId] = metrics;
    if (entry.apis.includes("logs")) result.loki[entry.storageId] = logs;
    if (entry.apis.includes("metrics") && entry.metrics === "thanos")
      result.thanos[entry.storageId] = { request: sortedKeys(thanosClosed) };
  }
  for (const tenant of living) {
    const entries = limitEntries(tenant);
    const files = {
      cortex: overridesOf(entries, "cortex"),
      loki: overridesOf(entries, "loki"),
      thanos: overridesOf(entries, "thanos-receive"),
    };
    for (const system of ["cortex", "loki", "thanos"] as const)
      if (Object.keys(files[system]).length > 0) result[system][tenant.storageId] = files[system];
  }
  return { cortex: sortedKeys(result.cortex), loki: sortedKeys(result.loki), thanos: sortedKeys(result.thanos) };
}

const thanosClosed = { samples_limit: 1, series_limit: 1, size_bytes_limit: 1 };
