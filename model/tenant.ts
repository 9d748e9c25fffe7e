/**
 * The tenant as the whole program sees it: parsed, validated, defaulted, plain values.
 * Only `model/load.ts` makes one from files; nothing else reads YAML. Field meanings: docs/tenant-file.md (generated from `schema.ts`).
 */

export const tiers = ["small", "medium", "large"] as const;
export type Tier = (typeof tiers)[number];

export const metricsSystems = ["cortex", "thanos"] as const;
export type MetricsSystem = (typeof metricsSystems)[number];

export const apis = ["metrics", "logs", "datadog"] as const;
export type Api = (typeof apis)[number];

export const states = ["active", "suspended", "retired"] as const;
export type State = (typeof states)[number];

/** What a tenant may use. Each limit has an enforcer: see `limits.ts`. */
export interface Limits {
  readonly metrics: {
    /** Series in memory at one time, over all replicas. */
    readonly activeSeries: number;
    readonly samplesPerSecond: number;
  };
  readonly logs: {
    /** Decimal megabytes a second of log lines. */
    readonly megabytesPerSecond: number;
    /** Active streams at one time, over all replicas. */
    readonly streams: number;
  };
  readonly queries: {
    /** Sub-queries of this tenant that run at one time. */
    readonly parallelism: number;
    /** Seconds into the past that a query may reach. */
    readonly lookback: number;
  };
}

/** What of the tier's level of service the file sets instead; the shape is `ServiceLevel`'s in `tiers.ts`. */
export interface Service {
  readonly gateway?: { readonly min?: number; readonly max?: number };
  readonly priority?: Tier;
  readonly shards?: Partial<Readonly<Record<"ingesters" | "storeGateways" | "queriers" | "rulers" | "compactors", number>>>;
  readonly query?: Partial<Readonly<Record<"series" | "chunks" | "bytes" | "responseBytes" | "logBytes", number>>>;
  readonly rules?: Partial<Readonly<Record<"groups" | "perGroup", number>>>;
  readonly requests?: Partial<Readonly<Record<"ingest" | "query" | "manage" | "bodyBytes", number>>>;
}

export interface GrafanaAuth {
  /** OIDC issuer, an https URL. */
  readonly issuer: string;
  readonly clientId: string;
  /** Groups whose members may sign in; empty means nobody. */
  readonly allowedGroups: readonly string[];
}

export interface Tenant {
  /** The file's name without `.yaml`; see `names.ts` for its rule. */
  readonly name: string;
  /** Under which the stores keep its data; never reused. Every tenant header and override uses this. */
  readonly storageId: string;
  /** The file it came from, relative to the project. */
  readonly file: string;
  readonly owner: string;
  readonly description: string;
  readonly tier: Tier;
  readonly metrics: MetricsSystem;
  /** Sorted. */
  readonly apis: readonly Api[];
  readonly limits: Limits;
  /** Only what the file says; `serviceLevel` gives the whole. */
  readonly service: Service;
  /** Seconds that data is kept. */
  readonly retention: { readonly metrics: number; readonly logs: number };
  readonly querier: "shared" | "dedicated";
  /** A domain of its own besides `<tenant>.<zone>`. */
  readonly domain: string | undefined;
  /** Months `YYYY-MM`, in the order of the file: the first signs. */
  readonly keys: readonly string[];
  /** Ids (`jti`) of revoked tokens, sorted. */
  readonly revoked: readonly string[];
  readonly grafana: { readonly auth: GrafanaAuth | undefined };
  readonly state: State;
  /** `YYYY-MM-DD`; only with state retired. */
  readonly eraseAfter: string | undefined;
  /** Takes the storage id (and so the data) of a retired tenant of the same name, on purpose. */
  readonly adopt: boolean;
}
