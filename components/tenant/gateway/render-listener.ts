import { retryAfterSeconds } from "../../../model/limits/answers";
import { routes, scopes, type Scope } from "../../../model/routes";
import { basicToBearer } from "./basic";
import { claim, files, filters, fileSource, live, routeFact, routeFacts, typed, type Config, type Places } from "./input";
import { socket } from "./render-clusters";

/** The listener for all of the tenant's hosts: TLS only, one filter chain, so that a host of another tenant is 421 and never another chain. */
export function publicListener(places: Places): Config {
  return {
    name: "https",
    address: socket(places.address, places.ports.https),
    filter_chains: [
      {
        transport_socket: { name: "tls", typed_config: tls(places) },
        // A handshake that does not end holds a connection.
        transport_socket_connect_timeout: "10s",
        filters: [{ name: "http", typed_config: publicHttp(places) }],
      },
    ],
  };
}

function tls(places: Places): Config {
  return typed("extensions.transport_sockets.tls.v3.DownstreamTlsContext", {
    common_tls_context: {
      alpn_protocols: ["h2", "http/1.1"],
      tls_params: { tls_minimum_protocol_version: "TLSv1_2" },
      tls_certificate_sds_secret_configs: [{ name: live.certificate, sds_config: fileSource(places.folders.config, files.certificates) }],
    },
  });
}

function publicHttp(places: Places): Config {
  return typed("extensions.filters.network.http_connection_manager.v3.HttpConnectionManager", {
    stat_prefix: "gateway",
    rds: { route_config_name: live.routes, config_source: fileSource(places.folders.routes, files.routes) },
    http_filters: httpFilters(places),
    ...requestHygiene,
    ...bounds,
    local_reply_config: localReplies,
    access_log: accessLog,
  });
}

/** One way to write a path and a host, so that what is checked is what is served; nothing that a client says about itself is believed. */
const requestHygiene: Config = {
  normalize_path: true,
  merge_slashes: true,
  path_with_escaped_slashes_action: "REJECT_REQUEST",
  strip_any_host_port: true,
  strip_trailing_host_dot: true,
  use_remote_address: true,
  // No address is one of ours: Envoy obeys the `x-envoy-` headers of such clients, and before 1.33 it took every private address for one, the edge's too.
  internal_address_config: { cidr_ranges: [{ address_prefix: "0.0.0.0", prefix_len: 32 }] },
};

/** Envoy's advice for edges, https://www.envoyproxy.io/docs/envoy/latest/configuration/best_practices/edge */
const bounds: Config = {
  common_http_protocol_options: {
    headers_with_underscores_action: "REJECT_REQUEST",
    idle_timeout: "600s",
    max_headers_count: 100,
    // Clients connect anew now and then, so that replicas added under load get their share.
    max_connection_duration: "1800s",
  },
  http1_safe_max_connection_duration: true,
  http2_protocol_options: {
    max_concurrent_streams: 100,
    initial_stream_window_size: 256 << 10,
    initial_connection_window_size: 1 << 20,
  },
  max_request_headers_kb: 32,
  request_headers_timeout: "10s",
  request_timeout: "120s",
  stream_idle_timeout: "300s",
  drain_timeout: "10s",
};

/** In the order in which a request passes them. */
function httpFilters(places: Places): Config[] {
  const rbac = (rules: Config): Config => typed("extensions.filters.http.rbac.v3.RBAC", { rules: { action: "ALLOW", ...rules } });
  return [
    {
      name: filters.basic,
      typed_config: typed("extensions.filters.http.lua.v3.Lua", { default_source_code: { inline_string: basicToBearer } }),
    },
    {
      name: filters.jwt,
      config_discovery: {
        config_source: fileSource(places.folders.keys, files.keys),
        type_urls: ["type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication"],
      },
    },
    // Closed, since nothing passes a list of no policy: `routes.yaml` says whose tokens pass, and which of its routes need none.
    { name: filters.subject, typed_config: rbac({}) },
    { name: filters.scope, typed_config: rbac({ policies: Object.fromEntries(scopes.map((scope) => [scope, scopePolicy(scope)])) }) },
    // After the token check: requests without a good token must not use up the tenant's rate.
    { name: filters.rate, typed_config: typed("extensions.filters.http.local_ratelimit.v3.LocalRateLimit", { stat_prefix: "gateway" }) },
    { name: filters.size, typed_config: typed("extensions.filters.http.buffer.v3.Buffer", { max_request_bytes: 1 << 20 }) },
    // Does nothing by itself: routes that need it bring the code.
    { name: filters.series, typed_config: typed("extensions.filters.http.lua.v3.Lua") },
    { name: "router", typed_config: typed("extensions.filters.http.router.v3.Router", { suppress_envoy_headers: true }) },
  ];
}

/** A token with this scope may use the routes that ask for it. */
function scopePolicy(scope: Scope): Config {
  return { permissions: [routeFact("scope", scope)], principals: [claim("scope", { safe_regex: { regex: `(.* )?${scope}( .*)?` } })] };
}

function cel(expression: string): Config {
  return {
    extension_filter: { typed_config: typed("extensions.access_loggers.filters.cel.v3.ExpressionFilter", { expression }) },
  };
}

const localReplies: Config = {
  mappers: [
    {
      // Too many requests at once for a store: the client is to come back, which 503 does not say to all of them.
      filter: { response_flag_filter: { flags: ["UO"] } },
      status_code: 429,
      headers_to_add: [{ header: { key: "retry-after", value: String(retryAfterSeconds.gateway) } }],
      body_format_override: text("too many requests of this tenant at the same time\n"),
    },
    {
      filter: cel("response.code_details.startsWith('rbac_')"),
      body_format_override: text(
        `this path needs a token with scope %METADATA(ROUTE:${routeFacts}:scope)%; yours lacks it, belongs to another tenant or is revoked\n`,
      ),
    },
  ],
};

function text(source: string): Config {
  return { text_format_source: { inline_string: source } };
}

const ingestIds = routes.filter((route) => route.limit === "ingest").map((route) => `'${route.id}'`);

/** One JSON line for every request but good writes, which are most of all: of those one in a hundred. Never a query string or a header that can hold a token. */
const accessLog: readonly Config[] = [
  {
    filter: {
      or_filter: {
        filters: [
          cel(`response.code >= 400 || !(xds.route_name in [${ingestIds.join(", ")}])`),
          { runtime_filter: { runtime_key: "access_log.good_writes", percent_sampled: { numerator: 1 } } },
        ],
      },
    },
    typed_config: typed("extensions.access_loggers.stream.v3.StdoutAccessLog", {
      log_format: {
        json_format: {
          time: "%START_TIME%",
          method: "%REQ(:METHOD)%",
          host: "%REQ(:AUTHORITY)%",
          // Nor a path that holds one, as clients write it that take a key's place for a path.
          path: "%CEL(request.url_path.contains('eyJ') ? '(it holds a token)' : request.url_path)%",
          protocol: "%PROTOCOL%",
          route: "%ROUTE_NAME%",
          status: "%RESPONSE_CODE%",
          details: "%RESPONSE_CODE_DETAILS%",
          flags: "%RESPONSE_FLAGS%",
          milliseconds: "%DURATION%",
          received: "%BYTES_RECEIVED%",
          sent: "%BYTES_SENT%",
          upstream: "%UPSTREAM_CLUSTER%",
          client: "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
          request: "%REQ(X-REQUEST-ID)%",
          token: "%DYNAMIC_METADATA(envoy.filters.http.jwt_authn:token:jti)%",
        },
      },
    }),
  },
];
