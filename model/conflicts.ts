import type { SourceDocument } from "./document";
import { platformTenant } from "./names";
import type { Problem } from "./problem";
import type { Tenant } from "./tenant";

/** Where the fields of a loaded tenant stand in its file; a tenant made otherwise has none. */
const places = new WeakMap<Tenant, SourceDocument>();

/** Keeps the source of a tenant, for problems that show only when it is compared with others. */
export function rememberPlaces(tenant: Tenant, source: SourceDocument): void {
  places.set(tenant, source);
}

/** A problem with a field of a tenant, at its place in the file. */
export function tenantProblem(tenant: Tenant, path: readonly string[], value: string, rule: string, remedy: string): Problem {
  const located = places.get(tenant)?.locate({ path, at: "value", rule, remedy });
  return located ?? { file: tenant.file, line: 0, column: 0, path: path.join("."), value, rule, remedy };
}

/**
 * Names that two tenants, or a tenant and the zone, would both answer for. A tenant answers for its domain and for everything below it
 * (its certificate and DNS record carry the wildcard). Retired tenants answer for nothing. Without a zone only own domains are compared.
 */
export function hostConflicts(tenants: readonly Tenant[], zone?: string): Problem[] {
  const withDomain = tenants.filter((tenant) => tenant.domain !== undefined && tenant.state !== "retired");
  const owners = new Map<string, Tenant[]>();
  for (const tenant of withDomain) owners.set(tenant.domain ?? "", [...(owners.get(tenant.domain ?? "") ?? []), tenant]);
  return withDomain.flatMap((tenant) => {
    const domain = tenant.domain ?? "";
    const rule = zoneRule(domain, zone) ?? ownerRule(tenant, domain, owners);
    return rule === undefined
      ? []
      : [tenantProblem(tenant, ["domain"], domain, rule, "Choose a name that no one else answers for, or remove domain")];
  });
}

function zoneRule(domain: string, zone: string | undefined): string | undefined {
  if (zone === undefined) return undefined;
  if (domain === zone || domain.endsWith(`.${zone}`))
    return `must not lie in the stack's zone ${zone}: its names belong to tenants by their own names`;
  return zone.endsWith(`.${domain}`) ? `must not contain the stack's zone ${zone}: every other tenant's names lie below it` : undefined;
}

function ownerRule(tenant: Tenant, domain: string, owners: ReadonlyMap<string, readonly Tenant[]>): string | undefined {
  for (let base: string | undefined = domain; base !== undefined; base = parent(base)) {
    const other = owners.get(base)?.find((candidate) => candidate !== tenant);
    if (other === undefined) continue;
    return base === domain
      ? `must not be claimed twice: ${other.file} has it as well`
      : `must not lie below ${base}, the domain of ${other.file}`;
  }
  return undefined;
}

function parent(name: string): string | undefined {
  const dot = name.indexOf(".");
  return dot === -1 ? undefined : name.slice(dot + 1);
}

/**
 * Tenants in Thanos whose `limits.metrics.activeSeries` nothing would enforce: routers of Thanos ask the Prometheus of the platform's own tenant how many
 * series each tenant has (`--receive.limits-config-file`, `meta_monitoring_url`).
 */
export function countingConflicts(tenants: readonly Tenant[]): Problem[] {
  if (tenants.some((tenant) => tenant.name === platformTenant && tenant.state !== "retired" && tenant.apis.includes("metrics"))) return [];
  const rule = `needs the tenant ${platformTenant} with metrics, whose Prometheus counts series: nothing else enforces limits.metrics.activeSeries in Thanos`;
  return tenants
    .filter((tenant) => tenant.metrics === "thanos" && tenant.apis.includes("metrics") && tenant.state !== "retired")
    .map((tenant) =>
      tenantProblem(
        tenant,
        ["metrics"],
        "thanos",
        rule,
        `Run \`tenantstack new ${platformTenant}\`, or write metrics: cortex for a new tenant`,
      ),
    );
}
