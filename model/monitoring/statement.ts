import { gatewayLimits, limitEntries } from "../limits";
import type { Enforcer } from "../limits";
import { limitClasses } from "../routes";
import type { Tenant } from "../tenant";
import { keyEnd } from "../tokens";

/**
 * What a tenant's gateway tells about the tenant, as metrics: its limits as its file has them, the options by which the stores were told them,
 * its state, and when its key ends. It is among the gateway's live files, so a new tenant or a changed limit needs no rule, no other object of
 * the platform and no restart; a tenant's own Prometheus reads nothing but its own.
 */

/** A limit that tenants are shown beside what they use. */
export interface ShownLimit {
  /** Label `limit`; where the tenant file has it, its path below `limits`. */
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

/** Values of `shownLimits` that bound this tenant. */
export function limitsShown(tenant: Tenant): Readonly<Record<string, number>> {
  const { metrics, logs, queries } = tenant.limits;
  const { requests } = gatewayLimits(tenant);
  const of = (condition: boolean, entries: Readonly<Record<string, number>>) => (condition ? entries : {});
  return {
    ...of(tenant.apis.includes("metrics"), {
      "metrics.activeSeries": metrics.activeSeries,
      "metrics.samplesPerSecond": metrics.samplesPerSecond,
    }),
    ...of(tenant.apis.includes("logs"), { "logs.megabytesPerSecond": logs.megabytesPerSecond, "logs.streams": logs.streams }),
    "queries.parallelism": queries.parallelism,
    ...Object.fromEntries(limitClasses.map((name) => [`requests.${name}`, requests[name]])),
  };
}

/** Options that are compared with what the stores say they apply, by enforcer; those that a store exports and that change with a tenant's file. */
export const comparedOptions = {
  cortex: ["ingestion_rate", "max_global_series_per_user"],
  loki: ["ingestion_rate_mb", "max_global_streams_per_user"],
  "thanos-receive": ["head_series_limit", "request.samples_limit"],
} as const satisfies Partial<Record<Enforcer, readonly string[]>>;

type Labels = Readonly<Record<string, string>>;
interface Family {
  readonly name: string;
  readonly help: string;
  readonly samples: readonly { readonly labels: Labels; readonly value: number }[];
}

/** The metrics of one tenant in Prometheus' text format. The label `tenant` comes with the scrape: a gateway cannot speak for another. */
export function tenantStatement(tenant: Tenant): string {
  const { storageId: storage_id, metrics, tier, state } = tenant;
  const [key = ""] = tenant.keys;
  const compared = limitEntries(tenant).filter(
    ({ enforcer, option }) =>
      enforcer in comparedOptions && (comparedOptions as Record<string, readonly string[]>)[enforcer]?.includes(option),
  );
  const families: Family[] = [
    {
      name: "tenantstack_limit",
      help: "Limits of the tenant's file, and of its gateway.",
      samples: Object.entries(limitsShown(tenant)).map(([limit, value]) => ({ labels: { limit }, value })),
    },
    {
      name: "tenantstack_store_limit",
      help: "Options that a store was told for the tenant.",
      samples: compared.map(({ enforcer: store, option, value }) => ({ labels: { option, storage_id, store }, value: Number(value) })),
    },
    {
      name: "tenantstack_tenant_info",
      help: "The tenant: 1.",
      samples: [{ labels: { metrics: tenant.apis.includes("metrics") ? metrics : "none", state, storage_id, tier }, value: 1 }],
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
