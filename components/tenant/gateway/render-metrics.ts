import { discovery } from "./text";
import { federatePath, hasPlatformSeries } from "../../../model/monitoring/federated";
import { metricsPaths } from "../../../model/monitoring/upstreams";
import { live, typed, type Config, type GatewayInput } from "./input";

/** A GET of exactly this path. */
export const getOf = (path: string): Config => ({ path, headers: [{ name: ":method", string_match: { exact: "GET" } }] });

/** The same without any query: Envoy's `path` looks at what stands before `?` only, and what came after it would become part of ours. */
function exactly(path: string): Config {
  const { headers, ...rest } = getOf(path);
  return { ...rest, headers: [...(headers as Config[]), { name: ":path", string_match: { exact: path } }] };
}

/** To the platform's Prometheus, for this tenant's series and no other's. */
function ofPlatform(tenant: string): Config {
  return { cluster: "platform", timeout: "10s", prefix_rewrite: federatePath(tenant) };
}

/** Bytes of the longest answer that Envoy gives itself, unless told otherwise: 4096 would hold most tenants. */
const mostBytes = 16_384;

/** `metrics.yaml`: Envoy's metrics and nothing else of its admin interface, what the gateway tells of its tenant, and what the platform knows of it. */
export function renderMetrics(input: Pick<GatewayInput, "statement" | "tenant">): string {
  const routes = [
    { name: "envoy", match: getOf(metricsPaths.envoy), route: { cluster: "admin", timeout: "10s" } },
    { name: "tenant", match: getOf(metricsPaths.tenant), direct_response: { status: 200, body: { inline_string: input.statement } } },
    ...(hasPlatformSeries(input.tenant)
      ? [{ name: "platform", match: exactly(metricsPaths.platform), route: ofPlatform(input.tenant.name) }]
      : []),
  ];
  return discovery(
    typed("config.route.v3.RouteConfiguration", {
      name: live.metrics,
      max_direct_response_body_size_bytes: mostBytes,
      virtual_hosts: [{ name: "metrics", domains: ["*"], routes }],
    }),
  );
}
