import { limitClasses } from "../routes";
import { appliedSeries } from "./applied";
import { anyOf, share } from "./promql";
import type { Alert, Recording, RuleGroup } from "./rule";
import { allUpstreams, upstreamsOf } from "./upstreams";

/**
 * Rules on what gateways say of themselves. A tenant's own Prometheus evaluates them over its own gateway, the platform's over all: they are
 * the same text, summed by tenant. Names of Envoy's metrics: dumped from Envoy 1.40.
 */

const upstreams = `envoy_cluster_name${anyOf(allUpstreams)}`;
const clients = `envoy_http_conn_manager_prefix="gateway"`;
const each = "tenant, envoy_cluster_name";

const requests: readonly Recording[] = [
  { record: "tenant_upstream:requests:rate5m", expr: `sum by (${each}) (rate(envoy_cluster_upstream_rq_total{${upstreams}}[5m]))` },
  {
    record: "tenant_upstream_code:responses:rate5m",
    expr: `sum by (${each}, envoy_response_code) (rate(envoy_cluster_upstream_rq{${upstreams}}[5m]))`,
  },
  {
    record: "tenant_upstream:errors:ratio_rate5m",
    expr: share(
      `rate(envoy_cluster_upstream_rq{${upstreams},envoy_response_code=~"5.."}[5m])`,
      `rate(envoy_cluster_upstream_rq{${upstreams}}[5m])`,
      each,
    ),
  },
  ...[0.5, 0.99].map((quantile) => ({
    record: `tenant_upstream:latency_seconds:p${quantile * 100}_5m`,
    expr: `histogram_quantile(${quantile}, sum by (${each}, le) (rate(envoy_cluster_upstream_rq_time_bucket{${upstreams}}[5m]))) / 1000`,
  })),
  {
    record: "tenant_upstream:sent_bytes:rate5m",
    expr: `sum by (${each}) (rate(envoy_cluster_upstream_cx_tx_bytes_total{envoy_cluster_name${anyOf(upstreamsOf.ingest)}}[5m]))`,
  },
  {
    record: "tenant_upstream:queries:current",
    expr: `sum by (${each}) (envoy_cluster_upstream_rq_active{envoy_cluster_name${anyOf(upstreamsOf.query)}})`,
  },
  ...limitClasses.map((name) => ({
    record: "tenant_class:requests:rate5m",
    expr: `sum by (tenant) (rate(envoy_cluster_upstream_rq_total{envoy_cluster_name${anyOf(upstreamsOf[name])}}[5m]))`,
    labels: { class: name },
  })),
];

/** Share of requests that a gateway answered with 5xx, whoever caused it. */
export function errorRatio(window: string): Recording {
  const all = `envoy_http_downstream_rq_xx{${clients}}`;
  const failed = `envoy_http_downstream_rq_xx{${clients},envoy_response_code_class="5"}`;
  return {
    record: `tenant:gateway_errors:ratio_rate${window}`,
    expr: share(`rate(${failed}[${window}])`, `rate(${all}[${window}])`, "tenant"),
  };
}

/** What a gateway itself refuses, by reason. */
const refusals: readonly Recording[] = [
  ["unauthenticated", `envoy_http_jwt_authn_denied{${clients}}`],
  ["forbidden", `envoy_http_rbac_denied{${clients}}`],
  ["rate limit", "envoy_http_local_rate_limit_rate_limited"],
  ["too many at one time", `envoy_cluster_upstream_rq_pending_overflow{${upstreams}}`],
].map(([reason = "", metric = ""]) => ({
  record: "tenant_reason:gateway_refusals:rate5m",
  expr: `sum by (tenant) (rate(${metric}[5m]))`,
  labels: { reason },
}));

const facts: readonly Recording[] = [
  { record: appliedSeries, expr: "max by (tenant, limit) (tenantstack_limit)", labels: { system: "gateway" } },
  { record: "tenant:info:max", expr: "max by (tenant, storage_id, logs, metrics, state, tier) (tenantstack_tenant_info)" },
  { record: "tenant:certificate_days:min", expr: "min by (tenant) (envoy_server_days_until_first_cert_expiring)" },
  { record: "tenant:signing_key_end:min", expr: "min by (tenant, key) (tenantstack_signing_key_end_timestamp_seconds)" },
];

/** What a store or the gateway refused of a class of requests, with the codes that a client can do something about. */
function refused(classes: readonly string[], codes: string): string {
  const of = (more: string) => `sum by (tenant) (tenant_upstream_code:responses:rate5m{envoy_cluster_name${anyOf(classes)}${more}})`;
  return `${of(`,envoy_response_code=~"${codes}"`)} / (${of("")} > 0)`;
}

/** Alerts that concern one tenant and that the tenant can see too. */
export const sharedAlerts: readonly Alert[] = [
  {
    alert: "TenantWritesRefused",
    expr: `${refused(upstreamsOf.ingest, "400|403|413|429")} > 0.01`,
    for: "10m",
    severity: "warning",
    summary: "A store refuses writes of a tenant.",
    description:
      "{{ $value | humanizePercentage }} of the writes of {{ $labels.tenant }} are answered 400, 403, 413 or 429: clients slow down or lose data.",
    runbook:
      "429 is the rate, 400 of Cortex the series (or samples that are too old), 413 of Thanos a request that is too large. The tenant's dashboard shows its use beside its limits; " +
      "`npx tenantstack explain NAME` names who enforces each. Raise the limit in the tenant's file, or find what grew. 403 of Loki: the tenant is suspended.",
  },
  {
    alert: "TenantQueriesRefused",
    expr: `${refused(upstreamsOf.query, "422|429")} > 0.05`,
    for: "15m",
    severity: "warning",
    summary: "A store refuses queries of a tenant.",
    description: "{{ $value | humanizePercentage }} of the queries of {{ $labels.tenant }} are answered 422 or 429.",
    runbook:
      "429 is too many queries at one time (`limits.queries.parallelism`), 422 a query that would touch more than the tenant's tier allows. Look in the logs for the query, and raise the limit or the tier if it is meant.",
  },
  {
    alert: "TenantRequestsFailing",
    expr: "tenant:gateway_errors:ratio_rate5m > 0.05",
    for: "10m",
    severity: "warning",
    summary: "A tenant's gateway answers requests with 5xx.",
    description: "{{ $value | humanizePercentage }} of the requests of {{ $labels.tenant }} fail with 5xx.",
    runbook:
      'The dashboard of the tenant shows which upstream fails. One tenant alone: look at its gateway\'s log (`{k8s_namespace_name="NAME-tenant"}`). Several: look at the store behind.',
  },
  {
    alert: "TenantCertificateExpires",
    expr: "tenant:certificate_days:min < 21",
    for: "1h",
    severity: "warning",
    summary: "A tenant's certificate ends within three weeks.",
    description: "The certificate of {{ $labels.tenant }} ends in {{ $value }} days.",
    runbook:
      "With a private CA the next `pulumi up` renews it, from 30 days before its end. With Let's Encrypt cert-manager does, from a third of its life before: `kubectl describe certificate -n NAME-tenant gateway` says why it has not.",
  },
  {
    alert: "TenantSigningKeyEnds",
    expr: "tenant:signing_key_end:min - time() < 31 * 86400",
    for: "1h",
    severity: "warning",
    summary: "The key that signs a tenant's own tokens ends within a month.",
    description:
      "Key {{ $labels.key }} of {{ $labels.tenant }} ends in {{ $value | humanizeDuration }}; then its Grafana, Prometheus and collectors are refused.",
    runbook: "Rotate the key in three steps: docs/operations.md, Tokens. In-cluster tokens end 13 months after the month of their key.",
  },
];

/** What every tenant's own Prometheus records and alerts on, and the platform's for all of them. */
export const gatewayGroups: readonly RuleGroup[] = [
  { name: "gateway-requests", rules: [...requests, errorRatio("5m"), errorRatio("1h"), ...refusals] },
  { name: "gateway-facts", interval: "1m", rules: facts },
];
