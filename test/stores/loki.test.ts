import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Storage } from "../../components/contracts";
import { arrows } from "../../planning/network";
import { networkOf } from "../../planning/network-world";
import { within } from "../engine/envoy";
import { Bucket, credentials } from "./bucket";
import { connected } from "./connections";
import { toolPaths } from "./cortex-scene";

import { alwaysFiring, postYaml, push, read, readAll, tail } from "./loki-kit";
import { LokiScene } from "./loki-scene";
import { alertmanager, memcached, podIdentity } from "./servers";

/** Loki in size distributed, as the program declares it: one real process for each part and zone, on loopback, with a real S3 server by workload identity. */

jest.setTimeout(120_000);
let scene: LokiScene;
let bucket: Bucket;
let scratch: string;
let alerts: Awaited<ReturnType<typeof alertmanager>>;
let cache: Awaited<ReturnType<typeof memcached>>;
let identity: Awaited<ReturnType<typeof podIdentity>>;
const ingesters = ["ingester-zone-a", "ingester-zone-b", "ingester-zone-c"];
const indexGateways = ["index-gateway", "index-gateway-1", "index-gateway-2"];
const frontend = { from: "query-frontend" };
const operators = { from: "query-operators" };
const tenants = ["large", "medium--2"] as const;

beforeAll(async () => {
  const tools = await toolPaths("loki");
  bucket = new Bucket(["logs"]);
  const storage: Storage = { ...bucket.storage, credentials: undefined };
  scene = await LokiScene.of({ size: "distributed", storage }, tools.loki);
  alerts = await alertmanager(scene.machine.elsewhere, 8080);
  cache = await memcached(scene.machine.elsewhere);
  scratch = fs.mkdtempSync(path.join(os.tmpdir(), "identity-"));
  identity = await podIdentity(scratch, scene.machine.elsewhere, credentials);
  // Workload identity is given to an account, not to all pods.
  scene.extra = ({ serviceAccount }) => (serviceAccount === "loki" ? identity.env : {});
});

afterAll(async () => {
  await scene?.close();
  await bucket?.end();
  for (const one of [alerts, identity, cache]) one?.server.close();
  if (scratch) fs.rmSync(scratch, { recursive: true, force: true });
});

const lines = (what: string, count = 3) => Array.from({ length: count }, (_, i) => `${what} ${i}`);
const pushed: Record<(typeof tenants)[number], string[]> = { large: [], "medium--2": [] };
/** Pushes for a tenant and remembers what. */
async function write(tenant: (typeof tenants)[number], what: string): Promise<void> {
  expect(await push(scene, "distributor", tenant, lines(what), what)).toEqual({ status: 204, text: "" });
  pushed[tenant].push(...lines(what));
}
/** Each tenant reads all of its own lines and nothing else. */
async function expectOwnLines(): Promise<void> {
  for (const tenant of tenants) expect(await readAll(scene, frontend, tenant, pushed[tenant])).toEqual(pushed[tenant].toSorted());
}

test("the order of starting does not matter, and the bucket may come last: every part becomes ready", async () => {
  const names = scene.machine.placed.map((one) => one.name);
  const early = ["query-frontend", "querier", "query-operators", "ruler", "distributor"];
  const late = names.filter((name) => !early.includes(name));
  expect(late.sort()).toEqual(["compactor", ...indexGateways, ...ingesters, "query-scheduler"]);
  scene.start(...early);
  await sleep(2000);
  scene.start(...late);
  await sleep(2000);
  await bucket.start();
  await scene.ready(names);
});

test("tenants read what they pushed, each only its own", async () => {
  await write("large", "large's first");
  await write("medium--2", "medium's first");
  await expectOwnLines();
  expect((await push(scene, "distributor", "", ["nobody's"])).status).toBe(401);
});

test("a write as large as the limits let through arrives", async () => {
  expect(await push(scene, "distributor", "small", lines("x".repeat(200_000), 25))).toEqual({ status: 204, text: "" });
});

test("a tail gives lines as they come, to their tenant", async () => {
  const { address } = scene.machine.get("querier");
  const [own, other] = [await tail(address, "large"), await tail(address, "medium--2")];
  await write("large", "tailed by large");
  await within(10_000, "the tail", () => own.text().includes("tailed by large 2"));
  expect(other.text()).not.toContain("large");
  own.close();
  other.close();
});

test("with one ingester killed, all is read and new lines are taken; it comes back with what it held", async () => {
  await scene.end("SIGKILL", "ingester-zone-b");
  await write("large", "large's without zone b");
  await expectOwnLines();
  scene.start("ingester-zone-b");
  await scene.ready(["ingester-zone-b"]);
  const { text } = await scene.as("", "ingester-zone-b", "/metrics");
  expect(Number(/^loki_ingester_wal_recovered_entries_total (\d+)$/m.exec(text)?.[1])).toBeGreaterThan(0);
  await expectOwnLines();
});

test("rules are kept in the bucket by tenant, and their alerts reach Cortex' Alertmanager with the tenant's header", async () => {
  const put = await scene.as("large", "ruler", "/loki/api/v1/rules/space", postYaml(alwaysFiring));
  expect([put.status, put.text]).toEqual([202, expect.stringContaining("success")]);
  expect((await scene.as("large", "ruler", "/loki/api/v1/rules")).text).toContain("alert: Lines");
  expect((await scene.as("medium--2", "ruler", "/loki/api/v1/rules")).text).not.toContain("Lines");
  expect(bucket.keys().filter((key) => key.startsWith("rules/"))).toEqual([expect.stringMatching(/^rules\/large\//)]);
  await within(30_000, "an alert", () => alerts.seen.length > 0);
  const [first] = alerts.seen;
  expect(first).toEqual({ url: "/alertmanager/api/v2/alerts", tenant: "large", body: expect.stringContaining('"alertname":"Lines"') });
});

test("several tenants at once are for the operators' querier only, and no tenant's query comes to it", async () => {
  const both = tenants.join("|");
  for (const reader of [frontend, { from: "querier" }])
    expect(await read(scene, reader, both)).toMatchObject({ status: 500, text: expect.stringContaining("multiple org IDs") });
  const all = [...pushed.large, ...pushed["medium--2"]];
  expect(await readAll(scene, operators, both, all)).toEqual(all.toSorted());
  // One querier, four queries at a time, fetches work.
  expect((await scene.as("", "query-scheduler", "/metrics")).text).toMatch(/^loki_query_scheduler_connected_querier_clients 4$/m);
});

test("what a tenant asks to be deleted is read no more, and its requests are its own", async () => {
  expect((await push(scene, "distributor", "small", ["keep", "drop"], "deletes")).status).toBe(204);
  const query = encodeURIComponent('{batch=~".+"} |~ "drop|xxx"');
  const target = `/loki/api/v1/delete?query=${query}&start=${Math.floor(Date.now() / 1000) - 3600}`;
  expect(await scene.as("small", "compactor", target, { method: "POST" })).toEqual({ status: 204, text: "" });
  const listed = async (tenant: string) => JSON.parse((await scene.as(tenant, "compactor", "/loki/api/v1/delete")).text) as unknown[];
  expect(await listed("small")).toEqual([expect.objectContaining({ status: "received", query: '{batch=~".+"} |~ "drop|xxx"' })]);
  expect(await listed("large")).toEqual([]);
  // Who reads for the tenant for the first time learns of it at once, others within five minutes.
  expect(await readAll(scene, frontend, "small", ["keep"])).toEqual(["keep"]);
});

/** Drawn for what this test does not bring about: a scheduler that refuses a query, and rulers that ask another one. */
const unused = ["query-scheduler -> query-frontend:9095", "ruler -> ruler:9095"];

test("processes speak to one another by the ways that are drawn, and every way is used", () => {
  const workload = (name: string) => name.replace(/-\d+$/, "");
  const names = new Map(scene.machine.placed.map(({ name, address }) => [address, workload(name)]));
  const processes = new Map(scene.machine.placed.map(({ name }) => [name, scene.process(name).pid]));
  const found = new Set(connected(processes, names).map((way) => way.replace(/^(.*?)(-\d+)? ->/, "$1 ->")));
  const drawn = arrows(networkOf({ resources: scene.resources, outputs: {} }))
    .filter(({ from, to }) => from.kind === "pod" && to.kind === "pod")
    .flatMap(({ from, to, ports }) => ports.map((port) => `${from.id} -> ${to.id}:${port}`.replaceAll("loki/", "")));
  for (const way of found) expect(drawn).toContain(way);
  // Gossip comes and goes, caches have one address here, and nobody asks by HTTP but this test.
  const isCall = (way: string) => way.endsWith(":9095");
  expect([...found, ...unused].filter(isCall).sort()).toEqual(drawn.filter(isCall).sort());
});

test("an orderly end of all ingesters leaves everything in the bucket, for empty ones to answer from", async () => {
  await scene.end("SIGTERM", ...ingesters);
  expect(new Set(bucket.keys().map((key) => key.split("/")[0]))).toEqual(new Set([...tenants, "index", "rules", "small"]));
  const emptied = [...ingesters, ...indexGateways];
  await scene.end("SIGKILL", ...indexGateways);
  for (const name of emptied) fs.rmSync(scene.machine.get(name).root, { recursive: true });
  scene.start(...emptied);
  await scene.ready(emptied);
  await expectOwnLines();
  // Flushing wrote chunks to the cache, reading found them there.
  for (const tenant of tenants) expect([...cache.items.keys()]).toContainEqual(expect.stringMatching(`^${tenant}/`));
  expect(cache.hits.size).toBeGreaterThan(0);
});

test("every part ends by itself when it is told to", async () => {
  const names = scene.machine.placed.map((one) => one.name);
  await scene.end("SIGTERM", ...names);
  for (const name of names) expect([name, scene.process(name).endedBy]).toEqual([name, 0]);
});
