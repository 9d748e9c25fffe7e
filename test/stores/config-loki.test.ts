import { execFile } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import type { Storage } from "../../components/contracts";
import { within } from "../engine/envoy";
import { everyTenant } from "../unit/cortex-kit";
import { logLimits } from "../unit/loki-kit";
import { s3 } from "../unit/observability-kit";
import { toolPaths } from "./cortex-scene";
import { LokiScene } from "./loki-scene";
import type { Placed } from "./pod-processes";

/** Every configuration and runtime file that the program renders for Loki, held against Loki itself, the version that runs and the one before it. */

jest.setTimeout(60_000);
const identity = { ...s3, credentials: undefined } as Storage;
const shapes = [
  ["single, on a volume", "single", { kind: "volume" }],
  ["single, S3 with keys", "single", s3],
  ["distributed, S3 with keys", "distributed", s3],
  ["distributed, S3 with workload identity", "distributed", identity],
] as const;

let tools: Record<"loki" | "loki-before", string>;
beforeAll(async () => {
  tools = await toolPaths("loki", "loki-before");
});
const scenes = new Map<string, Promise<LokiScene>>();
afterAll(async () => {
  for (const scene of scenes.values()) await (await scene).close();
});

/** A scene in which nothing runs yet; the same for the same arguments, since a recording takes a second. */
function sceneOf(size: "single" | "distributed", storage: Storage): Promise<LokiScene> {
  const name = JSON.stringify([size, storage]);
  const known = scenes.get(name) ?? LokiScene.of({ size, storage }, tools.loki);
  scenes.set(name, known);
  return known;
}

/** What Loki says to a configuration that it reads strictly and checks, without starting anything; undefined: nothing against it. */
function complaint(scene: LokiScene, placed: Placed, program: string, before = () => {}): Promise<string | undefined> {
  const { args, env } = scene.command(placed);
  before();
  return new Promise((resolve) => {
    execFile(program, [...args, "-verify-config"], { env, cwd: placed.root, timeout: 30_000 }, (error, out, stderr) =>
      resolve(error === null ? undefined : `${placed.name}: ${error.message} ${out} ${stderr}`),
    );
  });
}

test.each(shapes)("%s: is accepted for every target, and only who needs the bucket is told of it", async (_, size, storage) => {
  const scene = await sceneOf(size, storage);
  const { placed } = scene.machine;
  expect(placed).toHaveLength(size === "single" ? 2 : 13);
  // Zones differ in a name only, and the text is the same with keys and without.
  const kinds = storage === identity ? [] : placed.filter((one) => !/-zone-[bc]$|-\d$/.test(one.name));
  for (const program of Object.values(tools)) for (const one of kinds) expect(await complaint(scene, one, program)).toBeUndefined();
  for (const one of placed) {
    const env = Object.keys(scene.machine.envOf(one)).filter((name) => /^(AWS|S3)_/.test(name)).sort(); // prettier-ignore
    const coordinates = storage.kind === "s3" && !bucketless.includes(one.name) ? ["S3_BUCKET", "S3_ENDPOINT", "S3_REGION"] : [];
    const secrets = coordinates.length > 0 && storage === s3 ? ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] : [];
    expect([one.name, one.serviceAccount, env]).toEqual([
      one.name,
      size === "distributed" && bucketless.includes(one.name) ? "loki-without-bucket" : "loki",
      [...secrets, ...coordinates],
    ]);
  }
});
const bucketless = ["distributor", "query-frontend", "query-scheduler"];

test.each(["loki", "loki-before"] as const)("%s refuses what it does not know", async (version) => {
  const scene = await sceneOf("distributed", s3);
  const placed = scene.machine.get("ingester-zone-a");
  const unknown = () => fs.appendFileSync(path.join(placed.root, "etc/loki/loki.yaml"), "ring_of_power: true\n");
  expect(await complaint(scene, placed, tools[version], unknown)).toContain("field ring_of_power not found");
});

describe("runtime files", () => {
  const part = "distributor";
  let scene: LokiScene;
  const folder = () => path.join(scene.machine.get(part).root, "etc/loki-limits");
  /** A limit that Loki tells a tenant. */
  const lookback = async (tenant: string) =>
    /max_query_lookback\W+(\w+)/.exec((await scene.as(tenant, part, "/config/tenant/v1/limits")).text)?.[1];
  const success = async () =>
    /^loki_runtime_config_last_reload_successful(?:{.*})? (\d)$/m.exec((await scene.as("", part, "/metrics")).text)?.[1];

  beforeAll(async () => {
    scene = await sceneOf("distributed", s3);
  });

  test("of tenants of every kind are taken, all of them; each change is live within its period, one with a mistake never, and is told", async () => {
    scene.start(part);
    await scene.ready([part]);
    const files = logLimits("distributed");
    expect(fs.readdirSync(folder()).sort()).toEqual(files.map(({ file }) => file).sort());
    expect(files.filter(({ ids }) => ids > 0).length).toBeGreaterThan(1);
    expect(await success()).toBe("1");
    for (const { storageId } of everyTenant) expect([storageId, await lookback(storageId)]).not.toEqual([storageId, "0s"]);
    expect(await lookback("stranger")).toBe("0s");

    const shorter = everyTenant.map((t) => ({ ...t, limits: { ...t.limits, queries: { ...t.limits.queries, lookback: 3 * 86_400 } } }));
    const publish = (of: typeof everyTenant, more = "") => {
      for (const { file, text } of logLimits("distributed", of)) fs.writeFileSync(path.join(folder(), file), text + more);
    };
    publish(shorter);
    await within(5_000, "the new limits", async () =>
      (await Promise.all(everyTenant.map((t) => lookback(t.storageId)))).every((l) => l === "3d"),
    );
    publish(everyTenant, "unheard_of: true\n");
    await within(5_000, "the mistake to be told", async () => (await success()) === "0");
    expect(await lookback("large")).toBe("3d");
    await scene.end("SIGKILL", part);
  });

  test("with a mistake keep a process from starting", async () => {
    const placed = scene.machine.get(part);
    const limits = logLimits("distributed")[0]!;
    // Files are laid out before each start.
    const { args, env } = scene.command(placed);
    fs.writeFileSync(path.join(folder(), limits.file), "overrides: {someone: {ingestion_rat_mb: 9}}\n");
    const said = await new Promise((resolve) =>
      execFile(tools.loki, [...args, `-server.http-listen-address=${placed.address}`, `-server.grpc-listen-address=${placed.address}`], { env, timeout: 20_000 }, (error, out, stderr) => resolve(`${error?.code} ${out} ${stderr}`)),
    ); // prettier-ignore
    // Whether it still gets to say why is a race between its log and its end.
    expect(said).toMatch(/^1 /);
  });
});
