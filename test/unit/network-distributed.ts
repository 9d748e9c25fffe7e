import type { Shared } from "./network-design";

/** Size distributed as the design draws it: a call a line, from the parts that make it. */

const zones = ["zone-a", "zone-b", "zone-c"];
const copied = /\/(ingester|store-gateway|alertmanager|receive-ingestor|store)$/;
/** The pods of a part: one in each zone of what keeps copies. */
const pods = (part: string) => (copied.test(part) ? zones.map((zone) => `${part}-${zone}`) : [part]);
const of = (system: string, parts: string) => parts.split(" ").map((part) => `${system}/${part}`);

const cortexRing = of("cortex", "alertmanager compactor distributor ingester querier query-operators ruler store-gateway");
const cortexRest = of("cortex", "memcached-blocks memcached-results overrides-exporter query-frontend query-scheduler");
const lokiRing = of("loki", "compactor distributor index-gateway ingester querier query-operators ruler");
const lokiRest = of("loki", "memcached-chunks memcached-results query-frontend query-scheduler");
const compactors = of("thanos", "compactor-30d compactor-default");
const thanosQueries = of("thanos", "query query-operators dedicated-gamma-query");
const thanos = [
  ...of("thanos", "dedicated-gamma-frontend memcached-blocks memcached-results query-frontend receive-ingestor receive-router rule store"),
  ...compactors,
  ...thanosQueries,
];
const all = [...cortexRing, ...cortexRest, ...lokiRing, ...lokiRest, ...thanos];

const bucketOwners = [
  ...of("cortex", "alertmanager compactor ingester querier query-operators ruler store-gateway"),
  ...of("loki", "compactor index-gateway ingester querier query-operators ruler"),
  ...of("thanos", "receive-ingestor rule store"),
  ...compactors,
];

type Call = readonly [from: readonly string[], to: readonly string[], ports: string];
const cortexReaders = of("cortex", "querier query-operators ruler");
const lokiReaders = of("loki", "querier query-operators ruler");
const calls: readonly Call[] = [
  [cortexRing, cortexRing, "7946"],
  [of("cortex", "distributor"), of("cortex", "ingester"), "9095"],
  [cortexReaders, of("cortex", "ingester store-gateway"), "9095"],
  [[...cortexReaders, "cortex/store-gateway"], of("cortex", "memcached-blocks"), "11211"],
  [of("cortex", "querier"), of("cortex", "query-frontend query-scheduler"), "9095"],
  [of("cortex", "query-frontend"), of("cortex", "query-scheduler"), "9095"],
  [of("cortex", "query-frontend"), of("cortex", "memcached-results"), "11211"],
  [of("cortex", "query-scheduler"), of("cortex", "query-frontend"), "9095"],
  [of("cortex", "ruler"), of("cortex", "ruler"), "9095"],
  [["cortex/ruler", "loki/ruler"], of("cortex", "alertmanager"), "8080"],
  [of("cortex", "alertmanager"), of("cortex", "alertmanager"), "9095"],
  [lokiRing, lokiRing, "7946"],
  [of("loki", "distributor"), of("loki", "ingester"), "9095"],
  [lokiReaders, of("loki", "compactor index-gateway ingester"), "9095"],
  [[...lokiReaders, "loki/ingester"], of("loki", "memcached-chunks"), "11211"],
  [of("loki", "querier"), of("loki", "query-frontend query-scheduler"), "9095"],
  [of("loki", "query-frontend"), of("loki", "compactor query-scheduler"), "9095"],
  [of("loki", "query-frontend"), of("loki", "memcached-results"), "11211"],
  [of("loki", "query-scheduler"), of("loki", "query-frontend"), "9095"],
  [of("loki", "ruler"), of("loki", "ruler"), "9095"],
  [of("thanos", "receive-router"), of("thanos", "receive-ingestor"), "10901"],
  [of("thanos", "receive-router"), ["system-tenant/prometheus"], "9090"],
  [of("thanos", "store"), of("thanos", "memcached-blocks"), "11211"],
  [of("thanos", "query-frontend"), of("thanos", "memcached-results"), "11211"],
  [of("thanos", "query-frontend"), of("thanos", "query"), "10902"],
  [of("thanos", "dedicated-gamma-frontend"), of("thanos", "dedicated-gamma-query"), "10902"],
  [of("thanos", "rule"), of("thanos", "query-operators"), "10902"],
  [thanosQueries, of("thanos", "receive-ingestor rule store"), "10901"],
  // Tenants' webhooks and mail; the rest is S3.
  [of("cortex", "alertmanager"), ["internet"], "443 465 587"],
  [bucketOwners.filter((part) => part !== "cortex/alertmanager"), ["internet"], "443"],
  [bucketOwners, ["workload identity"], "80"],
];

/** Several calls between two pods are one way with several ports. */
function ways(): string[] {
  const ports = new Map<string, string[]>();
  for (const [from, to, port] of calls)
    for (const a of from.flatMap(pods))
      for (const b of to.flatMap(pods)) ports.set(`${a} -> ${b}`, [...(ports.get(`${a} -> ${b}`) ?? []), port]);
  return [...ports].map(([way, open]) => `${way}: ${open.sort((a, b) => Number(a) - Number(b)).join(" ")}`);
}

const to = (parts: readonly string[], port: string) => Object.fromEntries(parts.flatMap(pods).map((pod) => [pod, port]));
const scrapedPort = (part: string) =>
  part.includes("memcached") ? "9150" : ({ cortex: "8080", loki: "3100" }[part.split("/")[0] ?? ""] ?? "10902");
/** Of neither of these Prometheus knows: operators' queriers are reached by nobody, dedicated ones by their tenant. */
const unseen = /query-operators|dedicated/;

export const distributed: Shared = {
  pods: all.flatMap(pods),
  ways: ways(),
  bucketOwners: bucketOwners.flatMap(pods),
  scraped: Object.assign({}, ...all.filter((part) => !unseen.test(part)).map((part) => to([part], scrapedPort(part)))) as Shared["scraped"],
  logs: to(of("loki", "compactor distributor querier query-frontend ruler"), "3100"),
  metrics: {
    cortex: to(of("cortex", "alertmanager distributor query-frontend ruler"), "8080"),
    receive: { "thanos/receive-router": "19291" },
  },
  series: ["thanos/receive-router"],
  operatorsQuerier: ["thanos/rule"],
  grpc: /^(cortex|loki)\/|^thanos\/(receive-router|query|query-operators|dedicated-gamma-query) -> thanos\/(receive-ingestor|store|rule)/,
};
