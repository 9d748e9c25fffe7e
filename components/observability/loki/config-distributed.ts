import { logQueriesPerQuerier, replicationFactor } from "../../../model/capacity-figures";
import { toYaml } from "../../../model/text";
import type { Address } from "../../contracts";
import type { StorageShape } from "../cortex/config";
import { dataPath, lokiBase, rulerConfig } from "./config";

/** Where Loki's processes find one another, and what else they use. */
export interface LokiPeers {
  /** All members of the rings. */
  readonly gossip: Address;
  readonly scheduler: Address;
  /** gRPC of the compactor: who reads asks it what is to be deleted. */
  readonly compactor: Address;
  readonly alertmanager: Address;
  readonly chunks: Address;
  readonly results: Address;
}

const at = ({ host, port }: Address) => `${host}:${port}`;

/** Slower than this a cache is no help. What waits to be written to it must fit into a small pod; the default is 500 MB. */
function cache(address: Address) {
  return {
    background: { writeback_goroutines: 4, writeback_size_limit: "64MB" },
    memcached_client: { addresses: `dns+${at(address)}`, consistent_hash: true, timeout: "500ms" },
  };
}

/**
 * Loki's main configuration for all of its microservices, each with a `-target` of its own, to be read with `-config.expand-env`: `POD_NAME` and
 * `POD_IP` say who a process is in the rings, so that no interface is guessed. Option names: docs/sources/shared/configuration.md of Loki v3.7.6.
 */
export function lokiDistributedConfig(storage: StorageShape, limits: readonly string[], peers: LokiPeers): string {
  const base = lokiBase(storage, limits);
  return toYaml({
    ...base,
    common: {
      path_prefix: dataPath,
      instance_addr: "${POD_IP}",
      replication_factor: replicationFactor,
      compactor_grpc_address: at(peers.compactor),
      ring: { instance_id: "${POD_NAME}", kvstore: { store: "memberlist" } },
    },
    memberlist: {
      bind_port: peers.gossip.port,
      join_members: [`dns+${at(peers.gossip)}`],
      // Pods of another system that come by an address of ours are no members.
      cluster_label: "loki",
      // Whoever comes first waits for nobody, and groups that were apart find together again.
      abort_if_cluster_join_fails: false,
      rejoin_interval: "30s",
    },
    ingester: {
      ...base.ingester,
      // A replica that is lost for good, or that a smaller plan took away, holds up no other.
      autoforget_unhealthy: true,
      lifecycler: {
        // A restart keeps its tokens and so its streams; meanwhile the other two copies have to agree.
        tokens_file_path: `${dataPath}/ingester.tokens`,
        unregister_on_shutdown: false,
        ring: { zone_awareness_enabled: true },
      },
    },
    frontend: { scheduler_address: at(peers.scheduler) },
    frontend_worker: { scheduler_address: at(peers.scheduler) },
    // Federated queries are for operators only, who have a querier of their own.
    querier: { max_concurrent: logQueriesPerQuerier, multi_tenant_queries_enabled: false },
    query_range: { cache_results: true, results_cache: { cache: cache(peers.results) } },
    chunk_store_config: { chunk_cache_config: cache(peers.chunks) },
    index_gateway: { mode: "ring" },
    ruler: { ...rulerConfig(peers.alertmanager), enable_sharding: true, sharding_strategy: "shuffle-sharding" },
  });
}
