import fs from "node:fs";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { calls } from "../../components/observability/cortex/arrows";
import { partNames, parts } from "../../components/observability/cortex/parts";
import { within } from "../engine/envoy";
import { Bucket } from "./bucket";
import { CortexScene, toolPaths } from "./cortex-scene";
import { metricsOf, otlp, values } from "./cortex-kit";

/** Cortex in size distributed, as the program declares it: one real process for each part and zone, on loopback, with a real S3 server. */

jest.setTimeout(90_000);
let bucket: Bucket;
let scene: CortexScene;
const [a, b] = ["small", "large"];
const zones = ["zone-a", "zone-b", "zone-c"];
const rulesOf = (tenant: string) => `name: group
interval: 1s
rules:
- {record: recorded, expr: 'max(metric) + 1000', labels: {by: ${tenant}}}
- {alert: Always, expr: vector(1)}
`;

/** Every connection that was seen between two parts while the tests ran. */
const seen = new Set<string>();
let watch: NodeJS.Timeout;

beforeAll(async () => {
  const tools = await toolPaths("cortex");
  bucket = await new Bucket(["blocks", "blocks-rules"]).start();
  scene = await CortexScene.of({ size: "distributed", storage: bucket.storage }, tools.cortex);
  watch = setInterval(() => scene.connected().forEach((way) => seen.add(way)), 200);
});
afterAll(async () => {
  clearInterval(watch);
  await scene?.end();
  await bucket?.end();
});

const push = (tenant: string, metric: string, value: number) =>
  scene.as(tenant, "distributor", "/api/v1/otlp/v1/metrics", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: otlp(metric, value),
  });
const query = async (tenant: string, expression: string, from = "query-frontend") =>
  values(await scene.as(tenant, from, `/prometheus/api/v1/query?query=${encodeURIComponent(expression)}`));
const post = (body: string) => ({ method: "POST", headers: { "Content-Type": "application/yaml" }, body });

interface Ring {
  readonly shards: readonly { readonly state: string; readonly zone: string; readonly tokens: readonly number[] }[];
}
/** The ring of ingesters as the distributor sees it. */
async function ring(): Promise<Ring["shards"]> {
  const { text } = await scene.as(a, "distributor", "/ring?tokens=true", { headers: { Accept: "application/json" } });
  return (JSON.parse(text) as Ring).shards;
}
/** Zones of the ingesters in a state. */
const inRing = async (state: string) =>
  (await ring())
    .filter((one) => one.state === state)
    .map((one) => one.zone)
    .sort();

test("the order of starting does not matter: every part becomes ready", async () => {
  const names = scene.machine.placed.map((one) => one.name);
  expect(names.sort()).toEqual([
    ...["alertmanager-zone-a", "alertmanager-zone-b", "alertmanager-zone-c", "compactor", "distributor"],
    ...["ingester-zone-a", "ingester-zone-b", "ingester-zone-c", "overrides-exporter", "querier", "query-frontend", "query-operators"],
    ...["query-scheduler", "ruler", "store-gateway-zone-a", "store-gateway-zone-b", "store-gateway-zone-c"],
  ]);
  // Who needs others comes before them.
  const late = ["query-scheduler", "ingester-zone-c", "store-gateway-zone-a", "ingester-zone-a", "ingester-zone-b"];
  for (const name of names.filter((one) => !late.includes(one))) scene.start(scene.machine.get(name));
  await within(20_000, "the distributor to listen", async () => (await push(a, "metric", 0)).status >= 500);
  for (const name of late) scene.start(scene.machine.get(name));
  await Promise.all(names.map((name) => scene.ready(name)));
  await within(10_000, "the ring to say so", async () => (await inRing("ACTIVE")).join() === zones.join());
});

test("samples of two tenants with the same names stay apart", async () => {
  expect([(await push(a, "metric", 1)).status, (await push(b, "metric", 2)).status]).toEqual([200, 200]);
  expect(await query(a, "metric")).toEqual(["1"]);
  expect(await query(b, "metric")).toEqual(["2"]);
  expect(await query("stranger", "metric")).toEqual([]);
  expect((await scene.as("", "query-frontend", "/prometheus/api/v1/query?query=metric")).status).toBe(401);
});

test("only the operators' querier reads across tenants", async () => {
  expect(await query(`${a}|${b}`, "sort(metric)", "query-operators")).toEqual(["1", "2"]);
  expect(await query(`${a}|${b}`, `metric{__tenant_id__="${b}"}`, "query-operators")).toEqual(["2"]);
  for (const from of ["query-frontend", "querier", "ruler"]) {
    const answer = await scene.as(`${a}|${b}`, from, "/prometheus/api/v1/query?query=metric");
    expect([from, answer.text]).toEqual([from, expect.not.stringContaining('"metric":{')]);
  }
  // For the others it is a name like any other, of nobody.
  expect((await push(`${a}|${b}`, "metric", 3)).status).toBe(200);
  expect([await query(a, "metric"), await query(b, "metric")]).toEqual([["1"], ["2"]]);
});

test("every kind of tenant has its limits, and a suspended one is refused", async () => {
  const { text } = await scene.as(a, "distributor", "/runtime_config?mode=diff");
  for (const id of ["small", "medium--2", "large", "suspended", "medium", "erasing"]) expect(text).toMatch(new RegExp(`^ {2}${id}:$`, "m"));
  for (const part of ["distributor", "ingester-zone-a", "query-frontend", "overrides-exporter"])
    expect(await metricsOf(scene, part, "cortex_runtime_config_last_reload_successful")).toEqual([expect.stringMatching(/ 1$/)]);
  expect((await push("suspended", "metric", 1)).status).toBe(429);
  expect(await metricsOf(scene, "overrides-exporter", 'cortex_overrides{limit_name="ingestion_rate",user="large"}')).toHaveLength(1);
});

test("rules and Alertmanager configuration are a tenant's own; alerts arrive", async () => {
  for (const tenant of [a, b]) expect((await scene.as(tenant, "ruler", "/api/v1/rules/space", post(rulesOf(tenant)))).status).toBe(202);
  expect((await scene.as(a, "ruler", "/api/v1/rules")).text).toContain("by: small");
  expect((await scene.as(a, "ruler", "/api/v1/rules")).text).not.toContain("by: large");
  const config = "alertmanager_config: |\n  route: {receiver: none}\n  receivers: [{name: none}]\n";
  expect((await scene.as(a, "alertmanager-zone-a", "/api/v1/alerts", post(config))).status).toBe(201);
  expect((await scene.as(a, "alertmanager-zone-b", "/api/v1/alerts")).text).toContain("receiver: none");
  expect((await scene.as(b, "alertmanager-zone-b", "/api/v1/alerts")).status).toBe(404);
  await within(30_000, "rules to record", async () => (await query(b, "recorded")).includes("1002"));
  await within(30_000, "rules to record", async () => (await query(a, "recorded")).includes("1001"));
  await within(30_000, "the alert", async () => /"alertname":"Always"/.test((await scene.as(a, "alertmanager-zone-c", "/alertmanager/api/v2/alerts")).text)); // prettier-ignore
});

test("one zone may fail, and comes back with its place in the ring and what it held", async () => {
  await scene.running.get("ingester-zone-a")!.end();
  expect((await push(a, "later", 3)).status).toBe(200);
  expect([await query(a, "metric"), await query(a, "later"), await query(b, "later")]).toEqual([["1"], ["3"], []]);
  scene.start(scene.machine.get("ingester-zone-a"));
  await scene.ready("ingester-zone-a");
  const before = await ring();
  await scene.running.get("ingester-zone-b")!.end("SIGTERM", 20_000);
  expect((await push(b, "later", 4)).status).toBe(200);
  expect([await query(a, "metric"), await query(b, "metric"), await query(b, "later")]).toEqual([["1"], ["2"], ["4"]]);
  await within(5_000, "the ring to say so", async () => (await inRing("LEAVING")).join() === "zone-b");
  scene.start(scene.machine.get("ingester-zone-b"));
  await scene.ready("ingester-zone-b");
  await within(10_000, "the ring to say so", async () => (await inRing("ACTIVE")).join() === zones.join());
  const tokens = (shards: Ring["shards"]) => Object.fromEntries(shards.map((one) => [one.zone, one.tokens]));
  expect(tokens(await ring())).toEqual(tokens(before));
  expect(before.map((one) => one.tokens.length)).toEqual([512, 512, 512]);
});

test("an ingester that is to go takes nothing more and still answers", async () => {
  const mode = (of: string) => ({ method: "POST", headers: { "Content-Type": "application/x-www-form-urlencoded" }, body: `mode=${of}` });
  expect((await scene.as(a, "ingester-zone-c", "/ingester/mode", mode("READONLY"))).status).toBe(200);
  await within(5_000, "the ring to say so", async () => (await inRing("READONLY")).join() === "zone-c");
  expect((await push("newcomer", "metric", 5)).status).toBe(200);
  expect([await query(a, "metric"), await query("newcomer", "metric")]).toEqual([["1"], ["5"]]);
  const holds = (zone: string) => metricsOf(scene, `ingester-${zone}`, 'cortex_ingester_memory_series_created_total{user="newcomer"}');
  expect((await Promise.all(zones.map(holds))).map((lines) => lines.length)).toEqual([1, 1, 0]);
  expect((await scene.as(a, "ingester-zone-c", "/ingester/mode", mode("ACTIVE"))).status).toBe(200);
  await within(5_000, "the ring to say so", async () => (await inRing("ACTIVE")).join() === zones.join());
});

test("blocks go to the bucket, each below its tenant, and come back through the store gateways", async () => {
  for (const zone of zones) expect((await scene.as(a, `ingester-${zone}`, "/ingester/flush?wait=true", { method: "POST" })).status).toBe(204); // prettier-ignore
  // A querier looks only once a minute for the index of a tenant that has none yet, so not before it is there.
  await within(30_000, "the compactor to list the blocks", () => [a, b].every((tenant) => blocksOf(tenant).length === 3));
  const loaded = async (zone: string) => (await metricsOf(scene, `store-gateway-${zone}`, "cortex_bucket_store_blocks_loaded{")).filter((line) => line.endsWith(" 3")); // prettier-ignore
  for (const zone of zones) await within(30_000, `store gateways of ${zone} to load them`, async () => (await loaded(zone)).length === 2);
  // Asked from now on: store gateways alone.
  for (const zone of zones) await scene.running.get(`ingester-${zone}`)!.end();
  await scene.running.get("query-operators")!.end();
  scene.start(scene.machine.get("query-operators"), ["-querier.query-store-after=0s", "-querier.query-ingesters-within=1ns"]);
  await scene.ready("query-operators");
  const read = async (tenant: string) => values(await scene.as(tenant, "query-operators", "/prometheus/api/v1/query?query=metric"), true);
  await within(30_000, "the store gateways", async () => (await read(a)).length > 0 && (await read(b)).length > 0);
  expect([await read(a), await read(b)]).toEqual([["1"], ["2"]]);
});

test("no part calls another but as drawn; so the operators' querier does no tenant's work", async () => {
  const drawn = calls.map(([from, to, port]) => `${from} -> ${to}:${port}`);
  // The last answer may be younger than the last look at connections, which are kept.
  await within(5_000, "a look at the connections of the last question", () => seen.has("query-operators -> store-gateway:9095"));
  const used = [...seen].filter((way) => !way.endsWith(":7946"));
  expect(used.filter((way) => !drawn.includes(way))).toEqual([]);
  // No cache runs here, only the operators' querier was asked for what is in blocks, one ruler has no other to ask, and no query failed in the queue.
  const unused = [
    ...caches,
    "querier -> store-gateway:9095",
    "ruler -> store-gateway:9095",
    "ruler -> ruler:9095",
    "query-scheduler -> query-frontend:9095",
  ];
  expect(drawn.filter((way) => !used.includes(way)).sort()).toEqual(unused.sort());
  const gossips = [...seen].filter((way) => way.endsWith(":7946")).map((way) => way.split(" ")[0]);
  const members = partNames.filter((name) => parts[name].gossips);
  expect(gossips.filter((name) => !members.includes(name as never))).toEqual([]);
});
const caches = calls.filter(([, to]) => to.startsWith("memcached-")).map(([from, to, port]) => `${from} -> ${to}:${port}`);

/** Ids in the index that the compactor keeps of a tenant's blocks. */
function blocksOf(tenant: string): string[] {
  const file = path.join(bucket.folderOf("blocks"), tenant, "bucket-index.json.gz");
  if (!fs.existsSync(file)) return [];
  return (JSON.parse(gunzipSync(fs.readFileSync(file)).toString()) as { blocks: { block_id: string }[] }).blocks.map((one) => one.block_id);
}
