import fc from "fast-check";
import { isTemplate, limitClasses, pathPattern, routes, routesOf, scopes, type Route } from "../../model/routes";
import type { Api } from "../../model/tenant";

const matches = (route: Route, method: string, path: string): boolean =>
  route.methods.some((one) => one === method) && new RegExp(`^${pathPattern(route.path)}$`).test(path);
const sample = (path: string): string => path.replaceAll(/\{[a-z]+\}/g, "values");
const reached = (host: string, method: string, path: string): string[] =>
  routes.filter((route) => route.host === host && matches(route, method, path)).map((route) => route.id);
const methods = ["GET", "POST", "PUT", "DELETE"] as const;

test("ids are unique and begin with their host", () => {
  expect(new Set(routes.map((route) => route.id)).size).toBe(routes.length);
  expect(routes.filter((route) => !route.id.startsWith(`${route.host}-`))).toEqual([]);
});

test.each(routes.map((route) => [route.id, route] as const))("%s is well formed", (_id, route) => {
  expect(route.path).toMatch(/^(\/([a-z0-9_-]+|\{[a-z]+\}))+$/);
  expect(scopes).toContain(route.scope);
  expect(limitClasses).toContain(route.limit);
  expect(route.summary).toMatch(/^[A-Z].*[^.]$/);
  expect(new Set(route.methods).size).toBe(route.methods.length);
  // An upstream is the host's own system, or the collector.
  expect(route.upstream === "collector" ? "dd" : route.upstream.split(".")[0]).toBe(route.host);
  const names = (path: string): string[] => path.match(/\{[a-z]+\}/g) ?? [];
  expect(names(route.rewrite ?? route.path)).toEqual(names(route.path));
});

test("no request matches two routes", () => {
  const twice = routes
    .flatMap((route) => route.methods.map((method) => reached(route.host, method, sample(route.path))))
    .filter((ids) => ids.length !== 1);
  expect(twice).toEqual([]);
});

test("writing and reading have scopes of their own", () => {
  const wrong = routes.filter((route) => /:read$/.test(route.scope) && route.methods.some((m) => m === "PUT" || m === "DELETE"));
  expect(wrong).toEqual([]);
  expect(routes.filter((route) => route.limit === "ingest" && !route.scope.endsWith(":write"))).toEqual([]);
});

/** Paths that a tenant must never reach, by host; from the stores' sources. */
const never: Record<string, string[]> = {
  cortex: [
    "/",
    "/api/v1/user-overrides",
    "/purger/delete_tenant",
    "/purger/delete_tenant_status",
    "/ruler/delete_tenant_config",
    "/multitenant_alertmanager/delete_tenant_config",
    "/multitenant_alertmanager/configs",
    "/multitenant_alertmanager/status",
    "/ruler/rule_groups",
    "/distributor/all_user_stats",
    "/api/v1/user_stats",
    "/api/prom/user_stats",
    "/config",
    "/runtime_config",
    "/ingester/push",
    "/ingester/flush",
    "/ingester/shutdown",
    "/ingester/all_user_stats",
    "/push",
    "/flush",
    "/shutdown",
    "/services",
    "/ready",
    "/metrics",
    "/debug/pprof/heap",
    "/debug/fgprof",
    "/memberlist",
    "/ring",
    "/ingester/ring",
    "/distributor/ring",
    "/compactor/ring",
    "/store-gateway/ring",
    "/ruler/ring",
    "/multitenant_alertmanager/ring",
    "/alertmanager",
    "/alertmanager/",
    "/alertmanager/api/v1/alerts",
    "/alertmanager/-/reload",
    "/alertmanager/debug/pprof/heap",
    "/prometheus/api/v1/status/buildinfo",
    "/api/prom/api/v1/status/buildinfo",
    "/api/v1/status/buildinfo",
    "/prometheus/api/v1/admin/tsdb/delete_series",
    "/api/prom/chunks",
  ],
  loki: [
    "/",
    "/api/prom/push",
    "/api/prom/query",
    "/api/prom/tail",
    "/ingest-limits/usage/staging",
    "/config",
    "/config/tenant/v1/limits",
    "/loki/api/v1/status/buildinfo",
    "/log_level",
    "/flush",
    "/ingester/flush_shutdown",
    "/ingester/prepare_shutdown",
    "/ingester/shutdown",
    "/compactor/ring",
    "/compactor/ui",
    "/loki/api/v1/cache/generation_numbers",
    "/loki/api/v1/delete/cache_generation",
    "/memberlist",
    "/ring",
    "/distributor/ring",
    "/indexgateway/ring",
    "/ruler/ring",
    "/scheduler/ring",
    "/ready",
    "/services",
    "/metrics",
    "/debug/pprof/heap",
    "/ui/",
  ],
  thanos: [
    "/",
    "/api/v1/rules",
    "/api/v1/alerts",
    "/api/v1/targets",
    "/api/v1/metadata",
    "/api/v1/query_exemplars",
    "/api/v1/stores",
    "/api/v1/status/tsdb",
    "/api/v1/status/flags",
    "/api/v1/query_explain",
    "/api/v1/query_range_explain",
    "/-/ready",
    "/-/healthy",
    "/metrics",
    "/debug/pprof/heap",
    "/loaded",
    "/graph",
    "/stores",
  ],
  dd: [
    "/",
    "/info",
    "/intake",
    "/intake/",
    "/api/intake/metrics/v3/series",
    "/api/v1/distribution_points",
    "/v0.4/traces",
    "/api/v0.2/stats",
    "/api/v0.2/traces",
  ],
};
const forbidden = Object.entries(never).flatMap(([host, paths]) => paths.map((path) => [host, path] as const));

test.each(forbidden)("%s never reaches %s", (host, path) => {
  const both = [path, ...routes.filter((r) => r.host === host && r.rewrite === path).map((r) => r.path)];
  expect(methods.flatMap((method) => both.flatMap((one) => reached(host, method, one)))).toEqual([]);
});

test.each([
  ["cortex", "DELETE", "/prometheus/api/v1/series"],
  ["cortex", "DELETE", "/api/prom/api/v1/series"],
  ["cortex", "DELETE", "/api/v1/rules"],
  ["cortex", "POST", "/alertmanager/api/v2/status"],
  ["thanos", "POST", "/api/v1/label/x/values"],
  ["dd", "GET", "/api/v2/series"],
])("%s does not take %s %s", (host, method, path) => expect(reached(host, method, path)).toEqual([]));

test("a route reads its own path and no other", () => {
  const templates = routes.filter((route) => isTemplate(route.path));
  fc.assert(
    fc.property(fc.constantFrom(...templates), fc.string({ minLength: 1 }), (route, segment) => {
      const path = route.path.replace(/\{[a-z]+\}/, segment.replaceAll("$", "$$$$")).replaceAll(/\{[a-z]+\}/g, "x");
      return matches(route, route.methods[0] ?? "", path) === !/[/]/.test(segment) || /[\n\r\u2028\u2029]/.test(segment);
    }),
  );
  expect(new RegExp(`^${pathPattern("/a.b/{n}")}$`).test("/axb/c")).toBe(false);
});

const hosts = (metrics: "cortex" | "thanos", apis: Api[]): string[] =>
  [...new Set(routesOf({ metrics, apis }).map((route) => route.host))].sort();

test.each<["cortex" | "thanos", Api[], string[]]>([
  ["cortex", ["metrics"], ["cortex"]],
  ["thanos", ["metrics"], ["thanos"]],
  ["cortex", ["logs"], ["loki"]],
  ["thanos", ["logs", "metrics"], ["loki", "thanos"]],
  ["cortex", ["datadog", "logs", "metrics"], ["cortex", "dd", "loki"]],
  ["cortex", ["datadog"], []],
])("a %s tenant with %j has the hosts %j", (metrics, apis, expected) => expect(hosts(metrics, apis)).toEqual(expected));

test("Datadog's routes exist where their data has a place to go", () => {
  const ids = (apis: Api[]): string[] =>
    routesOf({ metrics: "cortex", apis })
      .filter((r) => r.host === "dd")
      .map((r) => r.scope);
  expect(new Set(ids(["datadog", "metrics"]))).toEqual(new Set(["metrics:write"]));
  expect(new Set(ids(["datadog", "logs"]))).toEqual(new Set(["logs:write"]));
});
