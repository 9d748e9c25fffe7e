import { ports } from "../addresses";
import { alertmanager, always, floor, frontend, querier, ruler, server, stores } from "./config-shared";
import type { Block, StorageShape } from "./config-shared";

const self = "127.0.0.1";
const grpc = `${self}:${ports.cortex.grpc}`;
const memory = { kvstore: { store: "inmemory" } };
/** Gossip of the one process with the operators' querier in the same pod; no network policy opens it. */
const gossipPort = 7946;

/** `-target=all`: one process that finds itself. Only the ingesters' ring is gossiped, so that the operators' querier finds the one ingester. */
export function singleBlocks(storage: StorageShape): Block {
  const { blocks, rules, alertmanager: alertmanagerStore } = stores(storage);
  return {
    ...always,
    // `all` is without what tells Prometheus which limits are in force.
    target: "all,overrides-exporter",
    server,
    memberlist: { bind_port: gossipPort, advertise_addr: self, advertise_port: gossipPort },
    distributor: { shard_by_all_labels: true, ring: memory },
    ingester: { lifecycler: { address: self, num_tokens: 512, ring: { kvstore: { store: "memberlist" }, replication_factor: 1 } } },
    querier: { ...querier, store_gateway_addresses: grpc },
    frontend,
    frontend_worker: { match_max_concurrent: true, frontend_address: grpc },
    blocks_storage: {
      ...blocks,
      tsdb: { dir: "/data/tsdb" },
      bucket_store: { sync_dir: "/data/sync" },
    },
    compactor: { data_dir: "/data/compactor", sharding_ring: memory },
    store_gateway: { sharding_enabled: false, sharding_ring: memory },
    ruler: { ...ruler({ host: self, port: ports.cortex.http }), ring: memory },
    ruler_storage: rules,
    alertmanager: { ...alertmanager, sharding_ring: memory },
    alertmanager_storage: alertmanagerStore,
    limits: { ...floor, ingestion_rate_strategy: "local" },
  };
}

/** Its port is the one for operators: `kubectl -n cortex port-forward cortex-0 8081`. */
const operators = { http: 8081, grpc: 9096, gossip: 7947 } as const;

/**
 * Arguments, behind those of the one process, that make a second one beside it the operators' querier: it reads across tenants
 * (`X-Scope-OrgID: a|b`). It finds the ingester by gossip and reads the same bucket or volume.
 */
export const operatorsArgs: readonly string[] = [
  "-target=querier",
  "-tenant-federation.enabled=true",
  // On the pod's loopback, where nothing but `kubectl port-forward` comes, and what runs in the pod.
  `-server.http-listen-address=${self}`,
  `-server.grpc-listen-address=${self}`,
  `-server.http-listen-port=${operators.http}`,
  `-server.grpc-listen-port=${operators.grpc}`,
  `-memberlist.bind-port=${operators.gossip}`,
  `-memberlist.advertise-port=${operators.gossip}`,
  `-memberlist.join=${self}:${gossipPort}`,
  "-memberlist.abort-if-join-fails=false",
  // Containers of a pod restart one by one, and the other one does not look for this one.
  "-memberlist.rejoin-interval=10s",
  // No tenant's query may come to it.
  "-querier.frontend-address=",
  "-querier.active-query-tracker-dir=/data/operators/active-query-tracker",
];
