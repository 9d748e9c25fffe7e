import type { Tenant } from "../tenant";
import type { ServiceLevel } from "../tiers";
import { formatDuration } from "../units";
import type { Entries } from "./entry";

/** Options of Loki v3.7.6 (pkg/validation/limits.go). */

/** Loki's MB are 1048576 bytes, those of the tenant file a million. */
function lokiMegabytes(megabytes: number): number {
  return Math.round((megabytes * 1e6 * 1000) / 1_048_576) / 1000;
}

/** The largest write that agents send, in Loki's MB: a write above a burst never passes. */
const largestWrite = 6;
/** Of one stream, in megabytes a second: more is split by Loki itself (`shard_streams`), since one stream is one ingester's. */
const mostPerStream = 5;

/** What may come in, and how long it is kept. */
export function lokiIngest({ limits, retention }: Tenant): Entries {
  const rate = limits.logs.megabytesPerSecond;
  const stream = Math.min(rate, mostPerStream);
  const from = "limits.logs.megabytesPerSecond";
  return [
    ["ingestion_rate_mb", Math.max(0.001, lokiMegabytes(rate)), from],
    // Loki's own ratio.
    ["ingestion_burst_size_mb", Math.max(largestWrite, lokiMegabytes(1.5 * rate)), from],
    ["per_stream_rate_limit", `${Math.ceil(stream * 1e6)}B`, from],
    // Loki's own ratio.
    ["per_stream_rate_limit_burst", `${Math.max(largestWrite * 1_048_576, Math.ceil(5 * stream * 1e6))}B`, from],
    ["max_global_streams_per_user", limits.logs.streams, "limits.logs.streams"],
    ["max_line_size", "256KB", "fixed"],
    ["retention_period", formatDuration(retention.logs), "retention.logs"],
  ];
}

/** Loki answers a blocked write with 260 by default, which agents take for success. */
export const lokiClosed: Entries = [
  ["block_ingestion_until", "2999-12-31T00:00:00Z", "state"],
  ["block_ingestion_status_code", 403, "state"],
];

/** What may be asked. */
export function lokiQueries({ limits }: Tenant, level: ServiceLevel): Entries {
  const { parallelism, lookback } = limits.queries;
  return [
    // The first counts for TSDB indexes, the second for older ones and for what is not sharded.
    ["tsdb_max_query_parallelism", parallelism, "limits.queries.parallelism"],
    ["max_query_parallelism", parallelism, "limits.queries.parallelism"],
    ["max_query_lookback", formatDuration(lookback), "limits.queries.lookback"],
    // Loki's own bound on a range is 30 days and an hour: an hour above what may be reached, so that a range of all of it passes.
    ["max_query_length", formatDuration(lookback + 3600), "limits.queries.lookback"],
    ["max_queriers_per_tenant", level.shards.queriers, "service.shards.queriers"],
    ["index_gateway_shard_size", level.shards.storeGateways, "service.shards.storeGateways"],
    ["max_query_bytes_read", `${level.query.logBytes}B`, "service.query.logBytes"],
    ["max_querier_bytes_read", `${level.query.logBytes}B`, "service.query.logBytes"],
    ["max_chunks_per_query", level.query.chunks, "service.query.chunks"],
    // Series that a query of logs makes, all in the memory of one querier: Loki's default is 500.
    ["max_query_series", Math.min(5_000, Math.ceil(level.query.series / 100)), "service.query.series"],
    ["max_entries_limit_per_query", 5_000, "fixed"],
    ["query_timeout", "2m", "fixed"],
    ["max_concurrent_tail_requests", parallelism, "limits.queries.parallelism"],
    ["ruler_tenant_shard_size", level.shards.rulers, "service.shards.rulers"],
    ["ruler_max_rule_groups_per_tenant", level.rules.groups, "service.rules.groups"],
    ["ruler_max_rules_per_rule_group", level.rules.perGroup, "service.rules.perGroup"],
  ];
}
