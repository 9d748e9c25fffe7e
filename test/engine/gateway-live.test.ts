import https from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import tls from "node:tls";
import { renderClusters } from "../../components/tenant/gateway/render-clusters";
import { renderKeys } from "../../components/tenant/gateway/render-keys";
import { renderMetrics } from "../../components/tenant/gateway/render-metrics";
import { renderRoutes } from "../../components/tenant/gateway/render-routes";
import type { GatewayInput } from "../../components/tenant/gateway/input";
import { tenantStatement } from "../../model/monitoring/statement";
import { metricsPaths } from "../../model/monitoring/upstreams";
import { good, minimal } from "../unit/model-kit";
import { Envoy, layOut, plain, within } from "./envoy";
import {
  call,
  call2,
  claims,
  http2Session,
  jwksOf,
  recordedInput,
  selfSigned,
  signingKey,
  token,
  Upstreams,
  websocket,
  type SigningKey,
} from "./gateway-kit";

/** What changes while Envoy runs: each file, swapped as the kubelet does, reaches connections that are already open. */

const [first, second] = [signingKey("prod-2026-11"), signingKey("prod-2027-01")];
const host = "cortex.prod.obs.example.com";
const path = "/prometheus/api/v1/query?query=up";
const scope = "metrics:read logs:read";
const byFirst = token(first, claims(scope, { jti: "first" }));
const bySecond = token(second, claims(scope, { jti: "second" }));
/** Milliseconds from the swap of a file to its effect, at most. The kubelet's own delay comes on top. */
const limit = 5000;

const upstreams = new Upstreams();
let envoy: Envoy;
let input: GatewayInput;
let agent: https.Agent;
let session: ReturnType<typeof http2Session>;

beforeAll(async () => {
  input = await recordedInput(upstreams);
  envoy = await Envoy.start(await layOut(input, jwksOf(first), await selfSigned(host)));
  agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
  session = http2Session(envoy, host);
}, 60_000);

afterAll(async () => {
  agent.destroy();
  session.destroy();
  await envoy.stop();
  upstreams.close();
});

/** Statuses over the kept HTTP/1.1 and HTTP/2 connections. */
async function ask(bearer: string, to = { host, path }): Promise<[number, number]> {
  const one = await call(envoy, { ...to, token: bearer, agent, servername: host });
  return [one.status, (await call2(session, { ...to, token: bearer })).status];
}

/** Ports of this end of the kept connections: a connection made anew has another. */
function ends(): (number | undefined)[] {
  const idle = Object.values(agent.freeSockets).flatMap((sockets) => sockets ?? []);
  return [...idle.map((socket) => socket.localPort), session.socket?.localPort];
}

type Tenant = Partial<GatewayInput["tenant"]>;
const routes = (tenant: Tenant, more: Partial<GatewayInput> = {}) => ({
  routes: renderRoutes({ ...input, ...more, tenant: { ...input.tenant, ...tenant } }),
  metrics: renderMetrics({ ...input, ...more }),
  clusters: renderClusters({ ...input, ...more, tenant: { ...input.tenant, ...tenant } }),
});
const keys = (...list: SigningKey[]) => ({ keys: renderKeys(input, jwksOf(...list)) });
const grafana = { host: "prod.obs.example.com", path: "/login" };
const slow = { requests: { ingest: 1, query: 2, manage: 1, bodyBytes: 1 << 20 } };

// Each row builds on the one before it.
const steps: [string, () => Parameters<Envoy["update"]>[0], number, { token?: string; to?: { host: string; path: string } }?][] = [
  ["a revoked token is refused", () => routes({ revoked: ["first"] }), 403],
  ["a token that is no longer revoked passes", () => routes({}), 200],
  ["a second key is trusted", () => keys(first, second), 200, { token: bySecond }],
  ["the first key is dropped", () => keys(second), 401],
  ["the first key is trusted again", () => keys(first), 200],
  ["an API that is given up is gone", () => routes({ apis: ["logs"] }), 421],
  ["a tenant that moves to Thanos has no Cortex", () => routes({ metrics: "thanos" }), 421],
  ["the API is back", () => routes({}), 200],
  ["a lower rate holds", () => routes({}, slow), 429],
  ["a suspended tenant is refused", () => routes({ state: "suspended" }), 403],
  ["a suspended tenant's Grafana is refused", () => routes({ state: "suspended" }), 403, { to: grafana }],
  ["a retired tenant is gone", () => routes({ state: "retired" }), 410],
  ["a tenant that is active again passes", () => routes({}), 200],
  ["its Grafana passes", () => routes({}), 200, { to: grafana }],
];

test.each(steps.map(([name, update, status, more]) => [name, update, status, more ?? {}] as const))(
  "%s, on kept connections",
  async (_name, update, status, { token: bearer = byFirst, to }) => {
    await ask(byFirst);
    const before = ends();
    expect(before.length).toBe(2);
    envoy.update(update());
    await within(limit, `status ${status}`, async () => (await ask(bearer, to)).every((got) => got === status));
    expect(ends()).toEqual(before);
    expect(envoy.rejected).toBeUndefined();
  },
  15_000,
);

test("suspension says so", async () => {
  envoy.update(routes({ state: "suspended" }));
  await within(limit, "suspension", async () => (await call(envoy, { host, path })).text === "tenant prod is suspended\n");
  expect((await call(envoy, { host: "evil.example", path })).status).toBe(421);
  envoy.update(routes({}));
  await within(limit, "the end of suspension", async () => (await ask(byFirst)).every((status) => status === 200));
}, 15_000);

/** Tails of at most so many seconds. */
function lasting(seconds: number): Parameters<Envoy["update"]>[0] {
  const { routes: text, ...rest } = routes({});
  const changed = text.replace('max_stream_duration: "900s"', `max_stream_duration: "${seconds}s"`);
  expect(changed).not.toBe(text);
  return { ...rest, routes: changed };
}

test("a tail ends after its longest time, whatever its token", async () => {
  envoy.update(lasting(1));
  const tail = { host: "loki.prod.obs.example.com", path: "/loki/api/v1/tail", token: byFirst };
  await within(limit, "a tail that ends", async () => (await websocket(envoy, tail, 2000)).ended);
}, 15_000);

test("a tail that is open outlives its token's revocation and its key only until its longest time", async () => {
  const tail = { host: "loki.prod.obs.example.com", path: "/loki/api/v1/tail", token: byFirst };
  envoy.update(lasting(4));
  await sleep(500);
  const began = Date.now();
  const open = websocket(envoy, tail, 8000);
  await sleep(200);
  envoy.update(keys(second));
  envoy.update(routes({ revoked: ["first"] }));
  await within(limit, "a refused tail", async () => [401, 403].includes((await websocket(envoy, tail)).status));
  expect((await open).ended).toBe(true);
  expect(Date.now() - began).toBeLessThan(7000);
  envoy.update(keys(first));
  envoy.update(routes({}));
  await within(limit, "the token to pass again", async () => (await ask(byFirst)).every((status) => status === 200));
}, 25_000);

test("fewer requests at once, without losing those under way", async () => {
  const wait = { host, path: `${path}&wait=2000`, token: byFirst };
  const under = call(envoy, wait);
  const { clusters, ...rest } = routes({});
  envoy.update({ ...rest, clusters: clusters.replaceAll("max_requests: 256", "max_requests: 1") });
  const both = async (): Promise<number[]> =>
    (await Promise.all([1, 2].map(() => call(envoy, { ...wait, path: `${path}&wait=100` })))).map((a) => a.status).sort();
  await within(limit, "a refusal", async () => (await both()).join() === "200,429");
  expect((await under).status).toBe(200);
  envoy.update(routes({}));
  await within(limit, "no refusal", async () => (await both()).join() === "200,200");
}, 15_000);

test("files that Envoy cannot use change nothing", async () => {
  envoy.update({ routes: "resources: [{}]\n", metrics: "nonsense\n", clusters: "nonsense\n" });
  envoy.update({ keys: "resources: nonsense\n" });
  await within(limit, "Envoy to say so", () => envoy.rejected !== undefined);
  expect(await ask(byFirst)).toEqual([200, 200]);
}, 15_000);

test("a renewed certificate reaches new connections; kept ones go on", async () => {
  await ask(byFirst);
  const kept = ends();
  const old = await fingerprint();
  const renewed = await selfSigned(host);
  envoy.laid.mounts.tls.publish({ "tls.crt": renewed.cert, "tls.key": renewed.key });
  await within(limit, "the new certificate", async () => (await fingerprint()) !== old);
  expect(await ask(byFirst)).toEqual([200, 200]);
  expect(ends()).toEqual(kept);
}, 15_000);

/** Fingerprint of the certificate that a new connection is shown. */
function fingerprint(): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ host: "127.0.0.1", port: envoy.laid.places.ports.https, servername: host, rejectUnauthorized: false });
    socket.setTimeout(5000, () => socket.destroy(new Error("no handshake in 5 s")));
    socket.once("error", reject).once("secureConnect", () => {
      resolve(socket.getPeerX509Certificate()?.fingerprint256 ?? "");
      socket.destroy();
    });
  });
}

test("what the gateway tells of its tenant changes live; the metrics port has three paths and no more", async () => {
  const { metrics } = envoy.laid.places.ports;
  const told = async () => (await plain(metrics, metricsPaths.tenant)).text;
  expect(await told()).toBe(input.statement);
  // A tenant of the longest names and all APIs.
  const [long, id] = ["a".repeat(30), `${"a".repeat(30)}--12`];
  const file = `${minimal}tier: large\nmetrics: thanos\napis: [datadog, logs, metrics]\n`;
  const statement = tenantStatement({ ...good(file, long), storageId: id });
  envoy.update(routes({}, { statement }));
  await within(limit, "the new statement", async () => (await told()) === statement);
  expect(statement).toContain(`storage_id="${id}"`);
  expect((await plain(metrics, metricsPaths.envoy)).text).toContain('envoy_cluster_upstream_rq_total{envoy_cluster_name="cortex-query"}');
  for (const [target, method] of [
    ["/", "GET"],
    ["/config_dump", "GET"],
    ["/quitquitquit", "POST"],
    [metricsPaths.tenant, "POST"],
    ["/stats", "GET"],
  ] as const)
    expect([target, (await plain(metrics, target, method)).status]).toEqual([target, 404]);
});
