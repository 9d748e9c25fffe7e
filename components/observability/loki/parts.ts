import type { Arrow, Labels } from "../../kubernetes";
import { selector } from "../../kubernetes";
import { ports, services } from "../addresses";

/** Loki's microservices, by the names that model/capacity-figures.ts gives them; memcached apart. */
export const parts = [
  "distributor",
  "ingester",
  "querier",
  "query-frontend",
  "query-scheduler",
  "query-operators",
  "index-gateway",
  "compactor",
  "ruler",
] as const;
export type Part = (typeof parts)[number];

export const gossipPort = 7946;

/** Who keeps a ring or reads one: these gossip with one another. */
const ringMembers: ReadonlySet<Part> = new Set([
  "distributor",
  "ingester",
  "querier",
  "query-operators",
  "index-gateway",
  "compactor",
  "ruler",
]);
export const gossips = (part: Part): boolean => ringMembers.has(part);

/** Label of ring members, and what selects them. */
export const gossipLabel: Labels = { "tenantstack.dev/gossip": "loki" };
export const gossipPods: Labels = { "app.kubernetes.io/part-of": "loki", ...gossipLabel };

/** What reaches the bucket; the rest has an account that must not. */
export const usesBucket = (part: Part): boolean => !["distributor", "query-frontend", "query-scheduler"].includes(part);

/** Parts that tenants' gateways talk to. */
export const isPublic = (part: Part): boolean => Object.values<string>(services.loki).includes(part);

/** Parts that evaluate queries: they read ingesters, index gateways, the bucket and the cache of chunks. */
const readers: readonly Part[] = ["querier", "query-operators", "ruler"];

/** Who calls whom by gRPC: [from, to]. */
const calls: readonly (readonly [from: readonly Part[], to: Part])[] = [
  [["distributor", ...readers], "ingester"],
  [readers, "index-gateway"],
  // Who answers from the store or from a cache asks what is to be deleted.
  [[...readers, "query-frontend"], "compactor"],
  // Front ends hand queries over, queriers fetch them.
  [["query-frontend", "querier"], "query-scheduler"],
  // Queriers answer the front end that asks; schedulers tell it what they cannot serve.
  [["querier", "query-scheduler"], "query-frontend"],
  // Rulers ask one another for the state of their shares.
  [["ruler"], "ruler"],
];

const arrow = (part: Part): Arrow => ({ peer: { pods: selector("loki", part) }, ports: [ports.loki.grpc] });
const gossip: Arrow = { peer: { pods: gossipPods }, ports: [gossipPort] };

/** The ways into a part from within Loki. */
export function callersOf(part: Part): Arrow[] {
  const from = calls.filter(([, to]) => to === part).flatMap(([callers]) => callers);
  return [...from.map(arrow), ...(gossips(part) ? [gossip] : [])];
}

/** The ways out of a part to others of Loki. */
export function calledBy(part: Part): Arrow[] {
  const to = calls.filter(([callers]) => callers.includes(part)).map(([, called]) => called);
  return [...to.map(arrow), ...(gossips(part) ? [gossip] : [])];
}

/** Parts that use each of the caches. */
export const cacheClients = { chunks: ["ingester", ...readers], results: ["query-frontend"] } as const satisfies Record<
  string,
  readonly Part[]
>;
