import { execFile } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import type { Storage } from "../../components/contracts";
import { s3 } from "../unit/observability-kit";
import { within } from "../engine/envoy";
import { metricsOf, otlp, values } from "./cortex-kit";
import { CortexScene, toolPaths } from "./cortex-scene";
import type { Placed } from "./pod-processes";
import { ask } from "./program";

/** Every configuration and runtime file that the program renders for Cortex, held against Cortex itself, the version that runs and the one before it. */

jest.setTimeout(60_000);
const volume: Storage = { kind: "volume" };
const keys = s3;
const identity = { ...s3, credentials: undefined } as Storage;
const shapes = [
  ["single, on a volume", "single", volume],
  ["single, S3 with keys", "single", keys],
  ["single, S3 with workload identity", "single", identity],
  ["distributed, S3 with keys", "distributed", keys],
  ["distributed, S3 with workload identity", "distributed", identity],
] as const;

let tools: Record<"cortex" | "cortex-before", string>;
beforeAll(async () => {
  tools = await toolPaths("cortex", "cortex-before");
});
const scenes = new Map<string, Promise<CortexScene>>();
afterAll(async () => {
  for (const scene of scenes.values()) await (await scene).end();
});

/** A scene in which nothing runs yet; the same for the same arguments, since a recording takes a second. */
function sceneOf(size: "single" | "distributed", storage: Storage): Promise<CortexScene> {
  const name = JSON.stringify([size, storage]);
  const known = scenes.get(name) ?? CortexScene.of({ size, storage }, tools.cortex);
  scenes.set(name, known);
  return known;
}

/** What Cortex says to a configuration that it reads strictly and checks, without starting anything; undefined: nothing against it. */
function complaint(scene: CortexScene, placed: Placed, program: string): Promise<string | undefined> {
  const { args, env } = scene.command(placed);
  return new Promise((resolve) => {
    execFile(program, [...args, "-modules"], { env, cwd: placed.root, timeout: 30_000 }, (error, _, stderr) =>
      resolve(error === null ? undefined : `${placed.name}: ${stderr || error.message}`),
    );
  });
}

describe.each(shapes)("%s", (_, size, storage) => {
  test("is accepted for every target", async () => {
    const scene = await sceneOf(size, storage);
    const { placed } = scene.machine;
    expect(placed).toHaveLength(size === "single" ? 2 : 17);
    // Zones differ in a name only.
    const kinds = placed.filter((one) => !/-zone-[bc]$/.test(one.name));
    for (const program of Object.values(tools)) expect((await Promise.all(kinds.map((one) => complaint(scene, one, program)))).filter(Boolean)).toEqual([]); // prettier-ignore
    for (const one of placed) {
      const env = Object.keys(scene.machine.envOf(one)).filter((name) => /^(AWS|S3)_/.test(name)).sort(); // prettier-ignore
      const coordinates = storage.kind === "s3" && !bucketless.includes(one.name) ? ["S3_BUCKET", "S3_ENDPOINT", "S3_REGION"] : [];
      const secrets = coordinates.length > 0 && storage === keys ? ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] : [];
      expect([one.name, env]).toEqual([one.name, [...secrets, ...coordinates]]);
    }
  });
});
const bucketless = ["distributor", "query-frontend", "query-scheduler", "overrides-exporter"];

test.each(["cortex", "cortex-before"] as const)("%s refuses what it does not know", async (version) => {
  const scene = await sceneOf("distributed", keys);
  const placed = scene.machine.get("ingester-zone-a");
  const rendered = path.join(placed.root, "etc/cortex/cortex.yaml");
  scene.command(placed);
  fs.appendFileSync(rendered, "ring_of_power: true\n");
  const answer = await new Promise((resolve) =>
    execFile(tools[version], [`-config.file=${rendered}`, "-config.expand-env=true", "-modules"], { timeout: 30_000 }, (error, _, stderr) => resolve(`${error?.code} ${stderr}`)),
  ); // prettier-ignore
  expect(answer).toContain("field ring_of_power not found");
});

describe("the runtime file", () => {
  const limits = (placed: Placed) => path.join(placed.root, "etc/cortex-limits/overrides.yaml");
  const reload = ["-runtime-config.reload-period=1s"];

  test("is live within its period; one with a mistake never takes effect, and is told", async () => {
    const scene = await sceneOf("distributed", keys);
    const placed = scene.machine.get("overrides-exporter");
    scene.start(placed, reload);
    await scene.ready("overrides-exporter");
    const rate = () => metricsOf(scene, "overrides-exporter", 'cortex_overrides{limit_name="ingestion_rate",user="large"}');
    const success = () => metricsOf(scene, "overrides-exporter", "cortex_runtime_config_last_reload_successful");
    expect([await rate(), await success()]).toEqual([[expect.stringMatching(/ 350000$/)], [expect.stringMatching(/ 1$/)]]);
    const before = fs.readFileSync(limits(placed), "utf8");
    const lower = before.replace("*rate : 350000", "*rate : 7");
    fs.writeFileSync(limits(placed), lower);
    await within(5_000, "the new rate", async () => / 7$/.test((await rate())[0] ?? ""));
    fs.writeFileSync(limits(placed), lower.replace("*rate : 7", "*rate : 8\n    ingestion_rat: 9"));
    await within(5_000, "the mistake to be told", async () => / 0$/.test((await success())[0] ?? ""));
    expect(await rate()).toEqual([expect.stringMatching(/ 7$/)]);
    fs.writeFileSync(limits(placed), before);
    await within(5_000, "the file to be right again", async () => / 350000$/.test((await rate())[0] ?? ""));
    await scene.running.get("overrides-exporter")!.end();
  });

  test("with a mistake keeps a process from starting", async () => {
    const scene = await sceneOf("distributed", keys);
    const placed = scene.machine.get("overrides-exporter");
    const start = scene.start(placed, reload, () => fs.appendFileSync(limits(placed), "  someone: {ingestion_rat: 9}\n"));
    await within(10_000, "Cortex to end", () => start.ended);
    // Whether it still gets to say why is a race between its log and its end.
    expect(start.endedBy).toBe(1);
  });
});

describe("size single", () => {
  let scene: CortexScene;
  const [a, b] = ["small", "large"];
  const url = (port: number) => scene.url("cortex", `/prometheus/api/v1/query?query=${encodeURIComponent("sort(metric)")}`, port);
  // Patient: a name that holds `|` is refused.
  const query = async (tenant: string, port = 8080) => values(await ask(url(port), { headers: { "X-Scope-OrgID": tenant } }), true);
  const push = (tenant: string, value: number) =>
    scene.as(tenant, "cortex", "/api/v1/otlp/v1/metrics", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: otlp("metric", value),
    });

  test("starts to ready, keeps tenants apart, and only the operators' querier reads across", async () => {
    scene = await sceneOf("single", volume);
    // The operators' querier first: it waits for nobody.
    for (const name of ["query-operators", "cortex"]) scene.start(scene.machine.get(name));
    await scene.ready("cortex");
    await scene.ready("query-operators", 10_000, 8081);
    expect([(await push(a, 1)).status, (await push(b, 2)).status]).toEqual([200, 200]);
    expect([await query(a), await query(b), await query(`${a}|${b}`)]).toEqual([["1"], ["2"], []]);
    await within(20_000, "the operators' querier to find the ingester", async () => (await query(`${a}|${b}`, 8081)).length > 0);
    expect([await query(`${a}|${b}`, 8081), await query(a, 8081)]).toEqual([["1", "2"], ["1"]]);
    // Its own querier's, one for each query that it may work on; the operators' would come on top.
    expect(await metricsOf(scene, "cortex", "cortex_query_frontend_connected_clients")).toEqual([expect.stringMatching(/ 20$/)]);
    expect((await metricsOf(scene, "cortex", "cortex_runtime_config_last_reload_successful"))[0]).toMatch(/ 1$/);
  });

  test("the operators' querier finds the process again after either of them ends", async () => {
    await scene.running.get("cortex")!.end();
    scene.start(scene.machine.get("cortex"));
    await scene.ready("cortex");
    await within(30_000, "the operators' querier to find it", async () => (await query(`${a}|${b}`, 8081)).length === 2);
    expect(await query(a)).toEqual(["1"]);
  });
});
