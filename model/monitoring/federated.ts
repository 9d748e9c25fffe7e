import { platformTenant } from "../names";
import type { Tenant } from "../tenant";
import { appliedSeries } from "./applied";
import { anyOf } from "./promql";
import { rejectedSeries, useSeries } from "./tenants";

/**
 * What the platform's Prometheus knows of each tenant and the tenant may see: what its stores count, apply and refuse. Stores tell it for all tenants
 * at once, so a tenant's Prometheus does not ask them: its gateway asks the platform's Prometheus, with a selector that is written into the gateway's
 * configuration and names this tenant.
 */
export const seriesOfTenants: readonly string[] = [appliedSeries, useSeries, ...Object.values(rejectedSeries)];

/** The platform's tenant has them among its own; without metrics there is nowhere to write them. */
export function hasPlatformSeries({ name, apis }: Pick<Tenant, "name" | "apis">): boolean {
  return name !== platformTenant && apis.includes("metrics");
}

/** Selects them for one tenant; what gateways count each tenant has already. Names of tenants hold nothing that means something in a selector. */
export function selectorOf(tenant: string): string {
  return `{__name__${anyOf(seriesOfTenants)},system!="gateway",tenant="${tenant}"}`;
}

/** Path and query by which Prometheus hands out the last samples of these series (prometheus.io/docs/prometheus/latest/federation). */
export function federatePath(tenant: string): string {
  return `/federate?${new URLSearchParams({ "match[]": selectorOf(tenant) }).toString()}`;
}
