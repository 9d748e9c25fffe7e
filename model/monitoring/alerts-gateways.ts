import { errorRatio, sharedAlerts } from "./gateways";
import { anyOf } from "./promql";
import type { Alert, RuleGroup } from "./rule";
import { upstreamsOf } from "./upstreams";

/** 99.9% of the requests of a tenant in 30 days. Windows and factors: Google's SRE workbook, "Alerting on SLOs", multiwindow and multi-burn-rate. */
const budget = 0.001;

function burn(factor: number, long: string, short: string): string {
  const above = (window: string) => `tenant:gateway_errors:ratio_rate${window} > ${Number((factor * budget).toPrecision(3))}`;
  return `${above(long)} and ${above(short)}`;
}

/** What refuses each of the gateway's live files. */
const refusedFile = [
  ["clusters", "envoy_cluster_manager_cds_update_rejected"],
  ["keys", "envoy_extension_config_discovery_http_filter_jwt_update_rejected"],
  ["routes", "envoy_http_rds_update_rejected"],
  ["certificate", "envoy_sds_update_rejected"],
]
  .map(([file, metric]) => `label_replace(increase(${metric}[15m]), "file", "${file}", "pod", ".*")`)
  .join(" or ");

const alerts: readonly Alert[] = [
  {
    alert: "GatewayErrorBudgetBurnsFast",
    expr: burn(14.4, "1h", "5m"),
    for: "2m",
    severity: "critical",
    summary: "A tenant's requests fail so often that a month's error budget is gone in two days.",
    description:
      "{{ $value | humanizePercentage }} of the requests of {{ $labels.tenant }} failed in the last hour; the objective is 99.9%.",
    runbook:
      "The dashboard `Gateways` shows the upstream and the code. Several tenants: the store behind (dashboards `Cortex`, `Loki`, `Thanos`). One: its gateway's log and its Grafana.",
  },
  {
    alert: "GatewayErrorBudgetBurns",
    expr: burn(6, "6h", "30m"),
    for: "15m",
    severity: "warning",
    summary: "A tenant's requests fail so often that a month's error budget is gone in five days.",
    description:
      "{{ $value | humanizePercentage }} of the requests of {{ $labels.tenant }} failed in the last six hours; the objective is 99.9%.",
    runbook: "As GatewayErrorBudgetBurnsFast.",
  },
  {
    alert: "GatewayWritesSlow",
    expr: `tenant_upstream:latency_seconds:p99_5m{envoy_cluster_name${anyOf(upstreamsOf.ingest)}} > 2.5`,
    for: "15m",
    severity: "warning",
    summary: "Writes of a tenant are slow.",
    description:
      "One in a hundred writes of {{ $labels.tenant }} to {{ $labels.envoy_cluster_name }} takes {{ $value | humanizeDuration }} or longer.",
    runbook: "Compare with StoreRequestsSlow. If only the gateway is slow: its CPU limit (tier), or large requests.",
  },
  {
    alert: "GatewayQueriesSlow",
    expr: `tenant_upstream:latency_seconds:p99_5m{envoy_cluster_name${anyOf(upstreamsOf.query.filter((name) => name !== "loki-tail"))}} > 30`,
    for: "15m",
    severity: "warning",
    summary: "Queries of a tenant are slow.",
    description:
      "One in a hundred queries of {{ $labels.tenant }} to {{ $labels.envoy_cluster_name }} takes {{ $value | humanizeDuration }} or longer.",
    runbook:
      "Long ranges of many series, or queries that wait: QueriesWait. A tier with more parallelism helps a tenant that asks much; more queriers help when all are slow.",
  },
  {
    alert: "GatewayDown",
    expr: 'min by (tenant, pod) (up{job="tenant/gateway"}) == 0',
    for: "5m",
    severity: "critical",
    summary: "A gateway does not answer.",
    description: "Gateway {{ $labels.pod }} of {{ $labels.tenant }} has not answered scrapes for five minutes.",
    runbook:
      "`kubectl describe pod` and the log of its container `envoy`. A pod that is not ready waits for its routes, keys or certificate: GatewayConfigurationRejected says if one was refused.",
  },
  {
    alert: "GatewayGone",
    expr: "max by (tenant) (max_over_time(tenant:info:max[30m])) unless on (tenant) tenant:info:max",
    for: "10m",
    severity: "critical",
    summary: "A tenant has no gateway any more.",
    description: "No gateway of {{ $labels.tenant }} is seen, and there was one half an hour ago: nobody can write or read.",
    runbook:
      "`kubectl get pods -n NAME-tenant`: pods that cannot be placed, a namespace over its quota, or a tenant that was retired just now (then it ends by itself).",
  },
  {
    alert: "GatewayConfigurationRejected",
    expr: `sum by (tenant, pod, file) (${refusedFile}) > 0`,
    severity: "critical",
    summary: "A gateway refused a changed file and goes on with the old one.",
    description:
      "Gateway {{ $labels.pod }} of {{ $labels.tenant }} refused a changed file ({{ $labels.file }}, {{ $value | humanize }} times): revoked tokens, new keys or limits are not in force there.",
    runbook:
      "The gateway's log names file and field (`update rejected`). The last good configuration stays; correct the tenant's file or go back to the commit before, and run `pulumi up`.",
  },
  {
    alert: "TenantCertificateEnds",
    expr: "tenant:certificate_days:min < 7",
    for: "1h",
    severity: "critical",
    summary: "A tenant's certificate ends within a week.",
    description: "The certificate of {{ $labels.tenant }} ends in {{ $value }} days; then no client connects.",
    runbook: "As TenantCertificateExpires; with a private CA run `pulumi up` now.",
  },
  {
    alert: "TenantSigningKeyEnded",
    expr: "tenant:signing_key_end:min - time() < 3 * 86400",
    for: "10m",
    severity: "critical",
    summary: "The key that signs a tenant's own tokens ends within three days, or has.",
    description:
      "Key {{ $labels.key }} of {{ $labels.tenant }}: {{ $value | humanizeDuration }} left. After that what its Prometheus writes is refused and lost.",
    runbook: "As TenantSigningKeyEnds, now. Three `up`s are needed; the first two can follow one another at once.",
  },
];

/** On all gateways, in the platform's Prometheus; the longer windows need its longer memory. */
export const gatewayAlertGroups: readonly RuleGroup[] = [
  { name: "gateway-errors", interval: "1m", rules: [errorRatio("30m"), errorRatio("6h")] },
  { name: "gateway-alerts", rules: [...sharedAlerts, ...alerts] },
];
