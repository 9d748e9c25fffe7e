import { serviceLevel } from "../tiers";
import type { Tenant } from "../tenant";
import { cortexClosed, cortexIngest, cortexQueries } from "./cortex";
import type { Enforcer, Entries, LimitEntry } from "./entry";
import { gatewayEntries } from "./gateway";
import { lokiClosed, lokiIngest, lokiQueries } from "./loki";
import { thanosClass, thanosClosed, thanosIngest, thanosRing } from "./thanos";

/**
 * The one mapping from a tenant to the options that enforce its limits: everything that bounds it, with its enforcer. Only systems that the
 * tenant uses are named.
 */
export function limitEntries(tenant: Tenant): LimitEntry[] {
  const hasMetrics = tenant.apis.includes("metrics");
  const level = serviceLevel(tenant);
  const isOpen = tenant.state === "active";
  const by = (enforcer: Enforcer, entries: Entries): LimitEntry[] =>
    entries.map(([option, value, source]) => ({ enforcer, option, value, source }));
  const ingest = (open: Entries, closed: Entries) => (isOpen ? open : replaced(open, closed));
  const cortex = () => by("cortex", [...ingest(cortexIngest(tenant), cortexClosed), ...cortexQueries(tenant, level)]);
  const thanos = () => [
    ...by("thanos-receive", ingest(thanosIngest(tenant), thanosClosed)),
    ...by("thanos-hashring", thanosRing(level)),
    ...by("thanos-compactor", thanosClass(tenant)),
  ];
  const loki = () => by("loki", [...ingest(lokiIngest(tenant), lokiClosed), ...lokiQueries(tenant, level)]);
  return [
    ...(hasMetrics ? { cortex, thanos }[tenant.metrics]() : []),
    ...(tenant.apis.includes("logs") ? loki() : []),
    ...by("gateway", gatewayEntries(tenant)),
  ];
}

/** The entries, with those of the same option in the place of the first ones. */
function replaced(open: Entries, closed: Entries): Entries {
  const options = new Set(closed.map(([option]) => option));
  return [...open.filter(([option]) => !options.has(option)), ...closed];
}
