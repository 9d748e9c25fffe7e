import { routesOf, type Upstream } from "../../../model/routes";
import { hasPlatformSeries } from "../../../model/monitoring/federated";
import { statName } from "../../../model/monitoring/upstreams";
import type { Address } from "../../contracts";
import { typed, type Config, type GatewayInput } from "./input";
import { toPlainYaml } from "../../../model/plainyaml";

/** `clusters.yaml`: where the tenant's routes lead, and how much may be under way there. */
export function renderClusters(input: GatewayInput): string {
  const resources = upstreams(input).map(([name, address]) =>
    cluster(name, address, name === "thanos.query" ? queriesPerReplica(input) : undefined),
  );
  return toPlainYaml({ resources });
}

/** Thanos does not bound a tenant's queries itself. */
function queriesPerReplica({ queriesAtOnce, maxReplicas }: GatewayInput): number | undefined {
  return queriesAtOnce === undefined ? undefined : Math.max(1, Math.floor(queriesAtOnce / maxReplicas));
}

/** A network address. */
export function socket(address: string, port: number): Config {
  return { socket_address: { address, port_value: port } };
}

/** Address of each upstream that the tenant's routes lead to, of Grafana and of the platform's Prometheus, by cluster name. */
function upstreams(input: GatewayInput): [string, Address][] {
  const names = [...new Set(routesOf(input.tenant).map((route) => route.upstream))].sort();
  return [
    ...names.map((name): [string, Address] => [name, addressOf(input, name)]),
    ["grafana", input.local.grafana],
    ...(hasPlatformSeries(input.tenant) ? [["platform", input.shared.platform.prometheus] as [string, Address]] : []),
  ];
}

function addressOf(input: GatewayInput, upstream: Upstream): Address {
  const { cortex, loki, thanos } = input.shared;
  const all: Readonly<Record<Upstream, Address>> = {
    "cortex.push": cortex.push,
    "cortex.query": cortex.query,
    "cortex.ruler": cortex.ruler,
    "cortex.alertmanager": cortex.alertmanager,
    "loki.push": loki.push,
    "loki.query": loki.query,
    "loki.tail": loki.tail,
    "loki.ruler": loki.ruler,
    "loki.compactor": loki.compactor,
    "thanos.receive": thanos.receive,
    "thanos.query": thanos.query,
    collector: input.local.collector,
  };
  return all[upstream];
}

/** What one replica has under way at one upstream at most; more is refused at once (429), so that one tenant cannot queue up in a shared store. */
const atOnce = { max_connections: 256, max_pending_requests: 64, max_requests: 256, max_retries: 8 };

function cluster(name: string, address: Address, requests = atOnce.max_requests): Config {
  return typed("config.cluster.v3.Cluster", {
    name,
    // Without it Envoy takes what stands behind the dot for a part of the metric's name.
    ...(name.includes(".") && { alt_stat_name: statName(name as Upstream) }),
    type: "STRICT_DNS",
    connect_timeout: "3s",
    dns_lookup_family: "ALL",
    circuit_breakers: { thresholds: [{ ...atOnce, max_requests: requests }] },
    load_assignment: endpoints(name, socket(address.host, address.port)),
    typed_extension_protocol_options: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": typed("extensions.upstreams.http.v3.HttpProtocolOptions", {
        // Shorter than the servers' own idle time (2 min), and short enough that Services spread new connections over new pods.
        common_http_protocol_options: { idle_timeout: "50s", max_connection_duration: "300s" },
        explicit_http_config: { http_protocol_options: {} },
      }),
    },
  });
}

/** Addresses of one cluster. */
export function endpoints(name: string, address: Config): Config {
  return { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] };
}
