import { discovery } from "./text";
import { metricsPaths } from "../../../model/monitoring/upstreams";
import { live, typed, type Config, type GatewayInput } from "./input";

/** A GET of exactly this path. */
export const getOf = (path: string): Config => ({ path, headers: [{ name: ":method", string_match: { exact: "GET" } }] });

/** Bytes of the longest answer that Envoy gives itself, unless told otherwise: 4096 would hold most tenants. */
const mostBytes = 16_384;

/** `metrics.yaml`: Envoy's metrics and nothing else of its admin interface, and the tenant's limits, which change live as the limits do. */
export function renderMetrics(input: Pick<GatewayInput, "statement">): string {
  const routes = [
    { name: "envoy", match: getOf(metricsPaths.envoy), route: { cluster: "admin", timeout: "10s" } },
    { name: "tenant", match: getOf(metricsPaths.tenant), direct_response: { status: 200, body: { inline_string: input.statement } } },
  ];
  return discovery(
    typed("config.route.v3.RouteConfiguration", {
      name: live.metrics,
      max_direct_response_body_size_bytes: mostBytes,
      virtual_hosts: [{ name: "metrics", domains: ["*"], routes }],
    }),
  );
}
