import type { Tenant } from "../tenant";
import type { ServiceLevel } from "../tiers";
import { formatDuration } from "../units";
import type { Entries } from "./entry";

/** Options of Cortex v1.21.1 (pkg/util/validation/limits.go). */

/** A write of 2,000 samples (Prometheus' batch) five times over must fit, whatever the rate: a request above the burst never passes. */
const leastBurst = 10_000;

/** What may come in. */
export function cortexIngest({ limits }: Tenant): Entries {
  const rate = limits.metrics.samplesPerSecond;
  return [
    ["ingestion_rate", rate, "limits.metrics.samplesPerSecond"],
    ["ingestion_burst_size", Math.max(2 * rate, leastBurst), "limits.metrics.samplesPerSecond"],
    ["max_global_series_per_user", limits.metrics.activeSeries, "limits.metrics.activeSeries"],
    // The limit per ingester, 5M by default, would cut a larger tenant short where there are few ingesters.
    ["max_series_per_user", 0, "fixed"],
  ];
}

/** A rate and burst of 0 let nothing in (rules' own samples neither); 0 series would mean no limit. */
export const cortexClosed: Entries = [
  ["ingestion_rate", 0, "state"],
  ["ingestion_burst_size", 0, "state"],
];

/**
 * Within a tenant's queue, queries of the last hours (dashboards, alert checks) go before long ones. Between tenants the queue takes turns, and
 * `max_queriers_per_tenant` bounds each. No querier is reserved: with few queriers that would leave none for the rest.
 */
const recentFirst = {
  default_priority: 0,
  enabled: true,
  priorities: [{ priority: 1, query_attributes: [{ time_window: { start: "6h" } }] }],
};

/**
 * What may be asked, and how long data is kept. `max_query_length` is not among them: the lookback cuts every range already, and an error in
 * place of a shorter answer helps nobody.
 */
export function cortexQueries({ limits, retention }: Tenant, level: ServiceLevel): Entries {
  const { parallelism, lookback } = limits.queries;
  return [
    ["compactor_blocks_retention_period", formatDuration(retention.metrics), "retention.metrics"],
    ["max_query_parallelism", parallelism, "limits.queries.parallelism"],
    // What waits besides: a query over a long range comes as a part per day, all at once.
    ["max_outstanding_requests_per_tenant", Math.max(100, 10 * parallelism), "limits.queries.parallelism"],
    ["max_query_lookback", formatDuration(lookback), "limits.queries.lookback"],
    ["query_priority", recentFirst, "fixed"],
    ["max_queriers_per_tenant", level.shards.queriers, "service.shards.queriers"],
    // Also while nothing comes in: it says where to read what came in before.
    ["ingestion_tenant_shard_size", level.shards.ingesters, "service.shards.ingesters"],
    ["store_gateway_tenant_shard_size", level.shards.storeGateways, "service.shards.storeGateways"],
    ["compactor_tenant_shard_size", level.shards.compactors, "service.shards.compactors"],
    ["max_fetched_series_per_query", level.query.series, "service.query.series"],
    ["max_fetched_chunks_per_query", level.query.chunks, "service.query.chunks"],
    ["max_fetched_chunk_bytes_per_query", level.query.bytes, "service.query.bytes"],
    ["max_fetched_data_bytes_per_query", 2 * level.query.bytes, "service.query.bytes"],
    // Of one request to one store gateway, of which a query makes many.
    ["max_downloaded_bytes_per_request", level.query.bytes, "service.query.bytes"],
    ["max_query_response_size", level.query.responseBytes, "service.query.responseBytes"],
    ["ruler_tenant_shard_size", level.shards.rulers, "service.shards.rulers"],
    ["ruler_max_rule_groups_per_tenant", level.rules.groups, "service.rules.groups"],
    ["ruler_max_rules_per_rule_group", level.rules.perGroup, "service.rules.perGroup"],
  ];
}
