import fs from "node:fs";
import path from "node:path";
import { within } from "../engine/envoy";
import { declaredThanos, tenant } from "../unit/observability-kit";
import type { LocalPod } from "./thanos-pods";
import { s3, ThanosLab, type Answer, type Query, type Sample } from "./thanos-kit";

/**
 * Size distributed with the real binary: every part from the arguments that the program renders, on loopback. Parts with several pods run one,
 * ingestors and stores all.
 */
const day = 86_400_000;
const kept = (days: number) => ({ retention: { metrics: (days * day) / 1000, logs: 86_400 } });
const thanos = (name: string, days: number, more: object = {}) =>
  tenant(name, { metrics: "thanos", apis: ["metrics"], ...kept(days), ...more });
const tenants = [
  thanos("acme", 30),
  thanos("globex", 15, { tier: "medium" }),
  thanos("initech", 395, { tier: "large" }),
  thanos("vip", 30, { storageId: "vip--2", querier: "dedicated" }),
  thanos("umbrella", 395),
  thanos("soylent", 395),
  tenant("system", { apis: ["metrics"] }),
];
jest.setTimeout(120_000);
let lab: ThanosLab;
let frontend: LocalPod;
let operators: LocalPod;
beforeAll(async () => {
  lab = new ThanosLab(await declaredThanos({ size: "distributed", storage: s3, tenants }));
  await lab.start();
  frontend = lab.local.one("query-frontend");
  operators = lab.local.one("query-operators");
}, 240_000);
afterAll(async () => lab.stop(), 60_000);

const write = async (id: string | undefined, ...series: Sample[]) => expect([id, await lab.write(id, series)]).toEqual([id, 200]);
const as = (id: string) => ({ "THANOS-TENANT": id });
const now = () => String(Date.now() / 1000);
const instant = (pod: LocalPod, expr: string, headers: Record<string, string> = {}, more: Query = []) =>
  lab.api(pod, "/api/v1/query", [["query", expr], ["time", now()], ...more], headers);
type Vector = { result: { metric: Record<string, string>; value: [number, string] }[] };
/** Values of an instant query, by tenant and instance. */
const values = ({ data }: Answer) =>
  Object.fromEntries(
    ((data as Vector | undefined)?.result ?? []).map(({ metric, value }) => [`${metric.tenant_id}/${metric.instance}`, Number(value[1])]),
  );

test("every part starts from its own arguments and gets ready, in any order", () => {
  const parts = new Set(lab.local.pods.filter((pod) => lab.running.includes(pod.name)).map((pod) => pod.part));
  expect([...parts].sort()).toEqual([
    "compactor-15d", "compactor-30d", "compactor-default", "dedicated-frontend", "dedicated-query", "query", "query-frontend", "query-operators", "receive-ingestor", "receive-router", "rule", "store",
  ]); // prettier-ignore
  expect(lab.local.of("receive-ingestor").map((pod) => pod.name)).toEqual(["a", "b", "c"].map((zone) => `receive-ingestor-zone-${zone}-0`));
});

test("two tenants write series of the same name and labels, and each reads back its own", async () => {
  for (const [at, id] of ["acme", "globex", "vip--2"].entries())
    await write(id, { name: "shop_orders", value: at + 1, labels: { instance: "web" } });
  await within(60_000, "the stores to be known", async () => Object.keys(values(await instant(operators, "shop_orders"))).length === 3);
  // Each querier looks for stores by itself.
  for (const id of ["acme", "globex"])
    await within(
      30_000,
      "the stores to be known",
      async () => Object.keys(values(await instant(lab.local.one("query"), "shop_orders", as(id)))).length === 1,
    );
  for (const [id, value] of Object.entries({ acme: 1, globex: 2 }))
    expect(values(await instant(frontend, "shop_orders", as(id)))).toEqual({ [`${id}/web`]: value });
  expect(values(await instant(operators, "shop_orders"))).toEqual({ "acme/web": 1, "globex/web": 2, "vip--2/web": 3 });
  // Three copies, one of them shown.
  expect(
    values(await instant(operators, 'count without (receive_replica) (shop_orders{tenant_id="acme"})', {}, [["dedup", "false"]])),
  ).toEqual({ "acme/web": 3 });
});

test("a series that calls itself another tenant's is its writer's", async () => {
  await write("acme", { name: "forged", value: 1, labels: { tenant_id: "globex", instance: "web" } });
  await within(30_000, "it to be read", async () => "acme/web" in values(await instant(frontend, "forged", as("acme"))));
  expect(values(await instant(frontend, "forged", as("globex")))).toEqual({});
});

test.each<[string, string, Query]>([
  ["a matcher", 'shop_orders{tenant_id="globex"}', []],
  ["a matcher of all", '{__name__=~".+", tenant_id=~".*"}', []],
  ["no tenant asked for", 'shop_orders{tenant_id!="acme"}', []],
  ["or", 'shop_orders or shop_orders{tenant_id="globex"}', []],
  ["a subquery", 'max_over_time(shop_orders{tenant_id="globex"}[5m:1s])', []],
  ["replica labels", "shop_orders", [["replicaLabels[]", "tenant_id"]]],
  ["no deduplication", "shop_orders", [["dedup", "false"]]],
  ["store matchers", "shop_orders", [["storeMatch[]", '{tenant_id="globex"}']]],
  ["the other engine", 'shop_orders{tenant_id="globex"}', [["engine", "thanos"]]],
])("%s shows nothing of another tenant", async (_, expr, more) => {
  for (const headers of [as("acme"), { ...as("acme"), "X-Scope-OrgID": "globex", tenant_id: "globex" }]) {
    const answer = await instant(frontend, expr, headers, more);
    expect(answer.text).not.toContain("globex");
    expect(new Set(Object.values(values(answer)))).toEqual(new Set([1]));
  }
});

test("labels, their values and series are the tenant's own, no header means nobody, and a bad one is refused", async () => {
  const matches: Query = [["match[]", 'shop_orders{tenant_id=~".+"}']];
  for (const [where, query] of [
    ["/api/v1/label/tenant_id/values", []],
    ["/api/v1/label/tenant_id/values", matches],
    ["/api/v1/series", matches],
  ] as const) {
    // prettier-ignore
    const answer = await lab.api(frontend, where, query, as("acme"));
    expect([answer.status, answer.text]).toEqual([200, expect.stringContaining("acme")]);
    expect(answer.text).not.toContain("globex");
  }
  expect(values(await instant(frontend, "shop_orders"))).toEqual({});
  for (const id of ["default-tenant", "globex/../acme", "acme|globex", "acme,globex"])
    expect(values(await instant(frontend, "shop_orders", as(id)))).toEqual({});
});

test("a dedicated querier answers for its tenant only, whatever the header says", async () => {
  const own = lab.local.one("dedicated-frontend");
  await within(30_000, "the stores to be known", async () => "vip--2/web" in values(await instant(own, "shop_orders", as("vip--2"))));
  expect(values(await instant(own, "shop_orders", as("vip--2")))).toEqual({ "vip--2/web": 3 });
  // The gateway always sends one. Without, v0.42.4's front end says `default-tenant` by itself, whatever its default is set to.
  expect(values(await instant(own, "shop_orders"))).toEqual({});
  expect(values(await instant(lab.local.one("dedicated-query"), "shop_orders"))).toEqual({ "vip--2/web": 3 });
  for (const at of [own, lab.local.one("dedicated-query")]) {
    for (const expr of ["shop_orders", 'shop_orders{tenant_id="acme"}']) expect(values(await instant(at, expr, as("acme")))).toEqual({});
    const series = await lab.api(at, "/api/v1/series", [["match[]", '{tenant_id="acme"}']], as("acme"));
    expect(series.text).not.toContain("shop_orders");
  }
});

test("with one ingestor killed, writes and reads go on; with two, writes are refused and none is lost", async () => {
  const [first, second] = lab.local.of("receive-ingestor") as [LocalPod, LocalPod];
  await lab.program(first).end();
  for (let n = 0; n < 20; n++) await write("acme", { name: "after_kill", value: n, labels: { instance: `i${n}` } });
  await within(30_000, "all to be read", async () => Object.keys(values(await instant(frontend, "after_kill", as("acme")))).length === 20);
  expect(values(await instant(frontend, "shop_orders", as("acme")))).toEqual({ "acme/web": 1 });
  await lab.program(second).end();
  expect(await lab.write("acme", [{ name: "refused", value: 1 }])).toBe(503);
  for (const pod of [first, second]) lab.program(pod).start();
  await Promise.all([first, second].map((pod) => lab.ready(pod)));
  await within(30_000, "writes to be taken again", async () => (await lab.write("acme", [{ name: "taken", value: 1 }])) === 200);
  await within(30_000, "all to be read", async () => Object.keys(values(await instant(frontend, "after_kill", as("acme")))).length === 20);
});

test("limits are live within seconds, a broken file keeps the old ones, and series are counted once, not once a copy", async () => {
  const router = lab.local.one("receive-router");
  const file = fs.readFileSync(path.join(router.mounts["limits"]!.folder, "overrides.yaml"), "utf8");
  const many = (count: number, name: string) =>
    Array.from({ length: count }, (_, n): Sample => ({ name, value: 1, labels: { instance: `i${n}` } }));
  const publish = (text: string) => router.mounts["limits"]!.publish({ "overrides.yaml": text });
  const limited = (text: string, limit: string) => text.replace(/( {4}initech: .*samples_limit: )\d+/, `$1${limit}`);
  expect(await lab.write("initech", many(30, "batch"))).toBe(200);
  publish(limited(file, "20"));
  const took = await within(10_000, "the limit", async () => (await lab.write("initech", many(30, "batch"))) === 413);
  expect(took).toBeLessThan(5_000);
  publish(limited(file, "many"));
  await within(10_000, "the broken file to be read", () => lab.program(router).log.includes("error reloading tenant limits config"));
  expect(await lab.write("initech", many(30, "batch"))).toBe(413);
  expect(await lab.write("initech", many(10, "batch"))).toBe(200);
  // 40 series of 100, so that counting all three copies would refuse.
  publish(file.replace(/head_series_limit: \d+/g, "head_series_limit: 100"));
  await within(60_000, "series to be counted", () => lab.queries.size > 0);
  expect(lab.queries).toEqual(new Set(['sum by (tenant) (prometheus_tsdb_head_series{namespace="thanos"}) / 3']));
  await within(10_000, "the file to be read", async () => (await lab.write("initech", many(30, "more"))) === 200);
  expect(await lab.write("initech", many(60, "most"))).toBe(200);
  await within(40_000, "series above the limit to be refused", async () => (await lab.write("initech", many(1, "one"))) === 429);
  expect(await lab.write("acme", many(1, "one"))).toBe(200);
  expect(await lab.write("nobody", many(2, "strange"))).toBe(413);
}, 180_000);

test("answers are cached for their tenant only", async () => {
  // Older than what is still to change, younger than the ingestors' heads.
  const end = Date.now() - 900_000;
  const times = Array.from({ length: 20 }, (_, n) => end - (19 - n) * 60_000);
  for (const [at, id] of ["umbrella", "soylent"].entries())
    for (const time of times) await write(id, { name: "cached", value: at + 1, time, labels: { instance: "web" } });
  const range: Query = [["query", "cached"], ["start", String(times[0]! / 1000)], ["end", String(end / 1000)], ["step", "60"]]; // prettier-ignore
  const read = async (id: string, from = frontend) => {
    const { data } = await lab.api(from, "/api/v1/query_range", range, as(id));
    const { result } = data as { result: { metric: Record<string, string>; values: [number, string][] }[] };
    return result.map((r) => [r.metric.tenant_id, new Set(r.values.map((v) => v[1]))]);
  };
  // An answer from before the querier knows a new tenant would be kept, too.
  await within(30_000, "the stores to be known", async () => (await read("soylent", lab.local.one("query"))).length === 1);
  for (const round of ["asked", "cached"]) {
    expect([round, await read("umbrella")]).toEqual([round, [["umbrella", new Set(["1"])]]]);
    expect([round, await read("soylent")]).toEqual([round, [["soylent", new Set(["2"])]]]);
    if (round === "asked") await within(10_000, "the answers to be kept", () => lab.caches.results.items.size >= 2);
  }
  expect(lab.caches.results.hits.size).toBeGreaterThanOrEqual(2);
  const whose = [...lab.caches.results.items.values()].map((item) => /fe:([\w-]+):/.exec(item.toString("latin1"))?.[1]);
  expect(new Set(whose)).toEqual(new Set(["umbrella", "soylent"]));
});
