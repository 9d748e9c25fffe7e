import type { ApiHost } from "./hosts";
import type { Tenant } from "./tenant";

/** What a token may do. `scope` of a token is a space-separated list of these. */
export const scopes = [
  "metrics:write",
  "metrics:read",
  "logs:write",
  "logs:read",
  "logs:delete",
  "rules:read",
  "rules:write",
  "alerts:read",
  "alerts:write",
] as const;
export type Scope = (typeof scopes)[number];

/** Where a route leads: a field of `SharedCluster`, or the tenant's own collector. */
export type Upstream =
  | "cortex.push"
  | "cortex.query"
  | "cortex.ruler"
  | "cortex.alertmanager"
  | "loki.push"
  | "loki.query"
  | "loki.tail"
  | "loki.ruler"
  | "loki.compactor"
  | "thanos.receive"
  | "thanos.query"
  | "collector";

/** Which of the gateway's rate limits counts a request. */
export const limitClasses = ["ingest", "query", "manage"] as const;
export type LimitClass = (typeof limitClasses)[number];

/** One public API path. A path that no route names does not exist for tenants. */
export interface Route {
  /** Stable id, e.g. `cortex-push`; rows of documentation and of conformance reports carry it. */
  readonly id: string;
  readonly host: ApiHost;
  readonly methods: readonly ("GET" | "POST" | "PUT" | "DELETE")[];
  /** Exact path, with `{name}` for one segment that must not be empty: `/api/v1/label/{n}/values`. */
  readonly path: string;
  readonly scope: Scope;
  readonly upstream: Upstream;
  /** Path at the upstream, when it differs; same `{name}` placeholders in the same order. */
  readonly rewrite?: string;
  /** A WebSocket upgrade (Loki's tail). */
  readonly websocket?: true;
  /** Which of the gateway's rate limits counts it. */
  readonly limit: LimitClass;
  /** One line for the documentation. */
  readonly summary: string;
}

type Method = Route["methods"][number];
type Common = Pick<Route, "host" | "scope" | "upstream" | "limit">;
/** id without its host, methods, path, summary, and what few routes have. */
type Row = readonly [string, string, string, string, Partial<Pick<Route, "rewrite" | "websocket">>?];

/** Rows that share a host, scope, upstream and limit; `methods` is written `GET,POST`. */
function rows(common: Common, list: readonly Row[]): Route[] {
  return list.map(([id, methods, path, summary, more]) => ({
    ...common,
    id: `${common.host}-${id}`,
    methods: methods.split(",") as Method[],
    path,
    summary,
    ...more,
  }));
}

/** Prometheus' query API, read through two prefixes: `/api/prom` is what Grafana's Cortex datasource must use, `/prometheus` what people know. */
const cortexReads = (["/prometheus", "/api/prom"] as const).flatMap((prefix) => {
  const id = prefix === "/prometheus" ? "" : "grafana-";
  const api = `${prefix}/api/v1`;
  return [
    ...rows({ host: "cortex", scope: "metrics:read", upstream: "cortex.query", limit: "query" }, [
      [`${id}query`, "GET,POST", `${api}/query`, "Instant query"],
      [`${id}query-range`, "GET,POST", `${api}/query_range`, "Range query"],
      [`${id}exemplars`, "GET,POST", `${api}/query_exemplars`, "Exemplars of a query"],
      [`${id}series`, "GET,POST", `${api}/series`, "Series that match"],
      [`${id}labels`, "GET,POST", `${api}/labels`, "Label names"],
      [`${id}label-values`, "GET", `${api}/label/{n}/values`, "Values of one label"],
      [`${id}metadata`, "GET", `${api}/metadata`, "Types and help texts of metrics"],
      [`${id}format-query`, "GET,POST", `${api}/format_query`, "Format a query"],
      [`${id}parse-query`, "GET,POST", `${api}/parse_query`, "Syntax tree of a query"],
      [`${id}read`, "POST", `${api}/read`, "Remote read"],
    ]),
    ...rows({ host: "cortex", scope: "rules:read", upstream: "cortex.ruler", limit: "manage" }, [
      [`${id}rules-state`, "GET", `${api}/rules`, "State of all rules"],
      [`${id}alerts-state`, "GET", `${api}/alerts`, "Alerts that fire or are pending"],
    ]),
  ];
});

/** The ruler's configuration API below `path`; `at` is where the ruler serves it, when elsewhere. */
function ruleRoutes(host: "cortex" | "loki", id: string, path: string, at = path): Route[] {
  const moved = (tail: string): Partial<Pick<Route, "rewrite">> => (at === path ? {} : { rewrite: at + tail });
  const common = { host, upstream: `${host}.ruler`, limit: "manage" } as const;
  return [
    ...rows({ ...common, scope: "rules:read" }, [
      [`${id}rules-list`, "GET", path, "All rule groups", moved("")],
      [`${id}rules-namespace`, "GET", `${path}/{ns}`, "Rule groups of a namespace", moved("/{ns}")],
      [`${id}rules-group`, "GET", `${path}/{ns}/{group}`, "One rule group", moved("/{ns}/{group}")],
    ]),
    ...rows({ ...common, scope: "rules:write" }, [
      [`${id}rules-set`, "POST", `${path}/{ns}`, "Create or replace a rule group", moved("/{ns}")],
      [`${id}rules-drop-namespace`, "DELETE", `${path}/{ns}`, "Delete a namespace of rules", moved("/{ns}")],
      [`${id}rules-drop-group`, "DELETE", `${path}/{ns}/{group}`, "Delete a rule group", moved("/{ns}/{group}")],
    ]),
  ];
}

const cortexAlertmanager = { host: "cortex", upstream: "cortex.alertmanager", limit: "manage" } as const;

const cortexRoutes: Route[] = [
  ...rows({ host: "cortex", scope: "metrics:write", upstream: "cortex.push", limit: "ingest" }, [
    ["push", "POST", "/api/v1/push", "Prometheus remote write"],
    ["otlp", "POST", "/api/v1/otlp/v1/metrics", "OpenTelemetry metrics over HTTP"],
    ["grafana-push", "POST", "/api/prom/push", "Prometheus remote write, older path"],
  ]),
  ...cortexReads,
  ...ruleRoutes("cortex", "", "/api/v1/rules"),
  ...ruleRoutes("cortex", "grafana-", "/api/prom/rules", "/api/v1/rules"),
  ...rows({ ...cortexAlertmanager, scope: "alerts:read" }, [
    ["am-status", "GET", "/alertmanager/api/v2/status", "Alertmanager's state"],
    ["am-alerts", "GET", "/alertmanager/api/v2/alerts", "Alerts"],
    ["am-groups", "GET", "/alertmanager/api/v2/alerts/groups", "Alerts by group"],
    ["am-receivers", "GET", "/alertmanager/api/v2/receivers", "Names of receivers"],
    ["am-silences", "GET", "/alertmanager/api/v2/silences", "Silences"],
    ["am-silence", "GET", "/alertmanager/api/v2/silence/{id}", "One silence"],
  ]),
  ...rows({ ...cortexAlertmanager, scope: "alerts:write" }, [
    ["am-alerts-send", "POST", "/alertmanager/api/v2/alerts", "Send alerts"],
    ["am-silence-set", "POST", "/alertmanager/api/v2/silences", "Create or change a silence"],
    ["am-silence-drop", "DELETE", "/alertmanager/api/v2/silence/{id}", "End a silence"],
    // Reading needs the write scope too: the answer holds the receivers' secrets.
    ["am-config", "GET,POST,DELETE", "/api/v1/alerts", "Alertmanager's configuration, secrets of receivers included"],
  ]),
];

const lokiApi = "/loki/api/v1";
const lokiRoutes: Route[] = [
  ...rows({ host: "loki", scope: "logs:write", upstream: "loki.push", limit: "ingest" }, [
    ["push", "POST", `${lokiApi}/push`, "Push log lines"],
    ["otlp", "POST", "/otlp/v1/logs", "OpenTelemetry logs over HTTP"],
  ]),
  ...rows({ host: "loki", scope: "logs:read", upstream: "loki.query", limit: "query" }, [
    ["query", "GET,POST", `${lokiApi}/query`, "Instant query"],
    ["query-range", "GET,POST", `${lokiApi}/query_range`, "Range query"],
    ["series", "GET,POST", `${lokiApi}/series`, "Streams that match"],
    ["labels", "GET,POST", `${lokiApi}/labels`, "Label names"],
    ["label-values", "GET,POST", `${lokiApi}/label/{n}/values`, "Values of one label"],
    ["index-stats", "GET,POST", `${lokiApi}/index/stats`, "Streams, chunks and bytes that a query would read"],
    ["index-shards", "GET,POST", `${lokiApi}/index/shards`, "Shards of a query"],
    ["index-volume", "GET,POST", `${lokiApi}/index/volume`, "Volume by stream or label"],
    ["index-volume-range", "GET,POST", `${lokiApi}/index/volume_range`, "Volume over time"],
    ["patterns", "GET,POST", `${lokiApi}/patterns`, "Patterns of log lines"],
    ["detected-labels", "GET,POST", `${lokiApi}/detected_labels`, "Labels found in a range"],
    ["detected-fields", "GET,POST", `${lokiApi}/detected_fields`, "Fields found in log lines"],
    ["detected-field-values", "GET,POST", `${lokiApi}/detected_field/{n}/values`, "Values of one field"],
    ["drilldown-limits", "GET", `${lokiApi}/drilldown-limits`, "Limits that Grafana Logs Drilldown asks for"],
    ["format-query", "GET,POST", `${lokiApi}/format_query`, "Format a query"],
  ]),
  ...rows({ host: "loki", scope: "logs:read", upstream: "loki.tail", limit: "query" }, [
    ["tail", "GET", `${lokiApi}/tail`, "Log lines as they come, over a WebSocket", { websocket: true }],
  ]),
  ...rows({ host: "loki", scope: "logs:delete", upstream: "loki.compactor", limit: "manage" }, [
    ["delete", "GET,POST,PUT,DELETE", `${lokiApi}/delete`, "List, request and cancel deletions"],
  ]),
  ...ruleRoutes("loki", "", `${lokiApi}/rules`),
  ...ruleRoutes("loki", "grafana-", "/api/prom/rules"),
  ...rows({ host: "loki", scope: "rules:read", upstream: "loki.ruler", limit: "manage" }, [
    ["rules-state", "GET", "/prometheus/api/v1/rules", "State of all rules"],
    ["alerts-state", "GET", "/prometheus/api/v1/alerts", "Alerts that fire or are pending"],
  ]),
];

const thanosRoutes: Route[] = [
  ...rows({ host: "thanos", scope: "metrics:write", upstream: "thanos.receive", limit: "ingest" }, [
    ["push", "POST", "/api/v1/receive", "Prometheus remote write"],
    ["otlp", "POST", "/api/v1/otlp", "OpenTelemetry metrics over HTTP"],
  ]),
  // Only what the enforcing querier confines to the tenant: it does not confine rules, alerts, targets, metadata and exemplars.
  ...rows({ host: "thanos", scope: "metrics:read", upstream: "thanos.query", limit: "query" }, [
    ["query", "GET,POST", "/api/v1/query", "Instant query"],
    ["query-range", "GET,POST", "/api/v1/query_range", "Range query"],
    ["series", "GET,POST", "/api/v1/series", "Series that match"],
    ["labels", "GET,POST", "/api/v1/labels", "Label names"],
    ["label-values", "GET", "/api/v1/label/{n}/values", "Values of one label"],
  ]),
];

const datadogRoutes: Route[] = [
  ...rows({ host: "dd", scope: "metrics:write", upstream: "collector", limit: "ingest" }, [
    ["series-v1", "POST", "/api/v1/series", "Metrics"],
    ["series-v2", "POST", "/api/v2/series", "Metrics"],
    ["check-run", "POST", "/api/v1/check_run", "Service checks"],
    ["sketches-v1", "POST", "/api/v1/sketches", "Distributions"],
    ["sketches-beta", "POST", "/api/beta/sketches", "Distributions, the agent's path"],
    ["validate", "GET", "/api/v1/validate", "The agent's check of its key"],
  ]),
  ...rows({ host: "dd", scope: "logs:write", upstream: "collector", limit: "ingest" }, [["logs", "POST", "/api/v2/logs", "Log lines"]]),
];

/** Every public API path there is. The gateway's configuration, the documentation and the conformance tests come from this table. */
export const routes: readonly Route[] = [...cortexRoutes, ...lokiRoutes, ...thanosRoutes, ...datadogRoutes];

/** What routes need of a tenant. */
export type RouteOwner = Pick<Tenant, "metrics" | "apis">;

/**
 * The routes that one tenant has: its metrics system's (never both), and those of the APIs it asked for. Datadog's exist only where
 * their data has a place to go: series with `metrics`, log lines with `logs`.
 */
export function routesOf(tenant: RouteOwner): Route[] {
  const has = (api: Tenant["apis"][number]): boolean => tenant.apis.includes(api);
  const data = (route: Route): "logs" | "metrics" => (route.scope.startsWith("logs:") ? "logs" : "metrics");
  return routes.filter((route) => {
    if (route.host === "dd") return has("datadog") && has(data(route));
    if (route.host === "loki") return has("logs");
    return has("metrics") && route.host === tenant.metrics;
  });
}

const placeholder = /\{[a-z]+\}/g;

/** A regular expression, unanchored, that matches exactly the paths of a route; each placeholder is a group of one segment. */
export function pathPattern(path: string): string {
  return path
    .split(placeholder)
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
    .join("([^/]+)");
}

/** True where a path has placeholders. */
export function isTemplate(path: string): boolean {
  return path.search(placeholder) >= 0;
}
