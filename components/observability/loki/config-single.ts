import { toYaml } from "../../../model/text";
import type { Address } from "../../contracts";
import { ports } from "../addresses";
import type { StorageShape } from "../cortex/config";
import { dataPath, lokiBase, rulerConfig } from "./config";

const self = "127.0.0.1";
/** Gossip of the one process with the operators' querier in the same pod; no network policy opens it. */
const gossipPort = 7946;

/**
 * Loki's main configuration for `-target=all`, to be read with `-config.expand-env`. Tenants' limits are not here but in the runtime files. Only the
 * ingesters' ring is gossiped, so that the operators' querier finds the one ingester.
 */
export function lokiConfig(storage: StorageShape, limits: readonly string[], alertmanager: Address): string {
  const base = lokiBase(storage, limits);
  return toYaml({
    ...base,
    // `all` is without what tells Prometheus which limits are in force.
    target: "all,overrides-exporter",
    common: {
      path_prefix: dataPath,
      instance_addr: self,
      replication_factor: 1,
      compactor_grpc_address: `${self}:${ports.loki.grpc}`,
      ring: { kvstore: { store: "inmemory" } },
    },
    memberlist: { bind_port: gossipPort, advertise_port: gossipPort },
    ingester: { ...base.ingester, lifecycler: { ring: { kvstore: { store: "memberlist" } } } },
    ruler: rulerConfig(alertmanager),
  });
}

/** Its port is the one for operators: `kubectl -n loki port-forward loki-0 3101`. */
const operators = { http: 3101, grpc: 9096, gossip: 7947 } as const;

/**
 * Arguments, behind those of the one process, that make a second one beside it the operators' querier: it reads across tenants
 * (`X-Scope-OrgID: a|b`). It finds the ingester by gossip and reads the same bucket or volume.
 */
export const operatorsArgs: readonly string[] = [
  "-target=querier",
  "-querier.multi-tenant-queries-enabled=true",
  // On the pod's loopback, where nothing but `kubectl port-forward` comes, and what runs in the pod.
  `-server.http-listen-address=${self}`,
  `-server.grpc-listen-address=${self}`,
  `-server.http-listen-port=${operators.http}`,
  `-server.grpc-listen-port=${operators.grpc}`,
  `-memberlist.bind-port=${operators.gossip}`,
  `-memberlist.advertise-port=${operators.gossip}`,
  `-memberlist.join=${self}:${gossipPort}`,
  // Containers of a pod restart one by one, and the other one does not look for this one.
  "-memberlist.rejoin-interval=10s",
  // What it keeps of the index is its own.
  `-common.path-prefix=${dataPath}/operators`,
];
