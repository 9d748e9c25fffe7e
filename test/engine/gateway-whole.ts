import { parse } from "yaml";
import { filters } from "../../components/tenant/gateway/input";
import type { Rendered } from "../../components/tenant/gateway/render";

/** An HTTP connection manager, as plain data. */
export type HttpManager = Record<string, unknown>;

/** `envoy.yaml` as plain data. */
export interface Bootstrap {
  [field: string]: unknown;
  static_resources: { clusters: unknown[]; listeners: Listener[] };
}
export interface Listener {
  [field: string]: unknown;
  name: string;
  filter_chains: { filters: { typed_config: HttpManager }[] }[];
}

/** The one HTTP connection manager of a listener. */
export function managerOf(listener: Listener): HttpManager {
  const manager = listener.filter_chains[0]?.filters[0]?.typed_config;
  if (manager === undefined) throw new Error(`listener ${listener.name} has no HTTP connection manager`);
  return manager;
}

/** The clusters of `clusters.yaml`, as a bootstrap lists them. */
export function clustersOf(text: Pick<Rendered, "clusters">): Record<string, unknown>[] {
  return resources(text.clusters).map(untyped);
}

/** The bootstrap with the live files put in their places, so that Envoy takes, or refuses, all as one. */
export function whole(text: Rendered): Bootstrap {
  const bootstrap = parse(text.bootstrap) as Bootstrap;
  for (const listener of bootstrap.static_resources.listeners) {
    const manager = managerOf(listener);
    const routes = { https: text.routes, metrics: text.metrics }[listener.name];
    if (routes !== undefined) {
      manager["route_config"] = untyped(resources(routes)[0] ?? {});
      delete manager["rds"];
    }
    manager["http_filters"] = (manager["http_filters"] as { name: string }[]).map((filter) =>
      filter.name === filters.jwt ? { name: filter.name, typed_config: resources(text.keys)[0]?.["typed_config"] } : filter,
    );
  }
  bootstrap.static_resources.clusters.push(...clustersOf(text));
  return bootstrap;
}

function resources(file: string): Record<string, unknown>[] {
  return (parse(file) as { resources: Record<string, unknown>[] }).resources;
}

function untyped({ "@type": _type, ...fields }: Record<string, unknown>): Record<string, unknown> {
  return fields;
}
