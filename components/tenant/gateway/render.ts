import { files, fileSource, live, podPlaces, typed, type Config, type GatewayInput, type Places } from "./input";
import { endpoints, renderClusters, socket } from "./render-clusters";
import { renderCertificates, renderKeys } from "./render-keys";
import { publicListener } from "./render-listener";
import { getOf, renderMetrics } from "./render-metrics";
import { renderRoutes } from "./render-routes";
import { toPlainYaml } from "../../../model/plainyaml";

/** The text of every file of a tenant's gateway, by what delivers it. */
export interface Rendered {
  /** `envoy.yaml`: read at start, so pods roll when it changes. Holds nothing that changes with a tenant's file but the tier's memory. */
  readonly bootstrap: string;
  /** `sds.yaml`: where the certificate is. */
  readonly certificates: string;
  /** `routes.yaml`: read again when it changes. */
  readonly routes: string;
  /** `metrics.yaml`: what Prometheus may ask for, and what the gateway tells of the tenant; read again when it changes. */
  readonly metrics: string;
  /** `clusters.yaml`: read again when it changes. */
  readonly clusters: string;
  /** `keys.yaml`: read again when it changes. */
  readonly keys: string;
}

/** Renders all files; `jwks` is the JSON text of the tenant's public keys. */
export function renderGateway(input: GatewayInput, jwks: string, places: Places = podPlaces): Rendered {
  return {
    bootstrap: renderBootstrap(input, places),
    certificates: renderCertificates(places),
    routes: renderRoutes(input),
    metrics: renderMetrics(input),
    clusters: renderClusters(input),
    keys: renderKeys(input, jwks),
  };
}

/** Connections that one replica takes; each costs some 50 KiB, more with buffered bodies. */
const maxConnections = 2000;

/** `envoy.yaml`. */
export function renderBootstrap(input: GatewayInput, places: Places = podPlaces): string {
  return toPlainYaml({
    node: { id: `gateway-${input.tenant.name}`, cluster: `${input.tenant.name}-tenant` },
    admin: { address: { pipe: { path: places.adminSocket, mode: 0o600 } } },
    static_resources: {
      listeners: [publicListener(places), healthListener(places), metricsListener(places)],
      clusters: [adminCluster(places)],
    },
    dynamic_resources: { cds_config: fileSource(places.folders.routes, files.clusters) },
    overload_manager: overload(input.memoryBytes),
  });
}

/** Envoy's own interface, on a socket file that only its user can open; the metrics listener is its one way out. */
function adminCluster(places: Places): Config {
  return {
    name: "admin",
    type: "STATIC",
    connect_timeout: "1s",
    load_assignment: endpoints("admin", { pipe: { path: places.adminSocket } }),
  };
}

/** Plain HTTP for probes: `/ready` and nothing else. Envoy opens its listeners together, once routes, keys and certificate are there. */
function healthListener(places: Places): Config {
  const ready = { match: getOf("/ready"), direct_response: { status: 200, body: { inline_string: "ready\n" } } };
  return plainListener("health", socket(places.address, places.ports.health), {
    route_config: { virtual_hosts: [{ name: "health", domains: ["*"], routes: [ready] }] },
  });
}

/** Plain HTTP for Prometheus: `metrics.yaml` says what it may ask for. */
function metricsListener(places: Places): Config {
  const source = fileSource(places.folders.routes, files.metrics);
  return plainListener("metrics", socket(places.address, places.ports.metrics), {
    rds: { route_config_name: live.metrics, config_source: source },
  });
}

function plainListener(name: string, address: Config, routes: Config): Config {
  const http = typed("extensions.filters.network.http_connection_manager.v3.HttpConnectionManager", {
    stat_prefix: name,
    codec_type: "HTTP1",
    normalize_path: true,
    stream_idle_timeout: "30s",
    ...routes,
    http_filters: [{ name: "router", typed_config: typed("extensions.filters.http.router.v3.Router") }],
  });
  // Probes and metrics must not fail because clients hold all connections.
  return { name, address, ignore_global_conn_limit: true, filter_chains: [{ filters: [{ name: "http", typed_config: http }] }] };
}

/** What Envoy does when it nears its memory limit or its bound on connections, rather than being killed. */
function overload(memoryBytes: number): Config {
  const above = (value: number): Config => ({ triggers: [{ name: "heap", threshold: { value } }] });
  return {
    refresh_interval: "0.25s",
    resource_monitors: [
      {
        name: "heap",
        typed_config: typed("extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig", {
          max_heap_size_bytes: Math.floor(memoryBytes * 0.9),
        }),
      },
      {
        name: "envoy.resource_monitors.global_downstream_max_connections",
        typed_config: typed("extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig", {
          max_active_downstream_connections: maxConnections,
        }),
      },
    ],
    actions: [
      { name: "envoy.overload_actions.shrink_heap", ...above(0.85) },
      { name: "envoy.overload_actions.disable_http_keepalive", ...above(0.9) },
      { name: "envoy.overload_actions.stop_accepting_requests", ...above(0.95) },
    ],
  };
}
