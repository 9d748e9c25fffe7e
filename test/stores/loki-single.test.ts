import fs from "node:fs";
import type { Storage } from "../../components/contracts";
import type { LedgerEntry } from "../../model/ledger";
import { limitsFiles } from "../../model/limits";
import type { Tenant } from "../../model/tenant";
import { good, minimal, retiredProd } from "../unit/model-kit";
import { push, readAll } from "./loki-kit";
import { declaredLoki } from "./loki-pods";
import { freshAddress, Scene } from "./loki-scene";
import { scratchFolder, until } from "./program-kit";
import { alertmanager, S3Server, staticKeys } from "./servers-kit";

/** Size single as it is declared, on its volume and with a bucket. */
jest.setTimeout(90_000);
const logs = "apis: [metrics, logs]\n";
const tiers = ["small", "medium", "large"];
const tenants: Tenant[] = [
  ...tiers.map((tier) => good(`${minimal}${logs}tier: ${tier}\n`, tier)),
  good(`${minimal}${logs}state: suspended\n`, "suspended"),
];
const gone: LedgerEntry[] = [
  { ...retiredProd, name: "retired", storageId: "retired" },
  { ...retiredProd, name: "erased", storageId: "erasing", erasing: "2027-02-01" },
];
const filesOf = (of: readonly Tenant[]) => limitsFiles(of, gone, "single").loki;
const limitsOf = (of: readonly Tenant[]) => filesOf(of)[0]?.text ?? "";

const kinds = ["on a volume", "in a bucket"] as const;
let scenes: Readonly<Record<(typeof kinds)[number], Scene>>;
let bucket: S3Server;
let folder: string;
let alerts: Awaited<ReturnType<typeof alertmanager>>;
const single = "loki-0";

async function started(storage: Storage, alertsAt: string): Promise<Scene> {
  const resources = await declaredLoki({ size: "single", storage, limits: filesOf(tenants) });
  const flags = ["-ruler.poll-interval=2s", "-ruler.evaluation-interval=2s"];
  const scene = await Scene.of(resources, { others: { "alertmanager.cortex.svc": alertsAt }, flags: () => flags });
  scene.start();
  return scene;
}

beforeAll(async () => {
  const [s3, alertsAt] = [freshAddress(), freshAddress()];
  alerts = await alertmanager(alertsAt, 8080);
  folder = scratchFolder("loki-bucket");
  bucket = await S3Server.of(folder, s3, ["logs"]);
  await bucket.start();
  const endpoint = `${s3}:7070`;
  scenes = {
    "on a volume": await started({ kind: "volume" }, alertsAt),
    "in a bucket": await started(
      { kind: "s3", bucket: "logs", endpoint, region: "eu-west-1", insecure: true, credentials: staticKeys },
      alertsAt,
    ),
  };
  await Promise.all(kinds.map((kind) => scenes[kind].ready(60_000)));
});

afterAll(async () => {
  for (const kind of kinds) await scenes?.[kind].end();
  await bucket?.stop();
  alerts?.server.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

test.each(kinds)(
  "%s it takes lines of tenants of every tier, each for itself, and large writes; of suspended and retired ones none",
  async (kind) => {
    const scene = scenes[kind];
    for (const tier of tiers) {
      expect((await push(scene, single, tier, [`${tier}'s`])).status).toBe(204);
      expect(await readAll(scene, single, tier, [`${tier}'s`])).toEqual([`${tier}'s`]);
    }
    const lines = Array.from({ length: 25 }, (_, i) => "x".repeat(200_000) + i);
    expect(await push(scene, single, "large", lines, { size: "large" })).toEqual({ status: 204, text: "" });
    for (const state of ["suspended", "retired", "erasing"]) {
      const { status, text } = await push(scene, single, state, ["late"]);
      expect([state, status, text]).toEqual([state, 403, expect.any(String)]);
    }
  },
);

test.each(kinds)("%s it keeps rules, and their alerts carry the tenant", async (kind) => {
  const scene = scenes[kind];
  alerts.seen.length = 0;
  const body = 'name: g\nrules:\n- alert: Lines\n  expr: sum(count_over_time({app="shop"}[5m])) > 0\n';
  const put = await scene.ask(single, "/loki/api/v1/rules/space", {
    tenant: "medium",
    headers: { "content-type": "application/yaml" },
    body,
  });
  expect([put.status, put.text]).toEqual([202, expect.any(String)]);
  expect((await scene.ask(single, "/loki/api/v1/rules/space/g", { tenant: "medium" })).text).toContain("alert: Lines");
  expect((await scene.ask(single, "/loki/api/v1/rules", { tenant: "small" })).status).toBe(404);
  const log = () => scene.at(single).program.log.slice(-3000);
  await until(20_000, "an alert", () => alerts.seen.length > 0, log);
  expect(new Set(alerts.seen.map(({ tenant, url }) => `${tenant} ${url}`))).toEqual(new Set(["medium /alertmanager/api/v2/alerts"]));
  expect((await scene.ask(single, "/loki/api/v1/rules/space", { tenant: "medium", method: "DELETE" })).status).toBe(202);
});

test("a changed limit is live within its period; a file that is no good never is", async () => {
  const scene = scenes["on a volume"];
  const lookback = async () =>
    /max_query_lookback\W+(\w+)/.exec((await scene.ask(single, "/config/tenant/v1/limits", { tenant: "small" })).text)?.[1];
  const reload = async () =>
    /^loki_runtime_config_last_reload_successful(?:{.*})? (\d)$/m.exec((await scene.ask(single, "/metrics")).text)?.[1];
  const changed = tenants.map((t) => ({ ...t, limits: { ...t.limits, queries: { ...t.limits.queries, lookback: 3 * 86_400 } } }));
  expect([await reload(), await lookback()]).toEqual(["1", "30d"]);
  scene.publish(limitsOf(changed));
  await until(12_000, "the new limit", async () => (await lookback()) === "3d");
  scene.publish(`${limitsOf(tenants)}unheard_of: true\n`);
  await until(12_000, "the failed reload", async () => (await reload()) === "0");
  expect(await lookback()).toBe("3d");
});

test("an orderly end and a start lose nothing", async () => {
  await Promise.all(kinds.map((kind) => scenes[kind].at(single).program.kill("SIGTERM")));
  scenes["on a volume"].publish(limitsOf(tenants));
  for (const kind of kinds) scenes[kind].start();
  await Promise.all(kinds.map((kind) => scenes[kind].ready(60_000)));
  for (const kind of kinds) expect(await readAll(scenes[kind], single, "small", ["small's"])).toEqual(["small's"]);
});
