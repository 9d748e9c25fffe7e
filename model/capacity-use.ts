import { dimensions, expectedUse } from "./capacity-figures";
import type { Dimension, SystemName } from "./capacity-figures";
import { serviceLevel } from "./tiers";
import type { Tenant } from "./tenant";

/** What tenants use of one dimension of one system. */
export interface Load {
  /** Sum of what their limits allow. */
  readonly allowed: number;
  /** Of that, what they are expected to use. */
  readonly expected: number;
  /** The tenant that may use most, and its share of the sum; undefined when no one uses any. */
  readonly most: { readonly tenant: Tenant; readonly share: number } | undefined;
}

export type Loads = Readonly<Record<Dimension, Load>>;

/** Tenants that the plan counts, in one order: sums of fractions depend on it. Suspended ones may come back at any time; retired ones write and ask nothing. */
export function counted(tenants: readonly Tenant[]): Tenant[] {
  return tenants.filter((tenant) => tenant.state !== "retired").sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Whether a tenant's data lives in a system. */
export function uses(tenant: Tenant, system: SystemName): boolean {
  if (system === "loki") return tenant.apis.includes("logs");
  return tenant.apis.includes("metrics") && tenant.metrics === system;
}

/** The loads that tenants put on a system. The order of tenants does not matter. */
export function loadsOn(system: SystemName, tenants: readonly Tenant[]): Loads {
  const here = counted(tenants).filter((tenant) => uses(tenant, system));
  const entries = dimensions.map((dimension) => [dimension, load(here, dimension, amountOf(system, dimension))] as const);
  return Object.fromEntries(entries) as Loads;
}

function load(tenants: readonly Tenant[], dimension: Dimension, amount: (tenant: Tenant) => number): Load {
  const allowed = tenants.reduce((sum, tenant) => sum + amount(tenant), 0);
  const first = tenants.reduce<Tenant | undefined>(
    (best, one) => (best === undefined || amount(one) > amount(best) ? one : best),
    undefined,
  );
  const most = first === undefined || allowed === 0 ? undefined : { tenant: first, share: amount(first) / allowed };
  return { allowed, expected: allowed * expectedUse[dimension], most };
}

const year = 365 * 86_400;

/** What of a dimension a tenant's limits allow it in a system. */
function amountOf(system: SystemName, dimension: Dimension): (tenant: Tenant) => number {
  const isLogs = system === "loki";
  return (tenant) => {
    const { metrics, logs, queries } = tenant.limits;
    switch (dimension) {
      case "series":
        return isLogs ? 0 : metrics.activeSeries;
      case "samples":
        return isLogs ? 0 : metrics.samplesPerSecond;
      case "kept":
        return isLogs ? 0 : metrics.activeSeries * (tenant.retention.metrics / year);
      case "megabytes":
        return isLogs ? logs.megabytesPerSecond : 0;
      case "streams":
        return isLogs ? logs.streams : 0;
      case "queries":
        // A querier of its own answers them; the stores behind are as many as blocks need.
        return system === "thanos" && tenant.querier === "dedicated" ? 0 : queries.parallelism;
      case "rules":
        return system === "thanos" ? 0 : rulesOf(tenant);
      case "tenants":
        return 1;
    }
  };
}

function rulesOf(tenant: Tenant): number {
  const { groups, perGroup } = serviceLevel(tenant).rules;
  return groups * perGroup;
}
