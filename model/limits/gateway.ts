import type { Tenant } from "../tenant";
import { serviceLevel } from "../tiers";
import type { ServiceLevel } from "../tiers";
import type { Entries } from "./entry";

/** What a tenant's gateway enforces, over all its replicas. */
export interface GatewayLimits {
  /** Requests a second by class, and bytes of one body. */
  readonly requests: ServiceLevel["requests"];
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
  const isThanos = hasThanos(tenant);
  const ingest = isThanos ? writesNeeded(tenant) : Math.max(requests.ingest, writesNeeded(tenant));
  return { requests: { ...requests, ingest }, queriesAtOnce: isThanos ? tenant.limits.queries.parallelism : undefined };
}

const hasThanos = (tenant: Tenant) => tenant.metrics === "thanos" && tenant.apis.includes("metrics");

/** Writes a second that a tenant needs to use its rates of samples and log lines. */
export function writesNeeded(tenant: Tenant): number {
  const { metrics, logs } = tenant.limits;
  const samples = tenant.apis.includes("metrics") ? metrics.samplesPerSecond : 0;
  const forLogs = tenant.apis.includes("logs") ? Math.ceil(4 * logs.megabytesPerSecond) : 0;
  return hasThanos(tenant) ? Math.max(5, Math.ceil(samples / 2_000)) + forLogs : Math.ceil(samples / 1_000) + forLogs;
}

/** The same as entries of the one mapping. */
export function gatewayEntries(tenant: Tenant): Entries {
  const { requests, queriesAtOnce } = gatewayLimits(tenant);
  const isThanos = queriesAtOnce !== undefined;
  return [
    ["requests.ingest", requests.ingest, isThanos ? "limits.metrics.samplesPerSecond" : "service.requests.ingest"],
    ["requests.query", requests.query, "service.requests.query"],
    ["requests.manage", requests.manage, "service.requests.manage"],
    ["requests.bodyBytes", requests.bodyBytes, "service.requests.bodyBytes"],
    ...(isThanos ? ([["queriesAtOnce", queriesAtOnce, "limits.queries.parallelism"]] as const) : []),
  ];
}
