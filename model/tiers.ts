import type { Tenant, Tier } from "./tenant";

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

export interface ServiceLevel {
  /** Pods of the gateway: fixed where min equals max, else a HorizontalPodAutoscaler moves between them. */
  readonly gateway: { readonly min: number; readonly max: number };
  readonly resources: Readonly<Record<"gateway" | "grafana" | "prometheus" | "collector", ContainerResources>>;
  /** Sizes of the tenant's volumes. */
  readonly volumes: { readonly grafana: string; readonly prometheus: string };
  /** PriorityClass of the tenant's pods and its value: under pressure small tenants give way first; all stay below the shared cluster. */
  readonly priority: { readonly className: string; readonly value: number };
  /** How many instances of the shared cluster work for the tenant at most; stateless ones only, so a change of tier loses nothing. */
  readonly shards: { readonly rulers: number; readonly queriers: number };
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

function resources(cpu: string, memory: string, cpuLimit: string, memoryLimit: string): ContainerResources {
  return { requests: { cpu, memory }, limits: { cpu: cpuLimit, memory: memoryLimit } };
}

const mebibyte = 1024 * 1024;
const gibibyte = 1024 * mebibyte;

/**
 * Gateway: Envoy holds 14 MB at one worker (measured), the rest is buffers of requests under way. Grafana: 512 MB is its documented minimum.
 * Prometheus keeps 1 to 2 hours of what it scrapes inside the tenant: 3 KiB a series of a tenth of `activeSeries`, at least 512 MB.
 * Queries: Cortex' 2M chunks for medium; the rest keeps one query within a quarter of a querier of 12 GiB. Rules: 20 in a group and 35
 * groups are cortex-jsonnet's extra_small user; doubled from there.
 */
const levels: Readonly<Record<Tier, ServiceLevel>> = {
  small: {
    gateway: { min: 1, max: 1 },
    resources: {
      gateway: resources("50m", "64Mi", "500m", "192Mi"),
      grafana: resources("50m", "512Mi", "1", "768Mi"),
      prometheus: resources("100m", "512Mi", "1", "1Gi"),
      collector: resources("50m", "128Mi", "500m", "256Mi"),
    },
    volumes: { grafana: "1Gi", prometheus: "10Gi" },
    priority: { className: "tenant-small", value: 1_000 },
    shards: { rulers: 2, queriers: 2 },
    query: { series: 100_000, chunks: 1_000_000, bytes: 512 * mebibyte, responseBytes: 64 * mebibyte, logBytes: 20 * gibibyte },
    rules: { groups: 35, perGroup: 20 },
    requests: { ingest: 100, query: 20, manage: 5, bodyBytes: 4 * mebibyte },
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
    priority: { className: "tenant-medium", value: 2_000 },
    shards: { rulers: 3, queriers: 6 },
    query: { series: 250_000, chunks: 2_000_000, bytes: 1024 * mebibyte, responseBytes: 128 * mebibyte, logBytes: 100 * gibibyte },
    rules: { groups: 70, perGroup: 20 },
    requests: { ingest: 400, query: 60, manage: 10, bodyBytes: 8 * mebibyte },
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
    priority: { className: "tenant-large", value: 3_000 },
    shards: { rulers: 6, queriers: 20 },
    query: { series: 500_000, chunks: 4_000_000, bytes: 2048 * mebibyte, responseBytes: 256 * mebibyte, logBytes: 500 * gibibyte },
    rules: { groups: 140, perGroup: 40 },
    requests: { ingest: 2_000, query: 200, manage: 20, bodyBytes: 16 * mebibyte },
  },
};

/** What the tier of a tenant gives besides its limits: replicas, resources, priority, shards, request rates. */
export function serviceLevel(tenant: Pick<Tenant, "tier">): ServiceLevel {
  return levels[tenant.tier];
}
