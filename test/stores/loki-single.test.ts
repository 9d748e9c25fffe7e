import type { Storage } from "../../components/contracts";
import { within } from "../engine/envoy";
import { Bucket } from "./bucket";
import { toolPaths } from "./cortex-scene";
import { alertmanager } from "./servers";
import { alwaysFiring, postYaml, push, read, readAll } from "./loki-kit";
import { LokiScene } from "./loki-scene";

/** Size single as it is declared, on its volume and with a bucket, and the operators' querier beside it. */

jest.setTimeout(90_000);
const kinds = ["on a volume", "in a bucket"] as const;
const [single, operators] = ["loki", "query-operators"];
const tiers = ["small", "medium--2", "large"];
let scenes: Readonly<Record<(typeof kinds)[number], LokiScene>>;
let alerts: Readonly<Record<(typeof kinds)[number], Awaited<ReturnType<typeof alertmanager>>>>;
let bucket: Bucket;

beforeAll(async () => {
  const tools = await toolPaths("loki");
  bucket = await new Bucket(["logs"]).start();
  const of = (storage: Storage) => LokiScene.of({ size: "single", storage }, tools.loki);
  scenes = { "on a volume": await of({ kind: "volume" }), "in a bucket": await of(bucket.storage) };
  const listening = (scene: LokiScene) => alertmanager(scene.machine.elsewhere, 8080);
  alerts = { "on a volume": await listening(scenes["on a volume"]), "in a bucket": await listening(scenes["in a bucket"]) };
});

afterAll(async () => {
  for (const kind of kinds) {
    await scenes?.[kind].close();
    alerts?.[kind].server.close();
  }
  await bucket?.end();
});

test("both become ready, whichever starts first", async () => {
  scenes["on a volume"].start(operators, single);
  scenes["in a bucket"].start(single, operators);
  await Promise.all(kinds.flatMap((kind) => [scenes[kind].ready([single]), scenes[kind].ready([operators], 60_000, 3101)]));
});

test.each(kinds)(
  "%s it takes lines of tenants of every tier, each for itself, and large writes; of suspended and retired ones none",
  async (kind) => {
    const scene = scenes[kind];
    for (const tier of tiers) {
      expect(await push(scene, single, tier, [`${tier}'s`])).toEqual({ status: 204, text: "" });
      expect(await readAll(scene, { from: single }, tier, [`${tier}'s`])).toEqual([`${tier}'s`]);
    }
    const lines = Array.from({ length: 25 }, (_, i) => "x".repeat(200_000) + i);
    expect(await push(scene, single, "large", lines, "large")).toEqual({ status: 204, text: "" });
    for (const state of ["suspended", "medium", "erasing"])
      expect([state, await push(scene, single, state, ["late"])]).toMatchObject([state, { status: 403 }]);
  },
);

test.each(kinds)("%s only the operators' querier reads across tenants", async (kind) => {
  const both = "small|medium--2";
  const across = await readAll(scenes[kind], { from: operators, port: 3101 }, both, ["small's", "medium--2's"]);
  expect(across).toEqual(["medium--2's", "small's"]);
  expect(await read(scenes[kind], { from: single }, both)).toMatchObject({
    status: 500,
    text: expect.stringContaining("multiple org IDs"),
  });
});

test.each(kinds)("%s it keeps rules, and their alerts carry the tenant", async (kind) => {
  const scene = scenes[kind];
  const put = await scene.as("small", single, "/loki/api/v1/rules/space", postYaml(alwaysFiring));
  expect([put.status, put.text]).toEqual([202, expect.any(String)]);
  expect((await scene.as("small", single, "/loki/api/v1/rules/space/group")).text).toContain("alert: Lines");
  expect((await scene.as("large", single, "/loki/api/v1/rules")).status).toBe(404);
  const { seen } = alerts[kind];
  await within(20_000, "an alert", () => seen.length > 0);
  expect(new Set(seen.map(({ tenant, url }) => `${tenant} ${url}`))).toEqual(new Set(["small /alertmanager/api/v2/alerts"]));
});

test("an orderly end and a start lose nothing, and the operators' querier finds the process again", async () => {
  await Promise.all(kinds.map((kind) => scenes[kind].end("SIGTERM", single)));
  for (const kind of kinds) scenes[kind].start(single);
  await Promise.all(kinds.map((kind) => scenes[kind].ready([single])));
  for (const kind of kinds) {
    expect(await readAll(scenes[kind], { from: single }, "small", ["small's"])).toEqual(["small's"]);
    expect((await scenes[kind].as("small", single, "/loki/api/v1/rules/space/group")).text).toContain("alert: Lines");
    await readAll(scenes[kind], { from: operators, port: 3101 }, "small|medium--2", ["small's", "medium--2's"], 30_000);
  }
});
