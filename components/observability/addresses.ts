import { platformTenant, systemNamespaces, tenantNamespace } from "../../model/names";
import type { Address, SharedCluster } from "../contracts";

/** Ports of the pods; Services use the same numbers, so a network policy reads like the address. */
export const ports = {
  cortex: { http: 8080, grpc: 9095 },
  loki: { http: 3100, grpc: 9095 },
  thanos: { http: 10902, grpc: 10901, remoteWrite: 19291 },
} as const;

/** The Services that `SharedCluster` speaks of, by system: name and the port of the API. Names do not depend on the size. */
export const services = {
  cortex: { push: "distributor", query: "query-frontend", ruler: "ruler", alertmanager: "alertmanager" },
  loki: { push: "distributor", query: "query-frontend", tail: "querier", ruler: "ruler", compactor: "compactor" },
  thanos: { receive: "receive", query: "query-frontend", stores: "stores" },
} as const;

function address(system: keyof typeof systemNamespaces, service: string, port: number): Address {
  return { host: `${service}.${systemNamespaces[system]}.svc`, port };
}

/** The Prometheus of the platform's own tenant: no store, but it knows what stores count for each tenant. */
export const platformPrometheusAddress: Address = { host: `prometheus.${tenantNamespace(platformTenant)}.svc`, port: 9090 };

/**
 * Addresses of the shared systems, as names and numbers only: a stack of tenants that does not declare the cluster uses it too.
 * Services are named after the microservice that answers, also where one process answers for all, so they are the same in both sizes and a
 * tenant's gateway does not change when the cluster grows from single to distributed.
 */
export function clusterAddresses(): SharedCluster {
  const cortex = (service: string) => address("cortex", service, ports.cortex.http);
  const loki = (service: string) => address("loki", service, ports.loki.http);
  return {
    cortex: {
      push: cortex(services.cortex.push),
      query: cortex(services.cortex.query),
      ruler: cortex(services.cortex.ruler),
      alertmanager: cortex(services.cortex.alertmanager),
    },
    loki: {
      push: loki(services.loki.push),
      query: loki(services.loki.query),
      tail: loki(services.loki.tail),
      ruler: loki(services.loki.ruler),
      compactor: loki(services.loki.compactor),
    },
    thanos: {
      receive: address("thanos", services.thanos.receive, ports.thanos.remoteWrite),
      query: address("thanos", services.thanos.query, ports.thanos.http),
      stores: [address("thanos", services.thanos.stores, ports.thanos.grpc)],
    },
    platform: { prometheus: platformPrometheusAddress },
  };
}
