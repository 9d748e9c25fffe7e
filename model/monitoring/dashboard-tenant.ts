import type { Dashboard, Panel } from "./dashboard";
import { shownLimits } from "./statement";

/** Panels that both the operators' view of a tenant and the tenant's own have, over series of the gateways' rules. `of` selects the tenant, or is empty. */
export function gatewayPanels(of: string) {
  const select = (metric: string, more = "") => `${metric}{${[of, more].filter((text) => text !== "").join(",")}}`;
  const upstream = "{{envoy_cluster_name}}";
  return {
    requests: { title: "Requests", unit: "reqps", queries: [{ expr: select("tenant_upstream:requests:rate5m"), legend: upstream }] },
    codes: {
      title: "Answers other than 2xx",
      unit: "reqps",
      queries: [
        {
          expr: select("tenant_upstream_code:responses:rate5m", 'envoy_response_code!~"2.."'),
          legend: `${upstream} {{envoy_response_code}}`,
        },
      ],
    },
    errors: {
      title: "Share of 5xx",
      unit: "percentunit",
      queries: [{ expr: select("tenant:gateway_errors:ratio_rate5m"), legend: "5xx" }],
    },
    latency: {
      title: "Latency, one in a hundred is slower",
      unit: "s",
      queries: [{ expr: select("tenant_upstream:latency_seconds:p99_5m"), legend: upstream }],
    },
    typical: {
      title: "Latency, half are slower",
      unit: "s",
      queries: [{ expr: select("tenant_upstream:latency_seconds:p50_5m"), legend: upstream }],
    },
    refusals: {
      title: "Refused by the gateway",
      note: "`unauthenticated`: no good token. `forbidden`: a good one without the scope, of another tenant or revoked.",
      unit: "reqps",
      queries: [{ expr: select("tenant_reason:gateway_refusals:rate5m"), legend: "{{reason}}" }],
    },
    certificate: {
      title: "Days of the certificate",
      kind: "stat",
      width: 4,
      queries: [{ expr: `min(${select("tenant:certificate_days:min")})` }],
    },
    key: {
      title: "Signing key ends in",
      kind: "stat",
      unit: "s",
      width: 4,
      queries: [{ expr: `min(${select("tenant:signing_key_end:min")}) - time()` }],
    },
  } as const satisfies Readonly<Record<string, Panel>>;
}

const panels = gatewayPanels("");
const own = (limit: string) => `max(tenant_limit:stated:max{limit="${limit}"})`;

/** What a tenant sees of itself: one text for all tenants, over what its own gateway tells. */
export const tenantDashboard: Dashboard = {
  uid: "tenantstack-own",
  title: "This tenant: use, limits, errors",
  rows: [
    {
      title: "Limits, from the tenant's file",
      panels: [
        ...shownLimits.map(({ limit, title, unit }): Panel => ({ title, unit, kind: "stat", width: 4, queries: [{ expr: own(limit) }] })),
        panels.certificate,
        panels.key,
      ],
    },
    {
      title: "Use",
      panels: [
        ...(["ingest", "query", "manage"] as const).map((name): Panel => ({
          title: `Requests of class ${name}`,
          unit: "reqps",
          note: "The limit is the gateway's, over all its replicas; samples, series and lines are limited by the stores.",
          queries: [
            { expr: `sum(tenant_class:requests:rate5m{class="${name}"})`, legend: "use" },
            { expr: own(`requests.${name}`), legend: "limit" },
          ],
        })),
        {
          title: "Bytes written, as sent",
          note: "Compressed. The limit of logs counts uncompressed lines.",
          unit: "Bps",
          queries: [{ expr: "tenant_upstream:sent_bytes:rate5m", legend: "{{envoy_cluster_name}}" }],
        },
        {
          title: "Queries at one time",
          queries: [
            { expr: "sum by (envoy_cluster_name) (tenant_upstream:queries:current)", legend: "{{envoy_cluster_name}}" },
            { expr: own("queries.parallelism"), legend: "limit" },
          ],
        },
      ],
    },
    {
      title: "Errors",
      panels: [panels.codes, panels.errors, panels.refusals],
    },
    {
      title: "Requests",
      panels: [panels.requests, panels.latency, panels.typical],
    },
  ],
};
