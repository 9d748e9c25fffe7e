import type { Service, Tenant, Tier } from "./tenant";

/**
 * What a tier gives when the tenant file says nothing, and the level of service behind it.
 * Series, samples and shard sizes are the tenant classes of cortex-jsonnet (extra_small, small and medium user);
 * logs are Loki's own default (4 MB/s, 5000 streams) for medium, a quarter and four times of it for the others.
 */
export interface TierDefaults {
  readonly metrics: { readonly activeSeries: number; readonly samplesPerSecond: number };
  readonly logs: { readonly megabytesPerSecond: number; readonly streams: number };
  /** `limits.queries.lookback` has no figure here: it defaults to the longest retention. Cortex' own parallelism is 14. */
  readonly queries: { readonly parallelism: number };
  /** Seconds. */
  readonly retention: { readonly metrics: number; readonly logs: number };
}

const day = 86_400;

export const tierDefaults: Readonly<Record<Tier, TierDefaults>> = {
  small: {
    metrics: { activeSeries: 150_000, samplesPerSecond: 10_000 },
    logs: { megabytesPerSecond: 1, streams: 1_250 },
    queries: { parallelism: 8 },
    retention: { metrics: 30 * day, logs: 7 * day },
  },
  medium: {
    metrics: { activeSeries: 1_000_000, samplesPerSecond: 100_000 },
    logs: { megabytesPerSecond: 4, streams: 5_000 },
    queries: { parallelism: 16 },
    retention: { metrics: 180 * day, logs: 30 * day },
  },
  large: {
    metrics: { activeSeries: 3_000_000, samplesPerSecond: 350_000 },
    logs: { megabytesPerSecond: 16, streams: 20_000 },
    queries: { parallelism: 32 },
    // 13 months: a year's comparison at the end of a month.
    retention: { metrics: 395 * day, logs: 30 * day },
  },
};

/** Requests and limits of one container, in Kubernetes' notation. */
export interface ContainerResources {
  readonly requests: { readonly cpu: string; readonly memory: string };
  readonly limits: { readonly cpu: string; readonly memory: string };
}

/** The level of service of a tenant: everything but `resources` and `volumes` can be set by the group `service` of its file. */
export interface ServiceLevel {
  /** Pods of the gateway: fixed where min equals max, else a HorizontalPodAutoscaler moves between them. */
  readonly gateway: { readonly min: number; readonly max: number };
  readonly resources: Readonly<Record<"gateway" | "grafana" | "prometheus" | "collector", ContainerResources>>;
  /** Sizes of the tenant's volumes. */
  readonly volumes: { readonly grafana: string; readonly prometheus: string };
  /** PriorityClass of the tenant's pods and its value: under pressure small tenants give way first; all stay below the shared cluster. */
  readonly priority: Priority;
  /**
   * How many instances of the shared cluster work for the tenant at most; 0 or more than there are means all of them. `ingesters` are Cortex'
   * and the receivers of Thanos, `storeGateways` also Loki's index gateways. Less of `ingesters` loses reads unless done in steps: `shards.ts`.
   */
  readonly shards: {
    readonly ingesters: number;
    readonly storeGateways: number;
    readonly queriers: number;
    readonly rulers: number;
    readonly compactors: number;
  };
  /** What one query may touch. Bytes are of chunks (Cortex) and of log lines (Loki). */
  readonly query: {
    readonly series: number;
    readonly chunks: number;
    readonly bytes: number;
    readonly responseBytes: number;
    readonly logBytes: number;
  };
  /** Rule groups a store may hold for the tenant, and rules in each. */
  readonly rules: { readonly groups: number; readonly perGroup: number };
  /** Least requests a second that the gateway lets through, over all its replicas, and bytes of one body; see `gatewayLimits`. */
  readonly requests: { readonly ingest: number; readonly query: number; readonly manage: number; readonly bodyBytes: number };
}

/** A Kubernetes PriorityClass. */
export interface Priority {
  readonly className: string;
  readonly value: number;
}

/** The classes of tenants' pods, one a tier; `service.priority` chooses another. Far below the shared cluster's own class. */
export const priorities: Readonly<Record<Tier, Priority>> = {
  small: { className: "tenant-small", value: 1_000 },
  medium: { className: "tenant-medium", value: 2_000 },
  large: { className: "tenant-large", value: 3_000 },
};

function resources(cpu: string, memory: string, cpuLimit: string, memoryLimit: string): ContainerResources {
  return { requests: { cpu, memory }, limits: { cpu: cpuLimit, memory: memoryLimit } };
}

/** Bytes, in the decimal units of the tenant file. */
const M = 1e6;
const G = 1e9;

/**
 * Gateway: Envoy holds 14 MB at one worker (measured), the rest is buffers of requests under way. Grafana: 512 MB is its documented minimum.
 * Prometheus keeps 1 to 2 hours of what it scrapes inside the tenant: 3 KiB a series of a tenth of `activeSeries`, at least 512 MB.
 * Shards: ingesters are those of cortex-jsonnet's extra_small, small and medium user, multiples of 3 for three zones; store gateways, replicated
 * three times, its 3, 6 and 9. Compactors: one keeps up with 10M series (cortex-jsonnet), more shorten the backlog of a large tenant.
 * Queries: Cortex' 2M chunks for medium; the rest keeps one query within a quarter of a querier of 12 GiB. Rules: 20 in a group and 35
 * groups are cortex-jsonnet's extra_small user; doubled from there.
 */
const levels: Readonly<Record<Tier, Omit<ServiceLevel, "priority">>> = {
  small: {
    gateway: { min: 1, max: 1 },
    resources: {
      gateway: resources("50m", "64Mi", "500m", "192Mi"),
      grafana: resources("50m", "512Mi", "1", "768Mi"),
      prometheus: resources("100m", "512Mi", "1", "1Gi"),
      collector: resources("50m", "128Mi", "500m", "256Mi"),
    },
    volumes: { grafana: "1Gi", prometheus: "10Gi" },
    shards: { ingesters: 3, storeGateways: 3, queriers: 2, rulers: 2, compactors: 1 },
    query: { series: 100_000, chunks: 1_000_000, bytes: 500 * M, responseBytes: 64 * M, logBytes: 20 * G },
    rules: { groups: 35, perGroup: 20 },
    requests: { ingest: 100, query: 20, manage: 5, bodyBytes: 4 * M },
  },
  medium: {
    gateway: { min: 2, max: 4 },
    resources: {
      gateway: resources("200m", "128Mi", "2", "384Mi"),
      grafana: resources("100m", "512Mi", "1", "1Gi"),
      prometheus: resources("250m", "1Gi", "2", "2Gi"),
      collector: resources("100m", "256Mi", "1", "512Mi"),
    },
    volumes: { grafana: "2Gi", prometheus: "20Gi" },
    shards: { ingesters: 15, storeGateways: 6, queriers: 6, rulers: 3, compactors: 1 },
    query: { series: 250_000, chunks: 2_000_000, bytes: G, responseBytes: 128 * M, logBytes: 100 * G },
    rules: { groups: 70, perGroup: 20 },
    requests: { ingest: 400, query: 60, manage: 10, bodyBytes: 8 * M },
  },
  large: {
    gateway: { min: 3, max: 10 },
    resources: {
      gateway: resources("500m", "256Mi", "4", "768Mi"),
      grafana: resources("250m", "1Gi", "2", "2Gi"),
      prometheus: resources("500m", "2Gi", "4", "6Gi"),
      collector: resources("250m", "512Mi", "2", "1Gi"),
    },
    volumes: { grafana: "5Gi", prometheus: "50Gi" },
    shards: { ingesters: 30, storeGateways: 9, queriers: 20, rulers: 6, compactors: 3 },
    query: { series: 500_000, chunks: 4_000_000, bytes: 2 * G, responseBytes: 256 * M, logBytes: 500 * G },
    rules: { groups: 140, perGroup: 40 },
    requests: { ingest: 2_000, query: 200, manage: 20, bodyBytes: 16 * M },
  },
};

/** What a tenant gets besides its limits: its tier's replicas, resources, priority, shards and bounds, with what its file sets instead. */
export function serviceLevel(tenant: Pick<Tenant, "tier"> & { readonly service?: Service }): ServiceLevel {
  const base = levels[tenant.tier];
  const own = tenant.service ?? {};
  return {
    ...base,
    gateway: { ...base.gateway, ...own.gateway },
    priority: priorities[own.priority ?? tenant.tier],
    shards: { ...base.shards, ...own.shards },
    query: { ...base.query, ...own.query },
    rules: { ...base.rules, ...own.rules },
    requests: { ...base.requests, ...own.requests },
  };
}
