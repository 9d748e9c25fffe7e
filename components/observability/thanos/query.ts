import type { Address } from "../../contracts";
import { selector } from "../../kubernetes";
import type { Arrow } from "../../kubernetes";
import { images } from "../../../model/versions";
import { ports, services } from "../addresses";
import { gateways, policy } from "../policies";
import type { System } from "../system";
import { deployment, service } from "../workload";
import { alive, component, drain, partWith, bucketlessAccount, querierPorts, ready, uid, type Size } from "./parts";
import { frontendArgs, queryArgs, type Tenancy } from "./query-config";
import { noTenant } from "./flags";

const { http, grpc } = ports.thanos;

/** Names every pod that speaks StoreAPI. */
export function storesService(system: System): void {
  service(system, { name: services.thanos.stores, part: "stores", ports: { grpc }, headless: true, select: partWith(component.store) });
}

/** The queriers that tenants' queries end in: only a front end reaches them, and they answer for the tenant of its header. */
export function enforcingQuerier(system: System, stores: readonly Address[], size: Size): Address {
  return querier(system, stores, size, {
    part: "query",
    tenancy: { kind: "header" },
    from: [{ peer: { pods: partWith(component.frontend) }, ports: [http] }],
    // Its metrics are on the same port.
    metrics: http,
  });
}

/**
 * The querier of operators answers for all tenants. Nobody reaches it but `from`, so that its port is no way around tenancy: not even metrics are a
 * reason to open it. Whoever may forward a port to it reads every tenant.
 */
export function operatorsQuerier(system: System, stores: readonly Address[], size: Size, from: Arrow[] = []): Address {
  return querier(system, stores, size, { part: "query-operators", tenancy: { kind: "none" }, from, metrics: undefined });
}

interface Querier {
  readonly part: string;
  readonly tenancy: Tenancy;
  readonly from: Arrow[];
  readonly metrics: number | undefined;
}

function querier(
  system: System,
  stores: readonly Address[],
  { replicas, resources }: Size,
  { part, tenancy, from, metrics }: Querier,
): Address {
  deployment(system, {
    part,
    uid,
    ...(replicas !== undefined && { replicas }),
    serviceAccount: bucketlessAccount,
    graceSeconds: 120,
    podLabels: component.querier,
    container: { image: images.thanos, args: queryArgs(stores, tenancy), ports: querierPorts, resources, ready, alive, ...drain },
  });
  service(system, { name: part, part, ports: { http } });
  policy(system, { part, metrics, from, to: [{ peer: { pods: partWith(component.store) }, ports: [grpc] }] });
  return { host: `${part}.${system.namespace}.svc`, port: http };
}

/** What tenants' gateways talk to. */
export function frontend(system: System, downstream: Address, { replicas, resources }: Size, cache?: Address): void {
  const part = services.thanos.query;
  deployment(system, {
    part,
    uid,
    ...(replicas !== undefined && { replicas }),
    serviceAccount: bucketlessAccount,
    graceSeconds: 120,
    podLabels: component.frontend,
    container: {
      image: images.thanos,
      args: frontendArgs(downstream, noTenant, cache),
      ports: { http },
      resources,
      ready,
      alive,
      ...drain,
    },
  });
  service(system, { name: part, part, ports: { http } });
  policy(system, {
    part,
    metrics: http,
    from: [{ peer: gateways, ports: [http] }],
    to: [
      { peer: { pods: selector("thanos", "query") }, ports: [http] },
      ...(cache ? [{ peer: { pods: selector("thanos", caches.results) }, ports: [cache.port] }] : []),
    ],
  });
}

/** Memcached of Thanos, as model/capacity-figures.ts names it. */
export const caches = { results: "memcached-results", blocks: "memcached-blocks" } as const;
