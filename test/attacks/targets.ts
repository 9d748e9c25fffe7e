import type { GatewayInput } from "../../components/tenant/gateway/input";
import { hostNames } from "../../model/hosts";
import { pathPattern, routesOf, type Route } from "../../model/routes";
import type { Target } from "./attack";

/** What a placeholder of the table stands for in tests. */
const sample = (path: string): string => path.replaceAll(/\{[a-z]+\}/g, "a-b.c");

/** Every route that a tenant has, with a path and host that it takes. */
export function targetsOf(input: Pick<GatewayInput, "tenant" | "zone">): Target[] {
  return routesOf(input.tenant).flatMap((route) =>
    route.methods.map((method) => ({
      route,
      method,
      path: sample(route.path),
      host: hostNames(input.tenant, input.zone, route.host).public[0] ?? "",
    })),
  );
}

/** One target a route: the first of its methods. */
export function routeTargets(input: Pick<GatewayInput, "tenant" | "zone">): Target[] {
  return targetsOf(input).filter(({ route, method }) => route.methods[0] === method);
}

/** Path at the upstream. */
export function upstreamPath({ route }: Pick<Target, "route">): string {
  return sample(route.rewrite ?? route.path);
}

/** True where the table lets a request of this method and path reach this upstream. */
export function isListed(routes: readonly Route[], upstream: string, method: string, path: string): boolean {
  return routes.some(
    (route) =>
      route.upstream === upstream &&
      route.methods.some((one) => one === method) &&
      new RegExp(`^${pathPattern(route.rewrite ?? route.path)}$`).test(path),
  );
}
