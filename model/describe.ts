import { eachField } from "./fieldwalk";
import { gatewayLimits, limitEntries } from "./limits";
import type { Enforcer, LimitEntry } from "./limits";
import { answerText, answerTo } from "./limits/answers";
import { service } from "./serviceschema";
import type { Tenant } from "./tenant";
import { serviceLevel } from "./tiers";
import { formatDuration, formatQuantity } from "./units";

/** One limit of a tenant as people read it. */
export interface LimitRow {
  /** As in the tenant file, e.g. `limits.metrics.activeSeries`. */
  readonly field: string;
  /** With its unit, e.g. `500k` or `90d`. */
  readonly value: string;
  /** Who enforces it, by which option and with what answer; one entry a system. Never empty. */
  readonly enforcedBy: readonly string[];
}

export const enforcerNames: Readonly<Record<Enforcer, string>> = {
  cortex: "Cortex",
  loki: "Loki",
  "thanos-receive": "Thanos receive",
  "thanos-hashring": "Thanos receive's hashring",
  "thanos-compactor": "Thanos compactor",
  gateway: "gateway",
};

/** Every limit, retention and bound of service that applies to the tenant, in the order of the tenant file, with who enforces it. */
export function limitTable(tenant: Tenant): LimitRow[] {
  const entries = limitEntries(tenant.state === "active" ? tenant : { ...tenant, state: "active" });
  return [...limitValues(tenant), ...serviceValues(tenant)]
    .map(([field, value]) => ({ field, value, enforcedBy: enforcedBy(field, entries) }))
    .filter((row) => row.enforcedBy.length > 0);
}

type Values = readonly (readonly [field: string, value: string])[];

function limitValues(tenant: Tenant): Values {
  const { metrics, logs, queries } = tenant.limits;
  return [
    ["limits.metrics.activeSeries", formatQuantity(metrics.activeSeries)],
    ["limits.metrics.samplesPerSecond", formatQuantity(metrics.samplesPerSecond)],
    ["limits.logs.megabytesPerSecond", formatQuantity(logs.megabytesPerSecond)],
    ["limits.logs.streams", formatQuantity(logs.streams)],
    ["limits.queries.parallelism", formatQuantity(queries.parallelism)],
    ["limits.queries.lookback", formatDuration(queries.lookback)],
    ["retention.metrics", formatDuration(tenant.retention.metrics)],
    ["retention.logs", formatDuration(tenant.retention.logs)],
  ];
}

/** The numbers of the level of service, by field. */
export function serviceValues(tenant: Pick<Tenant, "tier"> & Partial<Pick<Tenant, "service">>): Values {
  const level = serviceLevel(tenant) as unknown as Record<string, Record<string, unknown>>;
  const rows: [string, string][] = [];
  eachField(service, ([group = "", key], info) => {
    const value = key === undefined ? undefined : level[group]?.[key];
    if (info.type !== "group" && typeof value === "number") rows.push([`service.${group}.${key}`, formatQuantity(value)]);
  });
  return rows;
}

/** The main option of each system for a field; options that only follow from it say nothing more. */
function enforcedBy(field: string, entries: readonly LimitEntry[]): string[] {
  const main = entries.filter((entry) => entry.source === field && answerTo(entry.enforcer, entry.option) !== undefined);
  const firsts = main.filter((entry, index) => main.findIndex((other) => other.enforcer === entry.enforcer) === index);
  return firsts.map(({ enforcer, option }) => `${enforcerNames[enforcer]} ${option} (${answerText(answerTo(enforcer, option) ?? {})})`);
}

/** What the gateway lets through, in words. */
export function gatewayWords(tenant: Tenant): string {
  const { requests } = gatewayLimits(tenant);
  return `${requests.ingest} writes, ${requests.query} queries, ${requests.manage} changes a second; bodies to ${formatQuantity(requests.bodyBytes)} bytes`;
}
