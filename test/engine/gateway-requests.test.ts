import type http from "node:http";
import { selectorOf } from "../../model/monitoring/federated";
import { metricsPaths } from "../../model/monitoring/upstreams";
import { claims, token, websocket } from "./gateway-kit";
import { plain, within } from "./envoy";
import { cortex, good, key, loki, query, Scene } from "./gateway-scene";

/** What the real Envoy makes of headers, paths, hosts, sizes and rates, and how it treats Grafana and streams. */

const grafana = "prod.obs.example.com";

const scene = new Scene();
beforeAll(() => scene.setUp(), 60_000);
afterAll(() => scene.tearDown());

describe("what a client says about itself", () => {
  const forged: [string, http.OutgoingHttpHeaders][] = [
    ["X-Scope-OrgID", { "X-Scope-OrgID": "staging" }],
    ["x-scope-orgid of two tenants", { "x-scope-orgid": "prod--2|staging" }],
    ["X-Scope-OrgID twice", { "X-Scope-OrgID": ["staging", "evil"] }],
    ["THANOS-TENANT", { "THANOS-TENANT": "staging", "THANOS-REPLICA": "1", "X-Tenant": "staging" }],
    ["query limits", { "X-Loki-Query-Limits": "{}", "X-Loki-Disable-Pipeline-Wrappers": "true" }],
    ["Envoy's own headers", { "x-envoy-upstream-rq-timeout-ms": "1", "x-envoy-max-retries": "9", "x-envoy-original-path": "/config" }],
  ];
  test.each(forged)("%s changes nothing", async (_name, headers) => {
    const answer = await scene.tried({ ...query, path: `${query.path}&wait=30`, token: good, headers });
    const seen = answer.seen?.headers ?? {};
    expect([answer.status, seen["x-scope-orgid"], seen["thanos-tenant"]]).toEqual([200, "prod--2", "prod--2"]);
    for (const name of ["thanos-replica", "x-tenant", "x-loki-query-limits", "x-loki-disable-pipeline-wrappers"])
      expect(seen).not.toHaveProperty(name);
    expect(Object.keys(seen).filter((name) => name.startsWith("x-envoy-"))).toEqual(["x-envoy-external-address"]);
  });

  test("a header with underscores is refused, whatever a store would make of it", async () => {
    expect((await scene.tried({ ...query, token: good, headers: { X_Scope_OrgID: "staging" } })).status).toBe(400);
  });

  test("X-Forwarded-For ends with an address that the client did not choose, and the scheme is https", async () => {
    const { seen } = await scene.tried({ ...query, token: good, headers: { "x-forwarded-for": "1.2.3.4", "x-forwarded-proto": "http" } });
    expect(seen?.headers["x-forwarded-for"]).toMatch(/^1\.2\.3\.4,[\d.]+$/);
    expect([seen?.headers["x-forwarded-proto"], seen?.headers["x-envoy-external-address"]]).toEqual(["https", "127.0.0.1"]);
  });
});

describe("paths and hosts", () => {
  const paths: [string, number, string, string?][] = [
    ["/prometheus//api/v1/query", 200, cortex, "/prometheus/api/v1/query"],
    ["/prometheus/./api/v1/query", 200, cortex, "/prometheus/api/v1/query"],
    ["/prometheus/x/../api/v1/query", 200, cortex, "/prometheus/api/v1/query"],
    ["/prometheus/%2e%2e/api/v1/rules", 200, cortex, "/api/v1/rules"],
    ["/api/v1/push/../user-overrides", 404, cortex],
    ["/api/v1/rules/..%2fuser-overrides", 400, cortex],
    ["/api/v1/rules/a%2Fb", 400, cortex],
    ["/api/v1/rules/a%5Cb", 400, cortex],
    ["/api/v1/rules/..%5cx", 400, cortex],
    ["/api/v1/rules/%252e%252e", 200, cortex, "/api/v1/rules/%252e%252e"],
    ["/api/v1/rules/", 404, cortex],
    ["/api/v1/rules/a/b/c", 404, cortex],
    ["/API/v1/rules", 404, cortex],
    ["/prometheus/api/v1/query/", 404, cortex],
    ["/prometheus/api/v1/query;x", 404, cortex],
    ["/prometheus/api/v1/query%00", 400, cortex],
    ["/prometheus/api/v1/status/buildinfo", 404, cortex],
    ["/api/prom/api/v1/status/buildinfo", 404, cortex],
    ["/config", 404, cortex],
    ["/", 404, loki],
    ["/ready", 404, cortex],
    ["/loki/api/v1/labels", 421, "loki.staging.obs.example.com"],
    ["/prometheus/api/v1/query", 421, "evil.example"],
    ["/prometheus/api/v1/query", 421, "xcortex.prod.obs.example.com"],
    ["/api/v1/push", 404, loki],
    ["/prometheus/api/v1/query", 200, `${cortex}:8443`, "/prometheus/api/v1/query"],
    ["/prometheus/api/v1/query", 200, `${cortex}.`, "/prometheus/api/v1/query"],
    ["/prometheus/api/v1/query", 200, "CORTEX.prod.obs.example.com", "/prometheus/api/v1/query"],
    ["/prometheus/api/v1/query", 200, "cortex.metrics.shop.example", "/prometheus/api/v1/query"],
    ["/api/prom/api/v1/query", 200, "grafana-datasource-splitter-cortex.prod-tenant.svc", "/api/prom/api/v1/query"],
    ["/prometheus/api/v1/query", 200, "cortex-api.prod-tenant.svc.cluster.local", "/prometheus/api/v1/query"],
    ["/api/prom/rules", 200, "grafana-datasource-splitter-loki.prod-tenant.svc.cluster.local", "/api/prom/rules"],
  ];
  // Every row in full: to a short one jest would add its own callback.
  const rows = paths.map(([path, status, host, seen]) => [path, status, host, seen] as const);
  test.each(rows)("%s: %i on %s", async (path, status, host, seen) => {
    const answer = await scene.tried({ host, path, token: good });
    expect([answer.status, answer.seen?.url]).toEqual([status, seen]);
  });

  test.each(["HEAD", "PUT", "PATCH", "OPTIONS", "TRACE", "DELETE"])("%s is not a way to query", async (method) => {
    const answer = await scene.tried({ ...query, method, token: good });
    expect([answer.status, answer.seen]).toEqual([404, undefined]);
  });

  test.each([
    ["a full URL of another host", "https://evil.example/prometheus/api/v1/query", 421],
    ["a full URL of this host", `https://${cortex}/prometheus/api/v1/query`, 200],
  ])("%s", async (_name, path, status) => {
    expect((await scene.tried({ host: cortex, path, token: good })).status).toBe(status);
  });
});

describe("Grafana", () => {
  test("gets everything as it is sent, but no tenant header", async () => {
    const headers = { authorization: "Basic YWRtaW46YQ==", cookie: "session=1", "X-Scope-OrgID": "staging", "THANOS-TENANT": "x" };
    const { status, seen } = await scene.tried({ host: grafana, path: "/api/dashboards?x=1", method: "PATCH", headers, body: "{}" });
    expect([status, seen?.upstream, seen?.url, seen?.body]).toEqual([200, "grafana", "/api/dashboards?x=1", "{}"]);
    expect(seen?.headers).toMatchObject({ authorization: headers.authorization, cookie: headers.cookie, "x-forwarded-proto": "https" });
    expect(Object.keys(seen?.headers ?? {}).filter((name) => /tenant|orgid/.test(name))).toEqual([]);
  });

  test("passes a body larger than the APIs take", async () => {
    const { status, seen } = await scene.tried({ host: grafana, path: "/api/dashboards/db", method: "POST", body: "x".repeat(3 << 20) });
    expect([status, seen?.body.length]).toEqual([200, 3 << 20]);
  });

  test("passes its live WebSocket", async () => {
    expect(await websocket(scene.envoy, { host: grafana, path: "/api/live/ws" })).toMatchObject({ status: 101, echo: "ping" });
  });
});

describe("tail", () => {
  const tail = { host: loki, path: "/loki/api/v1/tail?query=x" };
  test("is a WebSocket for logs:read, and for nobody else", async () => {
    const logs = token(key, claims("logs:read"));
    expect(await websocket(scene.envoy, { ...tail, token: logs })).toMatchObject({ status: 101, echo: "ping" });
    expect(scene.upstreams.seen.at(-1)).toMatchObject({ upstream: "loki.tail", headers: { "x-scope-orgid": "prod--2" } });
    expect((await websocket(scene.envoy, { ...tail, token: token(key, claims("logs:write")) })).status).toBe(403);
    expect((await websocket(scene.envoy, tail)).status).toBe(401);
  });

  test("no other route can be upgraded", async () => {
    expect((await websocket(scene.envoy, { ...query, token: good })).status).not.toBe(101);
  });
});

describe("too much", () => {
  test("bodies over their bound are 413", async () => {
    const push = { host: cortex, path: "/api/v1/push", method: "POST", token: good };
    expect((await scene.tried({ ...push, body: "x".repeat(1 << 20) })).status).toBe(200);
    const large = await scene.tried({ ...push, body: "x".repeat((1 << 20) + 1) });
    expect([large.status, large.seen]).toEqual([413, undefined]);
  });

  test("headers over 32 KiB or more than 100 are 431", async () => {
    const headers = Object.fromEntries(Array.from({ length: 120 }, (_, i) => [`x-${i}`, "1"]));
    expect((await scene.tried({ ...query, token: good, headers })).status).toBe(431);
    expect((await scene.tried({ ...query, token: good, headers: { "x-a": "a".repeat(40_000) } })).status).toBe(431);
  });

  test.each([
    ["a store's 429 gets Retry-After", 429, "5"],
    ["other answers get none", 500, undefined],
  ])("%s", async (_name, status, after) => {
    const answer = await scene.tried({ ...query, path: `${query.path}&answer=${status}`, token: good });
    expect([answer.status, answer.headers["retry-after"]]).toEqual([status, after]);
  });

  const limit = "user=prod--2: per-user series limit of 10 exceeded, please contact administrator to raise it (local limit: 0)";
  const quorum = `maxFailure (quorum) on a given error family, addr=10.0.0.1:9095 state=ACTIVE zone=, rpc error: code = Code(400) desc = `;
  const bad = `user=prod--2: err: out of bounds. timestamp=1970-01-01T00:00:01Z, series={__name__="`;
  const answers: [string, string, number, number, string?][] = [
    ["the limit of series", `${quorum}${limit}`, 400, 429],
    ["the limit of native histograms", limit.replace("series", "native histogram series"), 400, 429],
    ["the limit, answered otherwise", limit, 500, 500],
    ["bad data", `${quorum}${bad}old"}`, 400, 400],
    ["bad data of a series with a name", `${quorum}${bad}${limit}"}`, 400, 400],
    ["a limit that is not of series", "user=prod--2: per-user metric metadata limit of 10 exceeded", 400, 400],
    ["a long answer", `${limit}${" ".repeat(9000)}`, 400, 400],
    ["an answer of unknown length", limit, 400, 400, "&chunked=1"],
  ];
  test.each(answers)("Cortex answers a write with %s", async (_name, says, status, wanted, more = "") => {
    const target = `?answer=${status}&says=${encodeURIComponent(says).replaceAll("%20", "+")}${more}`;
    for (const path of ["/api/v1/push", "/api/v1/otlp/v1/metrics", "/api/prom/push"]) {
      const answer = await scene.tried({ host: cortex, path: `${path}${target}`, method: "POST", token: good, body: "x" });
      expect([answer.status, answer.headers["retry-after"], answer.text]).toEqual([wanted, wanted === 429 ? "5" : undefined, says]);
    }
    const read = await scene.tried({ ...query, path: `${query.path}&${target.slice(1)}`, token: good });
    expect([read.status, read.headers["retry-after"]]).toEqual([status, undefined]);
    const logs = await scene.tried({ host: loki, path: `/loki/api/v1/push${target}`, method: "POST", token: good });
    expect(logs.status).toBe(status);
  });

  test("Thanos' 413 stays 413, without Retry-After: the same write would never pass", async () => {
    const thanos = await scene.start({ ...scene.input, tenant: { ...scene.input.tenant, metrics: "thanos" } });
    const write = { host: "thanos.prod.obs.example.com", path: "/api/v1/receive?answer=413", method: "POST", token: good };
    const answer = await scene.tried(write, thanos);
    expect([answer.status, answer.headers["retry-after"]]).toEqual([413, undefined]);
  }, 20_000);

  test("a class over its rate is 429 with Retry-After on all its hosts; the other classes go on, and bad tokens use nothing up", async () => {
    const slow = await scene.start({ ...scene.input, requests: { ingest: 2, query: 1000, manage: 1000, bodyBytes: 1 << 20 } });
    const push = { host: cortex, path: "/api/v1/push", method: "POST" };
    for (let i = 0; i < 5; i++) expect((await scene.tried({ ...push, token: "bad" }, slow)).status).toBe(401);
    const statuses = [];
    for (let i = 0; i < 4; i++) statuses.push((await scene.tried({ ...push, token: good }, slow)).status);
    // 2 a second over 2 replicas, two seconds' worth at once.
    expect(statuses).toEqual([200, 200, 429, 429]);
    const refused = await scene.tried({ host: loki, path: "/loki/api/v1/push", method: "POST", token: good }, slow);
    expect([refused.status, refused.headers["retry-after"], refused.seen]).toEqual([429, "1", undefined]);
    expect((await scene.tried({ ...query, token: good }, slow)).status).toBe(200);
  }, 20_000);

  test("more at once than a store may get is 429 with Retry-After", async () => {
    const narrow = await scene.start({ ...scene.input, tenant: { ...scene.input.tenant, metrics: "thanos" }, queriesAtOnce: 2 });
    const ask = { host: "thanos.prod.obs.example.com", path: "/api/v1/query?query=up", token: good };
    const slowly = scene.tried({ ...ask, path: `${ask.path}&wait=1000` }, narrow);
    await within(3000, "the first request", () => scene.upstreams.seen.at(-1)?.url.includes("wait=1000") === true);
    const refused = await scene.tried(ask, narrow);
    expect([refused.status, refused.headers["retry-after"]]).toEqual([429, "1"]);
    expect((await scene.tried({ host: loki, path: "/loki/api/v1/labels", token: good }, narrow)).status).toBe(200);
    expect((await slowly).status).toBe(200);
  }, 20_000);
});

describe("plain listeners", () => {
  test.each<[string, "health" | "metrics", string, number, string?]>([
    ["/ready", "health", "GET", 200],
    ["/", "health", "GET", 404],
    ["/stats/prometheus", "health", "GET", 404],
    ["/stats/prometheus", "metrics", "GET", 200],
    ["/stats/prometheus", "metrics", "POST", 404],
    ["/quitquitquit", "metrics", "POST", 404],
    ["/config_dump", "metrics", "GET", 404],
    ["/stats/prometheus/../../config_dump", "metrics", "GET", 404],
    ["/certs", "metrics", "GET", 404],
  ])("%s on %s, %s: %i", async (path, listener, method, status) => {
    expect((await plain(scene.envoy.laid.places.ports[listener], path, method)).status).toBe(status);
  });

  test("the platform's Prometheus is asked for this tenant's series, and whoever scrapes cannot ask for more", async () => {
    const { metrics } = scene.envoy.laid.places.ports;
    const before = scene.upstreams.seen.length;
    for (const more of ["?", "?match[]={tenant=%22staging%22}", "?x&match[]={a=~%22.*%22}", "/", ";x", "/../federate", "%3fmatch[]={}"])
      expect([more, (await plain(metrics, `${metricsPaths.platform}${more}`)).status]).toEqual([more, 404]);
    expect([(await plain(metrics, "/federate?match[]={}")).status, (await plain(metrics, metricsPaths.platform, "POST")).status]).toEqual([
      404, 404,
    ]);
    expect((await plain(metrics, `${metricsPaths.platform}#x`)).status).toBe(400);
    expect(scene.upstreams.seen.slice(before)).toEqual([]);
    expect(await plain(metrics, metricsPaths.platform)).toEqual({ status: 200, text: "platform.prometheus" });
    const [asked] = scene.upstreams.seen.slice(before);
    const { pathname, searchParams } = new URL(asked?.url ?? "", "http://prometheus");
    expect([asked?.upstream, pathname, [...searchParams]]).toEqual(["platform.prometheus", "/federate", [["match[]", selectorOf("prod")]]]);
  });

  test("the platform's own tenant and one without metrics have no such path", async () => {
    for (const tenant of [{ name: "system" }, { apis: ["logs" as const] }]) {
      const other = await scene.start({ ...scene.input, tenant: { ...scene.input.tenant, ...tenant } });
      expect((await plain(other.laid.places.ports.metrics, metricsPaths.platform)).status).toBe(404);
    }
  });
});
