import { limitClasses, routes } from "../routes";
import type { LimitClass, Upstream } from "../routes";

/** Name of an upstream in Envoy's metrics: a dot would be taken for the end of the cluster's name. */
export function statName(upstream: Upstream): string {
  return upstream.replace(".", "-");
}

const ofClass = (name: LimitClass) =>
  [...new Set(routes.filter(({ limit }) => limit === name).map(({ upstream }) => statName(upstream)))].sort();

/** The upstreams that answer requests of each class, by their names in metrics; no upstream answers two. */
export const upstreamsOf = Object.fromEntries(limitClasses.map((name) => [name, ofClass(name)])) as Readonly<Record<LimitClass, string[]>>;

/** All of them. */
export const allUpstreams = limitClasses.flatMap((name) => upstreamsOf[name]);

/** Paths of the gateway's metrics port: Envoy's own metrics, what the gateway tells of its tenant, and what the platform knows of it. */
export const metricsPaths = { envoy: "/stats/prometheus", tenant: "/tenant", platform: "/platform" } as const;

const endpoint = (name: keyof typeof metricsPaths) => ({ port: "metrics", path: metricsPaths[name], name });

/** What Prometheus scrapes of a gateway, each path under a name of its own; the platform's Prometheus too. */
export const gatewayEndpoints = [endpoint("envoy"), endpoint("tenant")];

/** What only the tenant's own Prometheus scrapes: it comes from the platform's. Its series keep their labels. */
export const platformEndpoint = { ...endpoint("platform"), honorLabels: true };
