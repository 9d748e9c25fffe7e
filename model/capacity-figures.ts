/**
 * Every figure that the capacity plan rests on, each with where it comes from; docs/sizing.md explains how they are used. Memory and volumes
 * are in GiB, CPU in cores. What no one publishes says `assumption` and what to look at to correct it.
 * cortex-jsonnet: github.com/cortexproject/cortex-jsonnet. Mimir (the same store, by proxy): its page "Planning Grafana Mimir capacity".
 * Loki: its page "Size the cluster". What ingestion takes of the real stores is measured by test/bench/store-cost.test.ts, which fails when a figure
 * here gives less.
 */

/** What of the systems a tenant uses up. `queries` are sub-queries under way at one time; `kept` is series times years of retention. */
export const dimensions = ["series", "samples", "megabytes", "streams", "queries", "kept", "rules", "tenants"] as const;
export type Dimension = (typeof dimensions)[number];

/** How much of their limits tenants together are expected to use. */
export const expectedUse: Readonly<Record<Dimension, number>> = {
  // cortex-mixin, `limit_utilisation_target`; cortex-jsonnet's smallest class says the same: a limit of 150k for 100k of real use.
  series: 0.6,
  samples: 0.6,
  kept: 0.6,
  // Assumption: as for metrics. Look at loki_distributor_bytes_received_total and loki_ingester_memory_streams.
  megabytes: 0.6,
  streams: 0.6,
  // Assumption: the limit is for bursts, and not all tenants have one at a time. Look at cortex_query_scheduler_inflight_requests.
  queries: 0.25,
  // Assumption. Look at cortex_prometheus_rule_group_rules.
  rules: 0.1,
  tenants: 1,
};

/**
 * What is planned above expected use. Mimir: "run with 50% extra capacity"; it is also what two zones of three need to carry the load of
 * three. Size single goes without: it is for development.
 */
export const defaultBuffer = 0.5;

/** Copies of each sample and line (Cortex, Loki, Thanos receive), of each block in store gateways, of each Alertmanager. */
export const replicationFactor = 3;

/** Groups of replicas that may fail as a whole: one copy of everything is in each, so there are as many as copies, whatever the zones of the hardware. */
export const quorumZones = ["zone-a", "zone-b", "zone-c"] as const;
export type QuorumZone = (typeof quorumZones)[number];

/** One pod: what it requests, and its volume if it has one. */
export interface Pod {
  readonly cpu: number;
  readonly memory: number;
  readonly volume?: number;
}

/** How many of a dimension one replica serves. `copies`: how many replicas hold each one. */
export interface Hold {
  readonly dimension: Dimension;
  readonly each: number;
  readonly copies?: number;
}

/**
 * How replicas are counted. `quorum`: the same number in each of `quorumZones`. `spread`: stateless, one in every zone and
 * two at least; what is left must carry the load when a zone is lost. `several`: any number. `classes`: one per retention of metrics
 * in use, see retention.ts; those that only the ledger needs are not counted.
 */
export type Placement = "quorum" | "spread" | "several" | "classes";

export interface Component {
  readonly name: string;
  readonly placement: Placement;
  readonly pod: Pod;
  readonly holds: readonly Hold[];
  /** The volume instead is `gib` for each ten million series of the largest tenant, at least `pod.volume`. */
  readonly volumePer10MSeriesOfLargest?: number;
  /** From this much of a dimension on, pods are larger. */
  readonly from?: { readonly dimension: Dimension; readonly amount: number; readonly pod: Pod };
}

const million = 1_000_000;

/** cortex-mixin: 3M series and 80k samples/s an ingester, counted in copies. cortex-jsonnet: 4 CPU, 15 GiB, 100 GiB. */
const ingester = { pod: { cpu: 4, memory: 15, volume: 100 }, series: 3 * million, samples: 80_000 };
/** cortex-mixin: 240k samples/s a distributor. cortex-jsonnet: 2 CPU, 2 GiB. */
const distributor = { pod: { cpu: 2, memory: 2 }, samples: 240_000 };
/** Queries that one querier of metrics works on at one time; cortex-jsonnet: `querier.concurrency`. */
export const queriesPerQuerier = 8;
/** cortex-jsonnet: 2 CPU, 12 GiB. */
const querier = { pod: { cpu: 2, memory: 12 }, queries: queriesPerQuerier };
/** Mimir: 1 core and 1 GB per 250 queries/s of 100 ms each, so 25 at one time. */
const frontend = { pod: { cpu: 2, memory: 2 }, queries: 50 };
/** cortex-jsonnet: 2 CPU, 12 GiB, 50 GiB. Mimir: 13 KB a series and year, three copies together. As many queries as a querier: each reaches it. */
const storeGateway = { pod: { cpu: 2, memory: 12, volume: 50 }, kept: (50 * 2 ** 30) / (13_000 / 3), queries: 8 };
/** Mimir: a rule costs what a query costs. Assumption: 100 ms each minute, so 600 rules a core. Look at rule_evaluation_duration_seconds. */
const rulesPerCore = 600;

/** cortex-jsonnet: 500m and 1.2 times the items' memory: 6 GB for chunks, 1 GB for results. One pod a zone, none of them holds what cannot be read again. */
const memcached = (name: string, gigabytes: number): Component => ({
  name,
  placement: "spread",
  pod: { cpu: 0.5, memory: Math.ceil(gigabytes * 1.2 * 2) / 2 },
  holds: [],
});

const cortex: readonly Component[] = [
  { name: "distributor", placement: "spread", pod: distributor.pod, holds: [{ dimension: "samples", each: distributor.samples }] },
  { name: "ingester", placement: "quorum", pod: ingester.pod, holds: ingesterHolds() },
  { name: "querier", placement: "spread", pod: querier.pod, holds: [{ dimension: "queries", each: querier.queries }] },
  { name: "query-frontend", placement: "spread", pod: frontend.pod, holds: [{ dimension: "queries", each: frontend.queries }] },
  { name: "query-operators", placement: "several", pod: querier.pod, holds: [] },
  // Mimir: 1 core and 100 MB per 500 queries/s of 100 ms each.
  { name: "query-scheduler", placement: "spread", pod: { cpu: 1, memory: 0.5 }, holds: [{ dimension: "queries", each: 50 }] },
  {
    name: "store-gateway",
    placement: "quorum",
    pod: storeGateway.pod,
    holds: [
      { dimension: "kept", each: storeGateway.kept, copies: replicationFactor },
      { dimension: "queries", each: storeGateway.queries },
    ],
  },
  {
    // Mimir: one per 20M series, 1 core. cortex-jsonnet: 5 GiB. Cortex' compactor page: 150 GB per 10M series of the largest tenant.
    name: "compactor",
    placement: "several",
    pod: { cpu: 1, memory: 5, volume: 50 },
    holds: [{ dimension: "series", each: 20 * million }],
    volumePer10MSeriesOfLargest: 140,
  },
  // cortex-jsonnet: 2 CPU, 6 GiB.
  { name: "ruler", placement: "spread", pod: { cpu: 2, memory: 6 }, holds: [{ dimension: "rules", each: 2 * rulesPerCore }] },
  // cortex-jsonnet: 100m, 1 GiB. Mimir: 1 GB per 5,000 firing alerts. Assumption: 10 fire per tenant.
  {
    name: "alertmanager",
    placement: "quorum",
    pod: { cpu: 0.1, memory: 1, volume: 10 },
    holds: [{ dimension: "tenants", each: 500, copies: replicationFactor }],
  },
  // Assumption: reads one file and answers scrapes.
  { name: "overrides-exporter", placement: "several", pod: { cpu: 0.1, memory: 0.5 }, holds: [] },
  memcached("memcached-blocks", 6),
  memcached("memcached-results", 1),
];

function ingesterHolds(): Hold[] {
  return [
    { dimension: "series", each: ingester.series, copies: replicationFactor },
    { dimension: "samples", each: ingester.samples, copies: replicationFactor },
  ];
}

/** `querier.max_concurrent` of Loki, its default. */
export const logQueriesPerQuerier = 4;

/** Loki sizes clusters below 3 TB a day, to 30 TB a day, and not by a rule above: MB/s. */
export const lokiSmall = 3e6 / 86_400;
export const lokiMost = 30e6 / 86_400;
const large = (pod: Pod) => ({ dimension: "megabytes" as const, amount: lokiSmall, pod });

/**
 * Pods of each of the two sizes as on Loki's page; MB/s each from the size that gives less, so that growth never needs fewer pods. What the page
 * does not name: volumes and the ruler.
 */
const loki: readonly Component[] = [
  {
    name: "distributor",
    placement: "spread",
    pod: { cpu: 2, memory: 0.5 },
    from: large({ cpu: 2, memory: 1 }),
    holds: [{ dimension: "megabytes", each: lokiMost / 40 }],
  },
  {
    // Loki's page on the write-ahead log: 10 to 15 GB at 5 MB/s, so 35 GB at what one takes here. A stream's open block is 256 KiB
    // (`chunk_block_size`): 16k of them fill the memory.
    name: "ingester",
    placement: "quorum",
    pod: { cpu: 2, memory: 4, volume: 50 },
    from: large({ cpu: 2, memory: 6, volume: 50 }),
    holds: [
      { dimension: "megabytes", each: (lokiMost * replicationFactor) / 90, copies: replicationFactor },
      { dimension: "streams", each: (4 * 2 ** 30) / 2 ** 18, copies: replicationFactor },
    ],
  },
  {
    name: "querier",
    placement: "spread",
    pod: { cpu: 1, memory: 1 },
    from: large({ cpu: 1.5, memory: 2 }),
    holds: [
      { dimension: "megabytes", each: lokiSmall / 10 },
      { dimension: "queries", each: logQueriesPerQuerier },
    ],
  },
  // One for operators, as large as a querier of a large cluster: it answers queries over many tenants, and splits none of them.
  { name: "query-operators", placement: "several", pod: { cpu: 1.5, memory: 2 }, holds: [] },
  { name: "query-frontend", placement: "spread", pod: { cpu: 1, memory: 2 }, holds: [{ dimension: "megabytes", each: lokiSmall / 2 }] },
  // Loki's page: two, whatever the size.
  { name: "query-scheduler", placement: "spread", pod: { cpu: 1, memory: 0.5 }, holds: [] },
  {
    // Assumption: 50 GiB of index at hand.
    name: "index-gateway",
    placement: "quorum",
    pod: { cpu: 0.5, memory: 2, volume: 50 },
    from: large({ cpu: 0.5, memory: 4, volume: 50 }),
    holds: [{ dimension: "megabytes", each: lokiSmall / 4 }],
  },
  // One only. Assumption: 50 GiB, the index of two days.
  {
    name: "compactor",
    placement: "several",
    pod: { cpu: 2, memory: 10, volume: 50 },
    from: large({ cpu: 6, memory: 20, volume: 50 }),
    holds: [],
  },
  // As a querier, but of 2 cores: a rule costs what a query costs.
  { name: "ruler", placement: "spread", pod: { cpu: 2, memory: 2 }, holds: [{ dimension: "rules", each: 2 * rulesPerCore }] },
  memcached("memcached-chunks", 6),
  memcached("memcached-results", 1),
];

/** Thanos publishes nothing for receive and query: its parts do what Cortex' do, on the same TSDB and query engine, and are sized like them. */
const thanos: readonly Component[] = [
  { name: "receive-router", placement: "spread", pod: distributor.pod, holds: [{ dimension: "samples", each: distributor.samples }] },
  // The volume keeps two days; see `diskPerSeries`.
  { name: "receive-ingestor", placement: "quorum", pod: { ...ingester.pod, volume: 120 }, holds: ingesterHolds() },
  {
    name: "store",
    placement: "quorum",
    pod: storeGateway.pod,
    holds: [
      { dimension: "kept", each: storeGateway.kept, copies: replicationFactor },
      // Queriers ask the stores of every zone and drop what they got twice.
      { dimension: "queries", each: storeGateway.queries, copies: replicationFactor },
    ],
  },
  {
    // Thanos' compactor page: 10 GB of memory and 100 GB of disk for a medium bucket; disk for more as in Cortex.
    name: "compactor",
    placement: "classes",
    pod: { cpu: 1, memory: 10, volume: 100 },
    holds: [],
    volumePer10MSeriesOfLargest: 140,
  },
  { name: "query", placement: "spread", pod: querier.pod, holds: [{ dimension: "queries", each: querier.queries }] },
  { name: "query-frontend", placement: "spread", pod: frontend.pod, holds: [{ dimension: "queries", each: frontend.queries }] },
  { name: "query-operators", placement: "several", pod: querier.pod, holds: [] },
  // Assumption: rules of the platform's own, a few hundred.
  { name: "rule", placement: "spread", pod: { cpu: 1, memory: 2, volume: 10 }, holds: [] },
  memcached("memcached-blocks", 6),
  memcached("memcached-results", 1),
];

export const systems = ["cortex", "loki", "thanos"] as const;
export type SystemName = (typeof systems)[number];

/** What size distributed runs. */
export const distributed: Readonly<Record<SystemName, readonly Component[]>> = { cortex, loki, thanos };
