import { gatewayLimits } from "../limits";
import { limitClasses } from "../routes";
import type { Tenant } from "../tenant";
import { keyEnd } from "../tokens";

/**
 * What a tenant's gateway tells about the tenant, as metrics: the limits that it enforces itself, the tenant's state, and when its key ends. It is
 * among the gateway's live files, so a new tenant or a changed limit needs no rule, no other object of the platform and no restart. What a store
 * enforces the store itself tells (`appliedLimits`): a limit is said by who enforces it, and changing it changes one object.
 */

/** A limit that tenants are shown beside what they use. */
export interface ShownLimit {
  /** Label `limit`; where the tenant file has it, its path below `limits`. The stores' own names of it: `appliedLimits`. */
  readonly limit: string;
  /** In words, with the unit. */
  readonly title: string;
  /** Unit as Grafana calls it. */
  readonly unit: string;
}

export const shownLimits: readonly ShownLimit[] = [
  { limit: "metrics.activeSeries", title: "Series in memory", unit: "short" },
  { limit: "metrics.samplesPerSecond", title: "Samples a second", unit: "cps" },
  { limit: "logs.megabytesPerSecond", title: "Megabytes of log lines a second", unit: "MBs" },
  { limit: "logs.streams", title: "Streams of logs", unit: "short" },
  { limit: "queries.parallelism", title: "Queries at one time", unit: "short" },
  ...limitClasses.map((name) => ({ limit: `requests.${name}`, title: `Requests a second, ${name}`, unit: "reqps" })),
];

/** Values of `shownLimits` that this tenant's gateway enforces. Thanos bounds neither samples a second nor queries: there its gateway does. */
export function limitsOfGateway(tenant: Tenant): Readonly<Record<string, number>> {
  const { requests, queriesAtOnce } = gatewayLimits(tenant);
  return {
    ...(queriesAtOnce !== undefined && {
      "metrics.samplesPerSecond": tenant.limits.metrics.samplesPerSecond,
      "queries.parallelism": queriesAtOnce,
    }),
    ...Object.fromEntries(limitClasses.map((name) => [`requests.${name}`, requests[name]])),
  };
}

type Labels = Readonly<Record<string, string>>;
interface Family {
  readonly name: string;
  readonly help: string;
  readonly samples: readonly { readonly labels: Labels; readonly value: number }[];
}

/** The metrics of one tenant in Prometheus' text format. The label `tenant` comes with the scrape: a gateway cannot speak for another. */
export function tenantStatement(tenant: Tenant): string {
  const { apis, storageId: storage_id, metrics, tier, state } = tenant;
  const [key = ""] = tenant.keys;
  const families: Family[] = [
    {
      name: "tenantstack_limit",
      help: "Limits that the gateway enforces.",
      samples: Object.entries(limitsOfGateway(tenant)).map(([limit, value]) => ({ labels: { limit }, value })),
    },
    {
      name: "tenantstack_tenant_info",
      help: "The tenant: 1.",
      samples: [
        {
          labels: {
            logs: apis.includes("logs") ? "loki" : "none",
            metrics: apis.includes("metrics") ? metrics : "none",
            state,
            storage_id,
            tier,
          },
          value: 1,
        },
      ],
    },
    {
      name: "tenantstack_signing_key_end_timestamp_seconds",
      help: "When tokens of Grafana, Prometheus and collectors end.",
      samples: [{ labels: { key }, value: keyEnd(key) }],
    },
  ];
  return families.map(familyText).join("");
}

/** https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format; no label value of ours needs an escape. */
function familyText({ name, help, samples }: Family): string {
  const lines = samples.map(({ labels, value }) => {
    const text = Object.entries(labels).map(([label, one]) => `${label}="${one}"`);
    return `${name}{${text.join(",")}} ${value}\n`;
  });
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${lines.join("")}`;
}
