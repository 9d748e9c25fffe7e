import * as pulumi from "@pulumi/pulumi";
import type { LedgerEntry } from "../../model/ledger";
import type { Tenant } from "../../model/tenant";
import { toYaml } from "../../model/text";
import { formatDuration } from "../../model/units";
import type { SystemName } from "./system";

/** A retired tenant whose data is still there: its overrides stay until it is gone, since without them the stores would keep data for ever. */
export type RetiredStorage = Pick<LedgerEntry, "storageId" | "metrics" | "retention" | "erasing" | "erased">;

/** A ConfigMap holds 1 MiB; what comes near it is refused before anything is changed. */
export const mostBytes = 700 * 1024;

type Values = Readonly<Record<string, unknown>>;

/**
 * The runtime files of the three systems. The order of tenants does not matter, and an id stands only in files of systems that it uses.
 * Keys are sorted and each value has a line of its own, so a diff shows only the tenant and the value that changed.
 * @throws RunError when one does not fit its object.
 */
export function limitsFiles(tenants: readonly Tenant[], retired: readonly RetiredStorage[]): Record<SystemName, string> {
  const present = new Set(tenants.map((t) => t.storageId));
  const kept = retired.filter((r) => r.erased === undefined && !present.has(r.storageId));
  const on = (system: "cortex" | "thanos") => tenants.filter((t) => t.metrics === system);
  const cortex = [
    ...on("cortex").map((t) => [t.storageId, cortexLimits(t)] as const),
    ...kept.filter((r) => r.metrics === "cortex").map((r) => [r.storageId, cortexRetired(r)] as const),
  ];
  const loki = [
    ...tenants.filter((t) => t.apis.includes("logs") || t.apis.includes("datadog")).map((t) => [t.storageId, lokiLimits(t)] as const),
    ...kept.map((r) => [r.storageId, lokiRetired(r)] as const),
  ];
  const thanos = on("thanos").map((t) => [t.storageId, thanosLimits(t)] as const);
  return {
    cortex: limitsText("cortex", { overrides: Object.fromEntries(cortex) }),
    loki: limitsText("loki", { overrides: Object.fromEntries(loki) }),
    // Anyone not named here is no tenant: nothing gets in.
    thanos: limitsText("thanos", { write: { default: { request: { samples_limit: 1 } }, tenants: Object.fromEntries(thanos) } }),
  };
}

/** One system's file as text. */
function limitsText(system: SystemName, content: unknown): string {
  const text = toYaml(content);
  const bytes = Buffer.byteLength(text);
  if (bytes <= mostBytes) return text;
  throw new pulumi.RunError(
    `The limits of ${system} take ${Math.ceil(bytes / 1024)} KiB; one object may hold ${mostBytes / 1024} KiB. ` +
      "Move some of the tenants to a stack with a cluster of its own.",
  );
}

/** A burst of two seconds: agents send what they queued after a short break. */
const burst = 2;

function cortexLimits({ limits, retention }: Tenant): Values {
  return {
    compactor_blocks_retention_period: formatDuration(retention.metrics),
    ingestion_burst_size: limits.metrics.samplesPerSecond * burst,
    ingestion_rate: limits.metrics.samplesPerSecond,
    max_global_series_per_user: limits.metrics.activeSeries,
    max_query_lookback: formatDuration(limits.queries.lookback),
    max_query_parallelism: limits.queries.parallelism,
    // The limit per ingester; only the one over all ingesters is a tenant's.
    max_series_per_user: 0,
  };
}

function lokiLimits({ limits, retention }: Tenant): Values {
  return {
    ingestion_burst_size_mb: limits.logs.megabytesPerSecond * burst,
    ingestion_rate_mb: limits.logs.megabytesPerSecond,
    max_global_streams_per_user: limits.logs.streams,
    max_query_lookback: formatDuration(limits.queries.lookback),
    retention_period: formatDuration(retention.logs),
    tsdb_max_query_parallelism: limits.queries.parallelism,
  };
}

function thanosLimits({ limits }: Tenant): Values {
  return { head_series_limit: limits.metrics.activeSeries, request: { samples_limit: limits.metrics.samplesPerSecond } };
}

/** Erasing is what the shortest retention does. */
const shortest = "24h";

const cortexRetired = (r: RetiredStorage): Values => ({
  compactor_blocks_retention_period: r.erasing === undefined ? formatDuration(r.retention.metrics) : shortest,
});

const lokiRetired = (r: RetiredStorage): Values => ({
  retention_period: r.erasing === undefined ? formatDuration(r.retention.logs) : shortest,
});
