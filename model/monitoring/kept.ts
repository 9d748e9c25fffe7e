import { platformRules, tenantRules } from ".";
import type { PlatformFacts } from ".";
import { queriesOf } from "./dashboard";
import { tenantDashboard } from "./dashboard-tenant";
import { operatorDashboards } from "./dashboards-operators";
import { metricsIn } from "./promql";
import type { RuleGroup } from "./rule";
import { comparedOptions } from "./statement";

/** What of a scrape is kept: what a rule or a dashboard reads. The stores export thousands of series a pod; a series that nobody reads costs the same. */

/** One step of `metricRelabelings` of a PodMonitor. */
export interface Relabeling {
  readonly action: "keep" | "drop";
  readonly sourceLabels: readonly string[];
  readonly regex: string;
}

const expressions = (groups: readonly RuleGroup[]) => groups.flatMap(({ rules }) => rules.map(({ expr }) => expr));

/** Names of series, recorded ones and those of scrapes, that these texts read. */
const readBy = (texts: readonly string[]) => new Set(texts.flatMap(metricsIn));

/** Series that scrapes must bring for the platform's rules and dashboards, sorted. */
export function platformMetrics(facts: PlatformFacts): string[] {
  const rules = Object.values(platformRules(facts)).flatMap(expressions);
  return scraped([...rules, ...operatorDashboards.flatMap(queriesOf), ...tenantQueries]);
}

const tenantQueries = [...expressions(tenantRules), ...queriesOf(tenantDashboard)];

/** `up` and `ALERTS` are Prometheus' own, names with colons are recorded. */
function scraped(texts: readonly string[]): string[] {
  return [...readBy(texts)].filter((name) => !name.includes(":") && name !== "up" && name !== "ALERTS").sort();
}

const isGateways = (name: string) => /^(envoy|tenantstack)_/.test(name);

/**
 * Bounds of Envoy's latency buckets, milliseconds, that are not kept. Nine of twenty remain, those of alerts among them; Prometheus 3 writes whole
 * numbers as `25.0`.
 */
const droppedBuckets = ["0.5", "1", "5", "25", "100", "500", "10000", "300000", "600000", "1800000", "3600000"];

/** For gateways, of a tenant's own Prometheus and of the platform's: the same, whatever the cluster's size. */
export const gatewayRelabelings: readonly Relabeling[] = [
  { action: "keep", sourceLabels: ["__name__"], regex: scraped(platformAndTenant()).filter(isGateways).join("|") },
  {
    action: "drop",
    sourceLabels: ["__name__", "le"],
    regex: `envoy_cluster_upstream_rq_time_bucket;(${droppedBuckets.map((bound) => bound.replace(".", "\\.")).join("|")})(\\.0)?`,
  },
];

function platformAndTenant(): string[] {
  const facts = { cluster: { size: "distributed" as const }, hardware: "existing" as const, s3: undefined, metrics: "cortex" as const };
  return [...Object.values(platformRules(facts)).flatMap(expressions), ...operatorDashboards.flatMap(queriesOf), ...tenantQueries];
}

const overrides = /^(cortex|loki)_overrides(_defaults)?$/;

/** For everything else of the platform. Of the stores' exported options only those that are compared: there are a hundred for each tenant. */
export function platformRelabelings(facts: PlatformFacts): Relabeling[] {
  const names = platformMetrics(facts).filter((name) => !isGateways(name));
  const plain = names.filter((name) => !overrides.test(name));
  const options = [...comparedOptions.cortex, ...comparedOptions.loki].sort();
  const exported = `(${names.filter((name) => overrides.test(name)).join("|")});(${options.join("|")})`;
  return [{ action: "keep", sourceLabels: ["__name__", "limit_name"], regex: `(${plain.join("|")});.*|${exported}` }];
}
