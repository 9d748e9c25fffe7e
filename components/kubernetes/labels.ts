import type { Tenant } from "../../model/tenant";

/** Labels of every object: Kubernetes' recommended set. `tenantstack.dev/tenant` is what network policy trusts, so only this program makes pods in tenants' namespaces. */
export type Labels = Readonly<Record<string, string>>;

/** Label that marks a tenant's namespace and every object in it. */
export const tenantLabel = "tenantstack.dev/tenant";
/** Label on a namespace whose owners let a tenant's Prometheus scrape it. */
export const scrapedBy = "tenantstack.dev/scraped-by";
/** Label that every object of this program carries, shared or a tenant's. */
export const managedBy: Labels = { "app.kubernetes.io/managed-by": "tenantstack" };

/** What selects the pods of one part; fixed for ever, since selectors are immutable. */
export function selector(system: string, part: string): Labels {
  return { "app.kubernetes.io/name": part, "app.kubernetes.io/part-of": system };
}

/** The pods that read the platform's logs, in `logsNamespace`. */
export const logCollectorPods = selector("platform", "log-collector");

/** Labels of an object of a shared system. */
export function systemLabels(system: string, part: string): Labels {
  return { ...managedBy, ...selector(system, part) };
}

/** Labels of an object of a tenant. */
export function tenantLabels(tenant: Pick<Tenant, "name">, part: string): Labels {
  return { ...managedBy, ...selector("tenant", part), [tenantLabel]: tenant.name };
}

/**
 * Logical (URN) name of a tenant's resource. URNs hold parent types but not parent names, so the prefix is the only handle of one tenant:
 * `pulumi up --target '**prod/**'`. The slash cannot be part of a tenant's name, so `prod` never matches `prod-eu`.
 */
export function resourceName(tenant: Pick<Tenant, "name">, part: string): string {
  return `${tenant.name}/${part}`;
}
