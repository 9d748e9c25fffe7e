import { outside } from "./network-world";

/** What ends of arrows are called on the page, where that is not `<System> <part>`. */
export const role = {
  gateway: "tenant's gateway",
  grafana: "tenant's Grafana",
  prometheus: "tenant's Prometheus",
  frontend: "tenant's own Thanos query-frontend",
  query: "tenant's own Thanos query",
  applications: "tenant's applications",
  collectors: "Collectors of logs",
  platformPrometheus: "Prometheus of tenant system",
  platformGateway: "gateway of tenant system",
} as const;

/** Why each way is open, by the roles at its ends. */
export type Reasons = Readonly<Record<string, Readonly<Record<string, string>>>>;

const apiServer = (note: string) => `Kubernetes' API server, whose address nobody can know beforehand; ${note}`;
const each = (names: readonly string[], why: string) => Object.fromEntries(names.map((name) => [name, why]));
const toAll = (names: readonly string[], to: Reasons[string]): Reasons => Object.fromEntries(names.map((name) => [name, to]));
const scraped = (names: readonly string[]) => each(names, "The platform's own metrics");
const ofSystem = (system: string, parts: readonly string[]) => parts.map((part) => `${system} ${part}`);

const webhooks = "Tenants' alerts: webhooks and mail; with S3 of AWS, blocks too";
const credentials = { [outside.podIdentity]: "Credentials for the bucket" };
const bucket = { [outside.internet]: "Blocks in S3 of AWS", ...credentials };
const storeApi = "StoreAPI";
const series = "How many series each tenant has, for their limits";
const samples = "Tenants with `metrics: thanos`: samples";
const reads = "Tenants with `metrics: thanos`: queries, unless `querier: dedicated`";

/** Ways that there are in every size. */
const always: Reasons = {
  [outside.anyPod]: { [role.gateway]: "Clients inside the cluster, with a token" },
  [outside.internet]: { [role.gateway]: "Clients, with a token, through a load balancer of the cluster's own" },
  [outside.privateNetwork]: { [role.gateway]: "Clients and load balancers of the cluster's own network, with a token" },
  [outside.proxies]: { [role.gateway]: "Clients, with a token: the edge passes their TLS connections on" },
  [role.gateway]: {
    [role.grafana]: "People's browsers",
    [role.prometheus]: "What Datadog agents send: the collector is a container of this pod",
    [role.frontend]: "Tenants with `querier: dedicated`: queries",
    [role.platformPrometheus]: "What stores count and apply for this tenant, for the tenant's own dashboard: docs/monitoring.md",
    "Thanos query-frontend": reads,
  },
  [role.grafana]: {
    [role.gateway]: "Dashboards, with a token of Grafana's own",
    [outside.internet]: "Tenants with `grafana.auth`: signing people in",
  },
  [role.prometheus]: {
    [role.gateway]: "Writes what it scrapes and what the collector takes in, with tokens of their own; scrapes the gateway's metrics",
    [role.applications]: "Scrapes namespaces whose owners labelled them `tenantstack.dev/scraped-by: <tenant>`",
    [outside.anyPod]: apiServer("pods that listen there and are not ours come with it"),
    [outside.proxies]: apiServer("the proxies' namespace has no policy of ours"),
    [outside.privateNetwork]: apiServer("its usual place"),
    [outside.internet]: apiServer("its place in some clouds"),
  },
  [role.platformPrometheus]: {
    [role.gateway]: "The platform's metrics of every gateway",
    ...scraped([role.collectors, ...ofSystem("Thanos", ["compactor", "query-frontend", "query"])]),
  },
  [role.collectors]: { [role.platformGateway]: "The platform's logs, with a token of their own" },
  "Thanos compactor": bucket,
  "Thanos query-frontend": { "Thanos query": "Queries; the tenant's header is enforced there" },
  [role.frontend]: { [role.query]: "Queries; the tenant is fixed there" },
};

const single: Reasons = {
  [role.gateway]: {
    Cortex: "Tenants with `metrics: cortex`: samples, queries, rules, alerts",
    Loki: "Tenants with `logs`: lines, queries, rules",
    "Thanos receive": samples,
  },
  [role.platformPrometheus]: scraped(["Cortex", "Loki", "Thanos receive", "Thanos store"]),
  Cortex: { [outside.internet]: webhooks, ...credentials },
  Loki: { Cortex: "Alerts of rules on logs", ...bucket },
  "Thanos receive": { [role.platformPrometheus]: series, ...bucket },
  "Thanos store": bucket,
  ...toAll(["Thanos query", "Thanos query-operators", role.query], { "Thanos receive": storeApi, "Thanos store": storeApi }),
};

const pulls = "Takes queries from it and answers to it";
const recent = "What is not in the bucket yet";
const cortexReads = {
  "Cortex ingester": recent,
  "Cortex store-gateway": "Blocks in the bucket",
  "Cortex memcached-blocks": "Metadata of blocks",
  ...bucket,
};
const lokiReads = {
  "Loki ingester": recent,
  "Loki index-gateway": "Which chunks hold an answer",
  "Loki compactor": "What was asked to be deleted",
  "Loki memcached-chunks": "Chunks",
  ...bucket,
};
const thanosReads = { "Thanos receive-ingestor": storeApi, "Thanos store": storeApi, "Thanos rule": storeApi };

const distributed: Reasons = {
  [role.gateway]: {
    "Cortex distributor": "Tenants with `metrics: cortex`: samples",
    "Cortex query-frontend": "Tenants with `metrics: cortex`: queries",
    "Cortex ruler": "Tenants with `metrics: cortex`: their rules and what fires",
    "Cortex alertmanager": "Tenants with `metrics: cortex`: alerts, silences",
    "Loki distributor": "Tenants with `logs`: lines",
    "Loki query-frontend": "Tenants with `logs`: queries",
    "Loki querier": "Tenants with `logs`: live tails",
    "Loki ruler": "Tenants with `logs`: their rules and what fires",
    "Loki compactor": "Tenants with `logs`: deletes",
    "Thanos receive-router": samples,
  },
  [role.platformPrometheus]: scraped([
    ...ofSystem("Cortex", ["alertmanager", "compactor", "distributor", "ingester", "memcached-blocks", "memcached-results"]),
    ...ofSystem("Cortex", ["overrides-exporter", "querier", "query-frontend", "query-scheduler", "ruler", "store-gateway"]),
    ...ofSystem("Loki", ["compactor", "distributor", "index-gateway", "ingester", "memcached-chunks", "memcached-results"]),
    ...ofSystem("Loki", ["querier", "query-frontend", "query-scheduler", "ruler"]),
    ...ofSystem("Thanos", ["memcached-blocks", "memcached-results", "receive-ingestor", "receive-router", "rule", "store"]),
  ]),
  "Cortex distributor": { "Cortex ingester": "Samples, three copies" },
  "Cortex ingester": bucket,
  "Cortex query-frontend": { "Cortex query-scheduler": "Queues queries", "Cortex memcached-results": "Results" },
  "Cortex query-scheduler": { "Cortex query-frontend": "Says when a querier is gone" },
  "Cortex querier": { "Cortex query-scheduler": pulls, "Cortex query-frontend": "Answers", ...cortexReads },
  "Cortex query-operators": cortexReads,
  "Cortex store-gateway": { "Cortex memcached-blocks": "Index and metadata of blocks", ...bucket },
  "Cortex compactor": bucket,
  "Cortex ruler": {
    ...cortexReads,
    "Cortex ingester": "What is not in the bucket yet, and samples of recording rules",
    "Cortex ruler": "Which rules fire, of all shards",
    "Cortex alertmanager": "What fires",
  },
  "Cortex alertmanager": {
    "Cortex alertmanager": "Silences and what was sent, to its copies",
    [outside.internet]: webhooks,
    ...credentials,
  },
  "Loki distributor": { "Loki ingester": "Lines, three copies" },
  "Loki ingester": { "Loki memcached-chunks": "Chunks", ...bucket },
  "Loki query-frontend": {
    "Loki query-scheduler": "Queues queries",
    "Loki memcached-results": "Results",
    "Loki compactor": "What was asked to be deleted, for what is cached",
  },
  "Loki query-scheduler": { "Loki query-frontend": "Says when a querier is gone" },
  "Loki querier": { "Loki query-scheduler": pulls, "Loki query-frontend": "Answers", ...lokiReads },
  "Loki query-operators": lokiReads,
  "Loki index-gateway": bucket,
  "Loki compactor": bucket,
  "Loki ruler": { ...lokiReads, "Loki ruler": "Which rules fire, of all shards", "Cortex alertmanager": "Alerts of rules on logs" },
  "Thanos receive-router": { "Thanos receive-ingestor": "Samples, three copies", [role.platformPrometheus]: series },
  "Thanos receive-ingestor": bucket,
  "Thanos store": { "Thanos memcached-blocks": "Index and metadata of blocks", ...bucket },
  "Thanos query-frontend": { "Thanos memcached-results": "Results" },
  "Thanos rule": { "Thanos query-operators": "Rules of the platform over all tenants", ...bucket },
  ...toAll(["Thanos query", "Thanos query-operators", role.query], thanosReads),
};

function merged(a: Reasons, b: Reasons): Reasons {
  const from = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return Object.fromEntries(from.map((name) => [name, { ...a[name], ...b[name] }]));
}

/** `all` has every way of a size; those of `own` must be open. A way that is in neither has no reason, and the page cannot be made. */
export const reasons = {
  single: { all: merged(always, single), own: merged(always, single) },
  // Whose examples have one edge only, so that not every way of clients is open.
  distributed: { all: merged(always, distributed), own: distributed },
} as const;
