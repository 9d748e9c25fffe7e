import type { Arrow, Peer } from "../../kubernetes";
import { ports, services } from "../addresses";
import { memcachedPort } from "../memcached";
import { gateways, partOf, policy, rulersOfLogs, toStorage } from "../policies";
import type { System } from "../system";
import { gossipPort } from "./config-distributed";
import { gossipLabel, partNames, parts } from "./parts";
import type { PartName } from "./parts";

const { http, grpc } = ports.cortex;
const memcached = memcachedPort;
type Cache = "memcached-blocks" | "memcached-results";

/**
 * Who calls whom inside Cortex. Besides: members of rings gossip (7946), and parts that use the bucket reach it. Not in the table, since nobody
 * calls them: compactor, overrides-exporter, querier, and query-operators, which is for `kubectl port-forward` alone.
 */
export const calls: readonly (readonly [from: PartName, to: PartName | Cache, port: number, why: string])[] = [
  ["distributor", "ingester", grpc, "samples"],
  ["query-frontend", "query-scheduler", grpc, "queries to be done"],
  ["query-frontend", "memcached-results", memcached, "results of earlier queries"],
  ["query-scheduler", "query-frontend", grpc, "queries that failed in the queue"],
  ["querier", "query-scheduler", grpc, "fetches queries"],
  ["querier", "query-frontend", grpc, "results"],
  ["querier", "ingester", grpc, "recent samples"],
  ["querier", "store-gateway", grpc, "blocks"],
  ["querier", "memcached-blocks", memcached, "lists of blocks"],
  ["query-operators", "ingester", grpc, "recent samples"],
  ["query-operators", "store-gateway", grpc, "blocks"],
  ["query-operators", "memcached-blocks", memcached, "lists of blocks"],
  ["store-gateway", "memcached-blocks", memcached, "index and chunks"],
  ["ruler", "ingester", grpc, "recent samples, and those that rules record"],
  ["ruler", "store-gateway", grpc, "blocks"],
  ["ruler", "memcached-blocks", memcached, "lists of blocks"],
  ["ruler", "ruler", grpc, "state of rules that another one evaluates"],
  ["ruler", "alertmanager", http, "alerts"],
  ["alertmanager", "alertmanager", grpc, "alerts and silences of tenants that another one keeps"],
];

/** What tenants' gateways may reach, each the pods of one Service. */
const served: ReadonlySet<PartName> = new Set(Object.values(services.cortex));

/** The pods that use a cache. */
export function clientsOf(cache: Cache): Peer[] {
  return calls.filter(([, to]) => to === cache).map(([from]) => partOf("cortex", from));
}

/** One policy for each part, out of the table, and one for the gossip of all members. */
export function declareArrows(system: System): void {
  for (const part of partNames) policy(system, { part, metrics: metricsOf(part), from: into(part), to: outOf(part, system) });
  const gossip: Arrow = { peer: { pods: gossipLabel }, ports: [gossipPort] };
  policy(system, { part: "gossip", metrics: undefined, pods: gossipLabel, from: [gossip], to: [gossip] });
}

/** The operators' querier gives every tenant's data on that port, so not even metrics are a reason to open it. */
const metricsOf = (part: PartName) => (part === "query-operators" ? undefined : http);

function into(part: PartName): Arrow[] {
  return [
    ...(served.has(part) ? [{ peer: gateways, ports: [http] }] : []),
    // Alerts of log rules.
    ...(part === "alertmanager" ? [{ peer: rulersOfLogs("distributed"), ports: [http] }] : []),
    ...calls.filter(([, to]) => to === part).map(([from, , port]) => ({ peer: partOf("cortex", from), ports: [port] })),
  ];
}

function outOf(part: PartName, system: System): Arrow[] {
  return [
    ...calls.filter(([from]) => from === part).map(([, to, port]) => ({ peer: partOf("cortex", to), ports: [port] })),
    // Notifications of tenants' Alertmanagers: webhooks and mail submission, never private addresses.
    ...(part === "alertmanager" ? [{ peer: { internet: true as const }, ports: [443, 465, 587] }] : []),
    ...(parts[part].usesBucket ? toStorage(system.storage) : []),
  ];
}
