import { apiHosts, hostNames, type ApiHost, type HostKind } from "../../../model/hosts";
import { retryAfterSeconds } from "../../../model/limits/answers";
import { isTemplate, limitClasses, pathPattern, routesOf, type LimitClass, type Route } from "../../../model/routes";
import { claim, filters, live, requirements, routeFacts, typed, type Config, type GatewayInput } from "./input";
import { seriesLimit } from "./series";
import { discovery } from "./text";

/** Headers by which the stores know a tenant. The gateway writes them in the place of whatever a client sent. */
const tenantHeaders = ["x-scope-orgid", "thanos-tenant"];
/** Headers by which the stores know a replica, another kind of tenant, or limits of a query: never a client's to set. */
const storeHeaders = [
  "thanos-replica",
  "x-tenant",
  "x-org-id",
  "x-scope-userid",
  "x-loki-query-limits",
  "x-loki-query-limits-context",
  "x-loki-disable-pipeline-wrappers",
  "x-thanos-force-tracing",
];
/** Credentials and cookies, which neither stores nor collector need. */
const credentialHeaders = ["authorization", "proxy-authorization", "cookie", "dd-api-key", "dd-application-key"];

/** Seconds that one answer may take, by class. Queries: a little more than Cortex and Loki give a query (2 min). */
const timeouts: Readonly<Record<LimitClass, number>> = { ingest: 30, query: 130, manage: 60 };
/** A tail outlives its token; after this many seconds it ends and the client comes back with a token that is checked again. */
const tailSeconds = 900;
/** Seconds' worth of requests that may come at once: agents come evenly, a dashboard asks for all its panels together. */
const burstSeconds: Readonly<Record<LimitClass, number>> = { ingest: 2, query: 5, manage: 5 };

/** `routes.yaml`: hosts, paths, scopes, revocations, rate limits and state; everything of a tenant that changes, but its keys. */
export function renderRoutes(input: GatewayInput): string {
  return discovery(
    typed("config.route.v3.RouteConfiguration", {
      name: live.routes,
      virtual_hosts: [...hostsOf(input.tenant).map((kind) => virtualHost(input, kind)), otherHosts],
      typed_per_filter_config: { [filters.subject]: subject(input.tenant), [filters.rate]: rateLimits(input) },
    }),
  );
}

/** The kinds of host that a tenant has: those with a route, and Grafana. */
export function hostsOf(tenant: GatewayInput["tenant"]): HostKind[] {
  const used = new Set(routesOf(tenant).map((route) => route.host));
  return [...apiHosts.filter((host) => used.has(host)), "grafana"];
}

function virtualHost(input: GatewayInput, kind: HostKind): Config {
  const names = hostNames(input.tenant, input.zone, kind);
  const base = { name: kind, domains: [...names.public, ...names.internal] };
  const refusal = refusals[input.tenant.state];
  if (refusal !== undefined) return { ...base, ...answerAll(refusal.status, refusal.text(input.tenant.name)) };
  return { ...base, ...(kind === "grafana" ? grafana : api(input, kind)) };
}

const refusals = {
  active: undefined,
  suspended: { status: 403, text: (name: string) => `tenant ${name} is suspended\n` },
  retired: { status: 410, text: (name: string) => `tenant ${name} is retired\n` },
} as const;

const bufferPerRoute = "extensions.filters.http.buffer.v3.BufferPerRoute";
const anySize = typed(bufferPerRoute, { disabled: true });

/** Settings of a route that asks for no token: the listener's own are closed, so what must be open says so. */
const open: Config = {
  [filters.jwt]: typed("extensions.filters.http.jwt_authn.v3.PerRouteConfig", { disabled: true }),
  [filters.subject]: typed("extensions.filters.http.rbac.v3.RBACPerRoute"),
  [filters.scope]: typed("extensions.filters.http.rbac.v3.RBACPerRoute"),
  [filters.size]: anySize,
};

function answer(status: number, text: string): Config {
  return { match: { prefix: "/" }, direct_response: direct(status, text), typed_per_filter_config: open };
}

function direct(status: number, text: string): Config {
  return { status, body: { inline_string: text } };
}

function answerAll(status: number, text: string): Config {
  return { routes: [{ name: `answer-${status}`, ...answer(status, text) }] };
}

const otherHosts: Config = { name: "other-hosts", domains: ["*"], ...answerAll(421, "this host is not served here\n") };

/**
 * A token in the path or the query: stores log both. Every JWT has a head and a payload that are JSON in base64url, so that both begin with these
 * letters (RFC 7519, section 3). Whoever has no good token besides is told nothing new.
 */
const tokenInPath: Config = {
  name: "answer-400",
  match: { prefix: "/", headers: [{ name: ":path", string_match: { safe_regex: { regex: ".*eyJ[0-9A-Za-z_-]+\\.eyJ.*" } } }] },
  direct_response: direct(400, "a token belongs into the header Authorization: paths and queries are logged\n"),
  typed_per_filter_config: { [filters.scope]: typed("extensions.filters.http.rbac.v3.RBACPerRoute") },
};

const websocket = [{ upgrade_type: "websocket" }];
/** Only where the store cannot have seen the request, so that nothing is written twice. */
const retries = { retry_on: "connect-failure,refused-stream,reset-before-request", num_retries: 2 };

/** Grafana signs users in itself; all it must not get is a header that means a tenant to the stores. */
const grafana: Config = {
  request_headers_to_remove: [...tenantHeaders, ...storeHeaders],
  routes: [
    {
      name: "grafana",
      match: { prefix: "/" },
      route: { cluster: "grafana", timeout: "0s", idle_timeout: "600s", upgrade_configs: websocket },
      // Its passwords are its own: no filter may take them for tokens.
      typed_per_filter_config: { ...open, [filters.basic]: typed("extensions.filters.http.lua.v3.LuaPerRoute", { disabled: true }) },
    },
  ],
};

function api(input: GatewayInput, host: ApiHost): Config {
  const { storageId } = input.tenant;
  const set = (key: string): Config => ({ header: { key, value: storageId }, append_action: "OVERWRITE_IF_EXISTS_OR_ADD" });
  return {
    request_headers_to_remove: [...storeHeaders, ...credentialHeaders],
    // With what a client sent under these names, however often, gone: a removal before would change nothing.
    request_headers_to_add: tenantHeaders.map(set),
    // An empty value adds no header.
    response_headers_to_add: [
      {
        header: { key: "retry-after", value: `%CEL(response.code == 429 ? '${retryAfterSeconds.store}' : '')%` },
        append_action: "ADD_IF_ABSENT",
      },
    ],
    retry_policy: retries,
    routes: [
      // Datadog's clients may send their key in the query: it is taken out before a collector sees it.
      ...(host === "dd" ? [] : [tokenInPath]),
      ...routesOf(input.tenant)
        .filter((route) => route.host === host)
        .map((row) => route(row, input.requests.bodyBytes)),
      { name: "answer-404", ...answer(404, "this path or method is not part of the API\n") },
    ],
    // Elsewhere the token check's own rule holds: a bearer token.
    ...perFilter(
      host === "dd"
        ? { [filters.jwt]: typed("extensions.filters.http.jwt_authn.v3.PerRouteConfig", { requirement_name: requirements.datadog }) }
        : {},
    ),
  };
}

function route(row: Route, ingestBytes: number): Config {
  return {
    name: row.id,
    metadata: { filter_metadata: { [routeFacts]: { scope: row.scope, class: row.limit } } },
    match: {
      ...(isTemplate(row.path) ? { safe_regex: { regex: pathPattern(row.path) } } : { path: row.path }),
      headers: [{ name: ":method", string_match: { safe_regex: { regex: row.methods.join("|") } } }],
    },
    route: {
      cluster: row.upstream,
      ...(row.rewrite === undefined ? {} : { regex_rewrite: rewriteOf(row.path, row.rewrite) }),
      ...(row.websocket
        ? // The bound of the whole stream takes the place of the answer's.
          { idle_timeout: "0s", max_stream_duration: { max_stream_duration: `${tailSeconds}s` }, upgrade_configs: websocket }
        : { timeout: `${timeouts[row.limit]}s` }),
    },
    ...perFilter({ ...bodyBound(row, ingestBytes), ...seriesAnswer(row) }),
  };
}

function perFilter(settings: Config): Config {
  return Object.keys(settings).length === 0 ? {} : { typed_per_filter_config: settings };
}

/** Writes to Cortex: its limit of series is a 400 until here. */
function seriesAnswer(row: Route): Config {
  if (row.upstream !== "cortex.push") return {};
  const source_code = { inline_string: seriesLimit(retryAfterSeconds.store) };
  return { [filters.series]: typed("extensions.filters.http.lua.v3.LuaPerRoute", { source_code }) };
}

/** The listener's own bound holds for all other routes. A stream has no end to wait for. */
function bodyBound(row: Route, ingestBytes: number): Config {
  if (row.websocket) return { [filters.size]: anySize };
  if (row.limit !== "ingest") return {};
  return { [filters.size]: typed(bufferPerRoute, { buffer: { max_request_bytes: ingestBytes } }) };
}

function rewriteOf(path: string, to: string): Config {
  let group = 0;
  return { pattern: { regex: `^${pathPattern(path)}$` }, substitution: to.replace(/\{[a-z]+\}/g, () => `\\${++group}`) };
}

/** The token is this tenant's and not revoked. Another tenant's keys cannot sign it; the subject holds even if two tenants shared a key. */
function subject(tenant: GatewayInput["tenant"]): Config {
  const own = claim("sub", { exact: tenant.name });
  const revoked = [...tenant.revoked].sort().map((jti) => claim("jti", { exact: jti }));
  const kept = revoked.length === 0 ? [] : [{ not_id: { or_ids: { ids: revoked } } }];
  const policy = { permissions: [{ any: true }], principals: [{ and_ids: { ids: [own, ...kept] } }] };
  return typed("extensions.filters.http.rbac.v3.RBACPerRoute", { rbac: { rules: { action: "ALLOW", policies: { subject: policy } } } });
}

/** One bucket a class for the whole gateway process: settings here, unlike on a route, are shared by all hosts and routes. */
function rateLimits(input: GatewayInput): Config {
  const always = { default_value: { numerator: 100 } };
  return typed("extensions.filters.http.local_ratelimit.v3.LocalRateLimit", {
    stat_prefix: "gateway",
    filter_enabled: always,
    filter_enforced: always,
    // Envoy wants a bucket for requests of no class too (404s, Grafana); this one is never empty.
    token_bucket: { max_tokens: 1_000_000_000, tokens_per_fill: 1_000_000_000, fill_interval: "1s" },
    response_headers_to_add: [{ header: { key: "retry-after", value: String(retryAfterSeconds.gateway) } }],
    rate_limits: [
      {
        actions: [
          { metadata: { descriptor_key: "class", metadata_key: { key: routeFacts, path: [{ key: "class" }] }, source: "ROUTE_ENTRY" } },
        ],
      },
    ],
    descriptors: limitClasses.map((name) => ({
      entries: [{ key: "class", value: name }],
      token_bucket: bucket(input.requests[name] / input.maxReplicas, burstSeconds[name]),
    })),
  });
}

/**
 * A bucket for `perSecond` requests, which may be a fraction. Envoy fills buckets continuously (no timer since 1.32), so that the interval
 * of ten seconds only lets one decimal be written with whole tokens.
 */
export function bucket(perSecond: number, burst: number): Config {
  return {
    max_tokens: Math.max(1, Math.ceil(perSecond * burst)),
    tokens_per_fill: Math.max(1, Math.round(perSecond * 10)),
    fill_interval: "10s",
  };
}
