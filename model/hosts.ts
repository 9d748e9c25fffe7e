import { tenantNamespace } from "./names";

/** The kinds of host a tenant has. Every route of `routes.ts` belongs to one of the API hosts; `grafana` is passed through whole. */
export const apiHosts = ["cortex", "loki", "thanos", "dd"] as const;
export type ApiHost = (typeof apiHosts)[number];
export type HostKind = ApiHost | "grafana";

export interface HostNames {
  /** Names in public DNS, the first is the canonical one. */
  readonly public: readonly string[];
  /** Names by which clients inside the cluster reach the same routes: the gateway's Services. */
  readonly internal: readonly string[];
}

/** The Services that point at a tenant's gateway, by host kind. The field knows these names (Opstrace used them). */
export const gatewayServices = {
  cortex: ["cortex-api", "grafana-datasource-splitter-cortex"],
  loki: ["loki-api", "grafana-datasource-splitter-loki"],
  thanos: ["thanos-api"],
  dd: ["dd-api"],
  grafana: [],
} as const satisfies Record<HostKind, readonly string[]>;

/** What host names need of a tenant. */
export interface HostOwner {
  readonly name: string;
  readonly domain: string | undefined;
}

/** Names of one kind of host: `cortex.prod.obs.example.com`, `cortex.metrics.shop.example`, and the Services' names. Grafana has the bare names. */
export function hostNames(tenant: HostOwner, zone: string, kind: HostKind): HostNames {
  const bases = [`${tenant.name}.${zone}`, ...(tenant.domain === undefined ? [] : [tenant.domain])];
  const ns = tenantNamespace(tenant.name);
  return {
    public: kind === "grafana" ? bases : bases.map((base) => `${kind}.${base}`),
    internal: gatewayServices[kind].flatMap((service) => [`${service}.${ns}.svc`, `${service}.${ns}.svc.cluster.local`]),
  };
}

/** Names on the tenant's certificate: a wildcard covers one label only, so both the bare name and its wildcard, per base. */
export function certificateNames(tenant: HostOwner, zone: string): string[] {
  return hostNames(tenant, zone, "grafana").public.flatMap((base) => [base, `*.${base}`]);
}
