import fs from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Storage } from "../../components/contracts";
import type { Recorded } from "../../planning/record";
import { arrows } from "../../planning/network";
import { networkOf } from "../../planning/network-world";
import { connections } from "./loki-connections";
import { push, read, readAll, tail } from "./loki-kit";
import { declaredLoki } from "./loki-pods";
import { freshAddress, Scene } from "./loki-scene";
import { scratchFolder, until } from "./program-kit";
import { alertmanager, memcached, podIdentity, S3Server } from "./servers-kit";
import type { Listener } from "./servers-kit";

/** Size distributed as it is declared: one pod of each part, three zones, the bucket in a real S3 server. */
let scene: Scene;
let folder: string;
let bucket: S3Server;
let resources: readonly Recorded[];
let alerts: Awaited<ReturnType<typeof alertmanager>>;
let chunksAddress: string;
let chunks: Awaited<ReturnType<typeof memcached>>;
const listeners: Listener[] = [];
const frontend = "query-frontend";
jest.setTimeout(120_000);
const indexGateways = ["index-gateway-0", "index-gateway-1", "index-gateway-2"];
const ingesters = ["ingester-zone-a-0", "ingester-zone-b-0", "ingester-zone-c-0"];
const tenants = ["prod", "staging--2"];

beforeAll(async () => {
  const [s3, identityAt, alertsAt, chunksAt] = [freshAddress(), freshAddress(), freshAddress(), freshAddress()];
  const storage: Storage = {
    kind: "s3",
    bucket: "logs",
    endpoint: `${s3}:7070`,
    region: "eu-west-1",
    insecure: true,
    credentials: undefined,
  };
  resources = await declaredLoki({ size: "distributed", storage });
  alerts = await alertmanager(alertsAt, 8080);
  chunksAddress = chunksAt;
  chunks = await memcached(chunksAt);
  folder = scratchFolder("loki-identity");
  const identity = await podIdentity(folder, identityAt);
  scene = await Scene.of(resources, {
    // The cache of results is nowhere: nobody needs it.
    others: { "alertmanager.cortex.svc": alertsAt, "memcached-chunks.loki.svc": chunksAt },
    // Workload identity is given to an account, not to all.
    env: (pod) => (pod.serviceAccount === "loki" ? identity.env : {}),
    flags: () => ["-shutdown-delay=0s", "-ruler.poll-interval=2s", "-ruler.evaluation-interval=2s"],
  });
  listeners.push(alerts.server, chunks.server, identity.server);
  bucket = await S3Server.of(scene.folder, s3, ["logs"]);
});

afterAll(async () => {
  await scene?.end();
  await bucket?.stop();
  for (const listener of listeners) listener.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

const lines = (what: string, count = 3) => Array.from({ length: count }, (_, i) => `${what} ${i}`);
const pushed: Record<string, string[]> = { prod: [], "staging--2": [] };
/** Pushes for a tenant and remembers what. */
async function write(tenant: string, more: readonly string[]): Promise<void> {
  const { status, text } = await push(scene, "distributor", tenant, more, { batch: more[0] ?? "" });
  expect([status, text]).toEqual([204, ""]);
  pushed[tenant]?.push(...more);
}
/** Each tenant reads all of its own lines and nothing else. */
async function expectOwnLines(): Promise<void> {
  for (const tenant of tenants) expect(await readAll(scene, frontend, tenant, pushed[tenant]!)).toEqual(pushed[tenant]!.toSorted());
}

test("every part becomes ready, whatever starts first, with a bucket that comes later", async () => {
  scene.start(frontend, "querier", "query-operators", "ruler", "distributor");
  await sleep(2000);
  scene.start("compactor-0", "query-scheduler", ...indexGateways, ...ingesters);
  await sleep(3000);
  await bucket.start();
  await scene.ready(60_000);
});

test("tenants read what they pushed, each only its own", async () => {
  await write("prod", lines("prod's first"));
  await write("staging--2", lines("staging's first"));
  await expectOwnLines();
  expect((await push(scene, "distributor", "", ["nobody's"])).status).toBe(401);
});

test("a write as large as the limits let through arrives", async () => {
  const { status, text } = await push(scene, "distributor", "big", lines("x".repeat(200_000), 25));
  expect([status, text]).toEqual([204, ""]);
});

test("a tail gives lines as they come, to their tenant", async () => {
  const [own, other] = await Promise.all(tenants.map((tenant) => tail(scene.at("querier").address, tenant)));
  await write("prod", lines("tailed by prod"));
  await until(10_000, "the tail", () => own!.text().includes("tailed by prod 2"));
  expect(other!.text()).not.toContain("prod");
  own!.close();
  other!.close();
});

test("with one ingester killed, all is read and new lines are taken; it comes back with what it held", async () => {
  await scene.at(ingesters[1]!).program.kill();
  await write("prod", lines("prod's without zone b"));
  await expectOwnLines();
  scene.start(ingesters[1]!);
  await scene.ready(60_000, ingesters[1]!);
  expect(scene.at(ingesters[1]!).program.log).toMatch(/recovered WAL segments recovery finished|WAL recovery finished/);
  await expectOwnLines();
});

const alwaysFiring = `name: group
rules:
- alert: Lines
  expr: sum(count_over_time({app="shop"}[5m])) > 0
`;

test("rules are kept in the bucket by tenant, and their alerts reach Cortex' Alertmanager with the tenant's header", async () => {
  const put = await scene.ask("ruler", "/loki/api/v1/rules/space", {
    tenant: "prod",
    headers: { "content-type": "application/yaml" },
    body: alwaysFiring,
  });
  expect([put.status, put.text]).toEqual([202, expect.stringContaining("success")]);
  expect((await scene.ask("ruler", "/loki/api/v1/rules", { tenant: "prod" })).text).toContain("alert: Lines");
  expect((await scene.ask("ruler", "/loki/api/v1/rules", { tenant: "staging--2" })).text).not.toContain("Lines");
  expect(bucket.keys("logs").filter((key) => key.startsWith("rules/"))).toEqual([expect.stringMatching(/^rules\/prod\//)]);
  await until(
    30_000,
    "an alert",
    () => alerts.seen.length > 0,
    () => scene.at("ruler").program.log.slice(-3000),
  );
  expect(alerts.seen[0]).toEqual({
    url: "/alertmanager/api/v2/alerts",
    tenant: "prod",
    body: expect.stringContaining('"alertname":"Lines"'),
  });
});

test("several tenants at once are for the operators' querier only, which serves nobody else's queries", async () => {
  const both = tenants.join("|");
  // The front end would answer the same after some seconds of retries.
  expect(await read(scene, "querier", both)).toMatchObject({ status: 500, text: expect.stringContaining("multiple org IDs") });
  expect(await readAll(scene, "query-operators", both, [...pushed["prod"]!, ...pushed["staging--2"]!])).toHaveLength(
    pushed["prod"]!.length + pushed["staging--2"]!.length,
  );
  // One querier of `max_concurrent` 4 fetches queries of tenants: the operators' is none.
  const { text } = await scene.ask("query-scheduler", "/metrics");
  expect(text).toMatch(/^loki_query_scheduler_connected_querier_clients 4$/m);
});

test("what a tenant asks to be deleted is read no more, and its requests are its own", async () => {
  expect((await push(scene, "distributor", "eraser", ["keep", "drop"])).status).toBe(204);
  const query = encodeURIComponent('{app="shop"} |= "drop"');
  const target = `/loki/api/v1/delete?query=${query}&start=${Math.floor(Date.now() / 1000) - 3600}`;
  const asked = await scene.ask("compactor-0", target, { method: "POST", tenant: "eraser" });
  expect([asked.status, asked.text]).toEqual([204, ""]);
  const listed = async (tenant: string) =>
    JSON.parse((await scene.ask("compactor-0", "/loki/api/v1/delete", { tenant })).text) as unknown[];
  expect(await listed("eraser")).toEqual([expect.objectContaining({ status: "received", query: '{app="shop"} |= "drop"' })]);
  expect(await listed("prod")).toEqual([]);
  // Whoever reads for the tenant for the first time learns of it at once, others within five minutes.
  expect(await readAll(scene, frontend, "eraser", ["keep"])).toEqual(["keep"]);
});

/** Drawn for what this test does not bring about: a scheduler that refuses a query, and rulers that ask another one. */
const unused = ["query-scheduler -> query-frontend:9095", "ruler -> ruler:9095"];

test("processes speak to one another by the ways that are drawn, and every way is used", () => {
  const workload = (pod: string) => pod.replace(/-\d+$/, "");
  const peers = [...scene.pods.values()].map(({ pod, address, program }) => ({ name: workload(pod.name), address, pid: program.pid }));
  const found = connections([...peers, { name: "memcached-chunks", address: chunksAddress }]);
  // Gossip comes and goes, and nobody asks by HTTP but this test.
  const isCall = (way: string) => way.endsWith(":9095");
  const drawn = arrows(networkOf({ resources, outputs: {} }))
    .filter(({ from, to }) => from.kind === "pod" && to.kind === "pod")
    .flatMap(({ from, to, ports }) => ports.map((port) => `${from.id} -> ${to.id}:${port}`.replaceAll("loki/", "")));
  expect([...found, ...unused].filter(isCall).sort()).toEqual(drawn.filter(isCall).sort());
  for (const way of found) expect(drawn).toContain(way);
});

test("an orderly end of all ingesters leaves everything in the bucket, for empty ones to answer from", async () => {
  await Promise.all(ingesters.map((name) => scene.at(name).program.kill("SIGTERM")));
  const tops = new Set(bucket.keys("logs").map((key) => key.split("/")[0]));
  expect([...tops].sort()).toEqual(["big", "eraser", "index", "prod", "rules", "staging--2"]);
  for (const name of [...ingesters, ...indexGateways]) {
    await scene.at(name).program.kill();
    fs.rmSync(`${scene.folder}/${name}/data`, { recursive: true });
    fs.mkdirSync(`${scene.folder}/${name}/data`);
    scene.start(name);
  }
  await scene.ready(60_000, ...ingesters, ...indexGateways);
  await expectOwnLines();
  // Flushing wrote chunks to the cache, reading found them there.
  expect([...chunks.hits].sort()).toEqual(
    expect.arrayContaining([expect.stringMatching(/^prod\//), expect.stringMatching(/^staging--2\//)]),
  );
});
