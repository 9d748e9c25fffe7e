import { appliedSeries } from "./applied";
import type { Dashboard, Panel } from "./dashboard";
import { shownLimits } from "./statement";
import type { ShownLimit } from "./statement";
import { rejectedSeries, useSeries } from "./tenants";

const selecting = (...matchers: readonly string[]) => `{${matchers.filter((text) => text !== "").join(",")}}`;

/** What is used of a limit, beside the limit. A tenant has the stores' figures from each of its gateways, all the same: hence `max`. */
export function limitPanel({ limit, title, unit }: ShownLimit, of: string): Panel {
  const select = selecting(of, `limit="${limit}"`);
  return {
    title,
    unit,
    queries: [
      { expr: `max by (system) (${useSeries}${select})`, legend: "{{system}}" },
      { expr: `max(${appliedSeries}${select})`, legend: "limit" },
    ],
  };
}

/** What the stores refuse, by their reasons; of all tenants where `of` is empty. */
export function rejections(of: string): Panel[] {
  const by = (series: string) => `sum by (reason) (max by (tenant, reason) (${series}${selecting(of)}))`;
  return [
    { title: "Rejected samples, by reason", unit: "cps", queries: [{ expr: by(rejectedSeries.samples), legend: "Cortex {{reason}}" }] },
    { title: "Rejected writes of Thanos, by answer", unit: "reqps", queries: [{ expr: by(rejectedSeries.writes), legend: "{{reason}}" }] },
    { title: "Rejected log lines, by reason", unit: "cps", queries: [{ expr: by(rejectedSeries.lines), legend: "Loki {{reason}}" }] },
  ];
}

/** Panels that both the operators' view of a tenant and the tenant's own have, over series of the gateways' rules. `of` selects the tenant, or is empty. */
export function gatewayPanels(of: string) {
  const select = (metric: string, more = "") => `${metric}${selecting(of, more)}`;
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

/** What a tenant sees of itself: one text for all tenants, over what its own gateway tells and what the platform tells it. */
export const tenantDashboard: Dashboard = {
  uid: "tenantstack-own",
  title: "This tenant: use, limits, errors",
  rows: [
    {
      title: "Use and limits, as the stores and the gateway count and apply them",
      panels: [
        ...shownLimits.map((limit) => limitPanel(limit, "")),
        {
          title: "Bytes written, as sent",
          note: "Compressed. The limit of logs counts uncompressed lines.",
          unit: "Bps",
          queries: [{ expr: "tenant_upstream:sent_bytes:rate5m", legend: "{{envoy_cluster_name}}" }],
        },
        panels.certificate,
        panels.key,
      ],
    },
    {
      title: "Errors",
      panels: [...rejections(""), panels.refusals, panels.codes, panels.errors],
    },
    {
      title: "Requests",
      panels: [panels.requests, panels.latency, panels.typical],
    },
  ],
};
