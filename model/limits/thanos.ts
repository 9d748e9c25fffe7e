import type { Tenant } from "../tenant";
import type { ServiceLevel } from "../tiers";
import { formatDuration } from "../units";
import type { Entries } from "./entry";

/** Options of Thanos v0.42.4: receive's limits file (pkg/receive/limiter_config.go), its hashring (pkg/receive/config.go), compact's flags. */

/** Samples that one write may carry: five of Prometheus' batches, above what collectors send. More is answered 413 and lost. */
const samplesPerRequest = 10_000;
/** Bytes of one write, unpacked: 10,000 series with 3 KiB of labels each. It keeps a small body from filling a receiver's memory. */
const bytesPerRequest = 32_000_000;

/** What may come in. */
export function thanosIngest({ limits }: Tenant): Entries {
  return [
    ["head_series_limit", limits.metrics.activeSeries, "limits.metrics.activeSeries"],
    ["request.samples_limit", samplesPerRequest, "fixed"],
    ["request.series_limit", samplesPerRequest, "fixed"],
    ["request.size_bytes_limit", bytesPerRequest, "fixed"],
  ];
}

/** 0 would mean no limit, so 1: no write is that small. */
export const thanosClosed: Entries = [
  ["request.samples_limit", 1, "state"],
  ["request.series_limit", 1, "state"],
  ["request.size_bytes_limit", 1, "state"],
];

/** The class of retention, which is the compactor's that works on the tenant's blocks. */
export function thanosClass({ retention }: Tenant): Entries {
  return [["retention.resolution-raw", formatDuration(retention.metrics), "retention.metrics"]];
}

/** Receivers that take the tenant's samples: in the hashring's file, not in the limits file. */
export function thanosRing(level: ServiceLevel): Entries {
  return [["shuffle_sharding_config.shard_size", level.shards.ingesters, "service.shards.ingesters"]];
}
