import type { LedgerEntry } from "../ledger";
import type { Tenant } from "../tenant";
import { formatDuration } from "../units";
import { cortexClosed } from "./cortex";
import { overridesOf, sortedKeys } from "./entry";
import type { Enforcer, Entries, Overrides } from "./entry";
import { lokiClosed } from "./loki";
import { limitEntries } from "./mapping";
import { thanosClosed } from "./thanos";

/** Runtime limits by storage id, sorted: what goes below `overrides` (Cortex, Loki) and below `write.tenants` (Thanos receive). */
export interface StoreLimits {
  readonly cortex: Readonly<Record<string, Overrides>>;
  readonly loki: Readonly<Record<string, Overrides>>;
  readonly thanos: Readonly<Record<string, Overrides>>;
}

/** Who reads which of the three. */
const readers: Readonly<Record<keyof StoreLimits, Enforcer>> = { cortex: "cortex", loki: "loki", thanos: "thanos-receive" };

/**
 * The runtime limits of all stores. The order of tenants does not matter, a tenant shows only in the systems it uses, and a retired id keeps
 * its entry until its data is gone: without one the stores would apply their default, which is to keep data for ever.
 */
export function storeLimits(tenants: readonly Tenant[], retired: readonly LedgerEntry[]): StoreLimits {
  const result: Record<keyof StoreLimits, Record<string, Overrides>> = { cortex: {}, loki: {}, thanos: {} };
  const living = tenants.filter((tenant) => tenant.state !== "retired");
  const inUse = new Set(living.map((tenant) => tenant.storageId));
  for (const entry of retired.filter((one) => one.erased === undefined && !inUse.has(one.storageId))) {
    const { cortex, loki, thanos } = retiredOverrides(entry);
    if (entry.apis.includes("metrics") && entry.metrics === "cortex") result.cortex[entry.storageId] = cortex;
    if (entry.apis.includes("logs")) result.loki[entry.storageId] = loki;
    if (entry.apis.includes("metrics") && entry.metrics === "thanos") result.thanos[entry.storageId] = thanos;
  }
  for (const tenant of living) {
    const entries = limitEntries(tenant);
    for (const system of ["cortex", "loki", "thanos"] as const) {
      const own = entries.filter((entry) => entry.enforcer === readers[system]);
      if (own.length > 0) result[system][tenant.storageId] = overridesOf(own);
    }
  }
  return { cortex: sortedKeys(result.cortex), loki: sortedKeys(result.loki), thanos: sortedKeys(result.thanos) };
}

/** The stores' answer to a retired id: nothing in, what is there kept as long as before, or dropped at the shortest retention when it is being erased. */
function retiredOverrides(entry: LedgerEntry): Record<keyof StoreLimits, Overrides> {
  const kept = (seconds: number) => (entry.erasing === undefined ? formatDuration(seconds) : "24h");
  const of = (...entries: Entries) => overridesOf(entries.map(([option, value]) => ({ option, value })));
  return {
    cortex: of(...cortexClosed, ["compactor_blocks_retention_period", kept(entry.retention.metrics), "retention.metrics"]),
    loki: of(...lokiClosed, ["retention_period", kept(entry.retention.logs), "retention.logs"]),
    thanos: of(...thanosClosed),
  };
}
