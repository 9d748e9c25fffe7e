import { queriesPerQuerier, replicationFactor } from "../../../model/capacity-figures";
import { ingestersLookback } from "../../../model/shards";
import { systemNamespaces } from "../../../model/names";
import type { Address } from "../../contracts";
import { clusterAddresses, ports } from "../addresses";
import { alertmanager, always, floor, frontend, mebibyte, querier, ruler, server, stores } from "./config-shared";
import type { Block, StorageShape } from "./config-shared";

/** Services that only Cortex' own parts use. */
export const discovery = { gossip: "gossip-ring", scheduler: "query-scheduler" } as const;
export const gossipPort = 7946;
const hostOf = (service: string) => `${service}.${systemNamespaces.cortex}.svc`;

/**
 * Hours for which ingesters are asked. Blocks are read from the bucket from an hour earlier on, when those of two hours are compacted (docs/blocks-storage/
 * production-tips.md: up to 6 h 45 min). A tenant's ingesters of the last so many hours may hold its samples: so long shrinking a shard size takes.
 */
export const ingesterLookbackHours = ingestersLookback / 3600;
/** What the volumes of ingesters are sized for. */
const ingesterHours = 24;

/** A number above any count of replicas: all of them. Cortex' own word for it, 0, may only be said in overrides, not here. */
const all = 10_000;

/** Largest item of each cache; cortex-jsonnet's are 5 MB for the index and 1 MB for the others. */
export const largestItem = { blocks: 5 * mebibyte, results: 5 * mebibyte } as const;

/** The pod's own name, address and zone, filled in from its environment; parts that keep no quorum have no zone. */
const pod = { name: "${POD_NAME}", address: "${POD_IP}", zone: "${ZONE:none}" } as const;
const kvstore = { store: "memberlist" } as const;
const member = { kvstore, instance_id: pod.name, instance_addr: pod.address } as const;
/** A member that comes back with its tokens, so that a restart moves nothing; it is forgotten after minutes (pkg/ring/basic_lifecycler_delegates.go). */
const zonedMember = {
  ...member,
  instance_availability_zone: pod.zone,
  zone_awareness_enabled: true,
  replication_factor: replicationFactor,
  keep_instance_in_the_ring_on_shutdown: true,
  tokens_file_path: "/data/tokens",
} as const;

/** Rejects queries, not samples, when a pod has used nearly all of its CPU. Not by memory: Cortex counts garbage as used. */
const protection = { query_protection: { rejection: { threshold: { cpu_utilization: 0.9 } } } } as const;

interface Options {
  readonly caches: Readonly<Record<"blocks" | "results", Address>>;
  readonly readSharding: boolean;
}

/** The microservices, told apart by `-target` and their environment alone. */
export function distributedBlocks(storage: StorageShape, { caches, readSharding }: Options): Block {
  const store = stores(storage);
  return {
    ...always,
    server: {
      ...server,
      // cortex-jsonnet: queriers answer front ends with up to 100 MiB, and ingesters serve many streams.
      grpc_server_max_recv_msg_size: 100 * mebibyte,
      grpc_server_max_send_msg_size: 100 * mebibyte,
      grpc_server_max_concurrent_streams: 10_000,
    },
    memberlist: {
      node_name: pod.name,
      advertise_addr: pod.address,
      join_members: [`${hostOf(discovery.gossip)}:${gossipPort}`],
      // Whoever starts first is alone for a while.
      abort_if_cluster_join_fails: false,
      rejoin_interval: "1m",
    },
    resource_monitor: { resources: "cpu" },
    ...writePath(),
    ...readPath({ caches, readSharding }),
    blocks_storage: { ...store.blocks, ...blocksStorage(caches.blocks) },
    compactor: {
      data_dir: "/data/compactor",
      compaction_interval: "30m",
      sharding_enabled: true,
      sharding_strategy: "shuffle-sharding",
      sharding_ring: member,
    },
    // Rules are evaluated inside the ruler: alerts do not wait behind tenants' queries, and the way over front ends is experimental in Cortex.
    ruler: {
      ...ruler(clusterAddresses().cortex.alertmanager),
      enable_sharding: true,
      sharding_strategy: "shuffle-sharding",
      ring: member,
    },
    ruler_storage: store.rules,
    alertmanager: { ...alertmanager, sharding_enabled: true, sharding_ring: zonedMember },
    alertmanager_storage: store.alertmanager,
    limits: {
      ...floor,
      ingestion_rate_strategy: "global",
      // Clients may be minutes late.
      max_cache_freshness: "10m",
      ingestion_tenant_shard_size: 0,
      store_gateway_tenant_shard_size: all,
      ruler_tenant_shard_size: all,
      compactor_tenant_shard_size: all,
    },
  };
}

function writePath(): Block {
  return {
    distributor: {
      shard_by_all_labels: true,
      sharding_strategy: "shuffle-sharding",
      // With `unregister_on_shutdown: false`: a restart must not spread its series over the other ingesters; two of three copies suffice.
      extend_writes: false,
      ring: member,
    },
    ingester: {
      ...protection,
      lifecycler: {
        id: pod.name,
        address: pod.address,
        availability_zone: pod.zone,
        num_tokens: 512,
        tokens_file_path: "/data/tokens",
        unregister_on_shutdown: false,
        // A first start waits for the others' tokens before it chooses its own; a restart has its own.
        join_after: "10s",
        observe_period: "10s",
        // Only metrics would need it, and meanwhile a copy is missing.
        final_sleep: "0s",
        ring: { kvstore, replication_factor: replicationFactor, zone_awareness_enabled: true },
      },
    },
  };
}

function readPath({ caches, readSharding }: Options): Block {
  const scheduler_address = `${hostOf(discovery.scheduler)}:${ports.cortex.grpc}`;
  return {
    querier: {
      ...querier,
      max_concurrent: queriesPerQuerier,
      query_ingesters_within: `${ingesterLookbackHours}h`,
      query_store_after: `${ingesterLookbackHours - 1}h`,
      shuffle_sharding_ingesters_lookback_period: readSharding ? `${ingesterLookbackHours}h` : "0s",
    },
    frontend_worker: { scheduler_address, match_max_concurrent: true, id: pod.name, instance_addr: pod.address },
    frontend: { ...frontend, scheduler_address, address: pod.address },
    // A querier that a query has killed is not replaced at once in its tenant's shard (docs/guides/shuffle-sharding.md).
    query_scheduler: { querier_forget_delay: "1m" },
    query_range: {
      split_queries_by_interval: "24h",
      cache_results: true,
      results_cache: {
        compression: "snappy",
        cache: {
          memcached: { expiration: "24h" },
          memcached_client: { addresses: dns(caches.results), timeout: "500ms", max_item_size: largestItem.results },
        },
      },
    },
    store_gateway: { ...protection, sharding_enabled: true, sharding_strategy: "shuffle-sharding", sharding_ring: zonedMember },
  };
}

/** `dns+` asks DNS again and again, so pods of a cache may come and go. */
const dns = ({ host, port }: Address) => `dns+${host}:${port}`;

function blocksStorage(cache: Address): Block {
  // cortex-jsonnet, `tsdb-config.libsonnet`. As many idle connections as concurrent reads, or connections are made anew all the time.
  const memcached = {
    addresses: dns(cache),
    timeout: "200ms",
    max_item_size: largestItem.blocks,
    max_async_buffer_size: 25_000,
    max_async_concurrency: 50,
    max_get_multi_batch_size: 100,
    max_get_multi_concurrency: 100,
    max_idle_connections: 100,
  };
  const cached = { backend: "memcached", memcached };
  return {
    tsdb: {
      dir: "/data/tsdb",
      retention_period: `${ingesterHours}h`,
      // Tenants that are gone leave memory and volume.
      close_idle_tsdb_timeout: `${ingesterHours}h`,
    },
    bucket_store: {
      sync_dir: "/data/sync",
      bucket_index: { enabled: true },
      index_cache: cached,
      chunks_cache: cached,
      metadata_cache: cached,
      // Blocks that are not compacted are not asked for, unless their compacted successor is new: production-tips.md.
      ignore_deletion_mark_delay: "1h",
      index_header_lazy_loading_enabled: true,
      index_header_lazy_loading_idle_timeout: "1h",
      // Shares the bytes a store gateway reads out among tenants; the sizes are Cortex' own, three quarters of a pod's for one tenant.
      token_bucket_bytes_limiter: { mode: "enabled" },
    },
  };
}
