import { anyOf, byTenant } from "./promql";
import type { Recording, RuleGroup } from "./rule";
import { upstreamsOf } from "./upstreams";

/**
 * What tenants used, for bills and reports: one sample an hour with what came in that hour, so that a sum over time is the use of that time and
 * a restart of Prometheus loses an hour at most. Definitions: `usageMeasures`, printed in docs/monitoring.md.
 */

/** What is counted of a tenant's use. */
export interface UsageMeasure {
  readonly record: string;
  readonly title: string;
  /** Unit as Grafana calls it. */
  readonly unit: string;
  /** In words, for people who read a bill. */
  readonly counts: string;
}

const samples = "tenant_system:usage_samples:increase1h";
const bytes = "tenant_system:usage_log_bytes:increase1h";
const queries = "tenant_system:usage_queries:increase1h";

export const usageMeasures: readonly UsageMeasure[] = [
  {
    record: samples,
    title: "Samples an hour",
    unit: "short",
    counts:
      "samples that a store took in: each sample of a series once, however many copies are kept; refused ones do not count. Cortex with `cluster.size: single` counts those over the rate too (it does not export them)",
  },
  {
    record: bytes,
    title: "Bytes of logs an hour",
    unit: "bytes",
    counts: "bytes of log lines and their structured metadata before compression that Loki took in; refused ones do not count",
  },
  {
    record: queries,
    title: "Queries an hour",
    unit: "short",
    counts:
      "requests of class query (queries, labels, series, tails) that the tenant's gateway passed on and that were answered 2xx; its Grafana's are among them",
  },
];

/** Increase over the hour of a counter, less what was refused of it. */
function accepted(all: string, refused: string, idLabel: string): string {
  const taken = byTenant(`increase(${all}[1h])`, idLabel);
  return `clamp_min(${taken} - (${byTenant(`increase(${refused}[1h])`, idLabel)} or 0 * ${taken}), 0)`;
}

const rules: readonly Recording[] = [
  {
    record: samples,
    expr: accepted("cortex_distributor_received_samples_total", 'cortex_discarded_samples_total{reason="rate_limited"}', "user"),
    labels: { system: "cortex" },
  },
  {
    record: samples,
    expr: byTenant('increase(thanos_receive_write_samples_sum{code=~"2.."}[1h])', "tenant"),
    labels: { system: "thanos" },
  },
  {
    record: bytes,
    expr: accepted("loki_distributor_bytes_received_total", "loki_discarded_bytes_total", "tenant"),
    labels: { system: "loki" },
  },
  ...["cortex", "loki", "thanos"].map((system) => ({
    record: queries,
    expr: `sum by (tenant) (increase(envoy_cluster_upstream_rq{envoy_cluster_name${anyOf(ofSystem(system))},envoy_response_code=~"2..|101"}[1h]))`,
    labels: { system },
  })),
];

function ofSystem(system: string): string[] {
  return upstreamsOf.query.filter((name) => name.startsWith(`${system}-`));
}

export const usageGroups: readonly RuleGroup[] = [{ name: "usage", interval: "1h", rules }];
