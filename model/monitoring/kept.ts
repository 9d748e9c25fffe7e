import { platformRules, tenantRules } from ".";
import type { PlatformFacts } from ".";
import { queriesOf } from "./dashboard";
import { tenantDashboard } from "./dashboard-tenant";
import { operatorDashboards } from "./dashboards-operators";
import { seriesOfTenants } from "./federated";
import { metricsIn } from "./promql";
import type { RuleGroup } from "./rule";
import { appliedLimits } from "./applied";

/** What of a scrape is kept: what a rule or a dashboard reads. The stores export thousands of series a pod; a series that nobody reads costs the same. */

/** One step of `metricRelabelings` of a PodMonitor. */
export interface Relabeling {
  readonly action: "keep" | "drop";
  readonly sourceLabels: readonly string[];
  readonly regex: string;
}

const expressions = (groups: readonly RuleGroup[]) => groups.flatMap(({ rules }) => rules.map(({ expr }) => expr));
const ownQueries = [...expressions(tenantRules), ...queriesOf(tenantDashboard)];

/**
 * Series that scrapes must bring for the platform's rules and dashboards and for those of tenants, sorted. `up` and `ALERTS` are Prometheus' own,
 * names with colons are recorded.
 */
export function metricsRead(facts: PlatformFacts): string[] {
  const rules = Object.values(platformRules(facts)).flatMap(expressions);
  const names = new Set([...rules, ...operatorDashboards.flatMap(queriesOf), ...ownQueries].flatMap(metricsIn));
  return [...names].filter((name) => !name.includes(":") && name !== "up" && name !== "ALERTS").sort();
}

const isGateways = (name: string) => /^(envoy|tenantstack)_/.test(name);

/**
 * Bounds of Envoy's latency buckets, milliseconds, that are not kept. Nine of twenty remain, those of alerts among them; Prometheus 3 writes whole
 * numbers as `25.0`.
 */
const droppedBuckets = ["0.5", "1", "5", "25", "100", "500", "10000", "300000", "600000", "1800000", "3600000"];

/** What rules read of gateways does not depend on the cluster. */
const anywhere: PlatformFacts = { cluster: { size: "distributed" }, hardware: "existing", s3: undefined, metrics: "cortex", logs: true };

/** For gateways, of a tenant's own Prometheus and of the platform's. */
export const gatewayRelabelings: readonly Relabeling[] = [
  { action: "keep", sourceLabels: ["__name__"], regex: metricsRead(anywhere).filter(isGateways).join("|") },
  {
    action: "drop",
    sourceLabels: ["__name__", "le"],
    regex: `envoy_cluster_upstream_rq_time_bucket;(${droppedBuckets.map((bound) => bound.replace(".", "\\.")).join("|")})(\\.0)?`,
  },
];

/** For what a tenant's Prometheus gets of the platform's, whose name it must not bear. */
export const platformSeries = [
  { action: "keep", sourceLabels: ["__name__"], regex: seriesOfTenants.join("|") },
  { action: "labeldrop", regex: "prometheus" },
] as const;

const overrides = /^(cortex|loki)_overrides(_defaults)?$/;

/** For everything else of the platform. Of the stores' exported options only those that are limits of tenants: there are a hundred for each tenant. */
export function platformRelabelings(facts: PlatformFacts): Relabeling[] {
  const names = metricsRead(facts).filter((name) => !isGateways(name));
  const plain = names.filter((name) => !overrides.test(name));
  const options = [...new Set(appliedLimits.map(({ option }) => option))].sort();
  const exported = `(${names.filter((name) => overrides.test(name)).join("|")});(${options.join("|")})`;
  return [{ action: "keep", sourceLabels: ["__name__", "limit_name"], regex: `(${plain.join("|")});.*|${exported}` }];
}
