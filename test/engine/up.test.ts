import fs from "node:fs";
import { openCluster } from "../../cli/cluster";
import { retire } from "../../cli/retire";
import { sync } from "../../cli/sync";
import { Lab, type KubernetesObject, type Run } from "./stack-kit";

/**
 * The promises of `pulumi up`, on the real engine and a real API server: what a change does, it says, and it does nothing else.
 * The tests share one stack and run in order; each leaves it as the next expects it.
 */
const lab = new Lab();
jest.setTimeout(240_000);

beforeAll(async () => {
  await lab.start();
  // The autoscaler has its say a few seconds after the Deployment: wait for it, so that it is not taken for an effect of `up`.
  await lab.kubectl(["wait", "-n", "prod-tenant", "deployment/gateway", "--for=jsonpath={.status.readyReplicas}=2", "--timeout=60s"]);
});
afterAll(() => lab.stop());

const names = (run: Run) => run.changes.map((s) => `${s.op} ${s.name} ${s.type.split(":").at(-1)}`).sort();
const newTenant = (more = "") => `owner: shop@example.com\ndescription: A shop\nkeys: [2026-11]\n${more}`;

/** What the last test saw: tests run in order, so it is what the next one starts from. */
let before: Map<string, string>;

/** Objects that a change may never touch: everything but pods and what controllers keep writing status to. */
async function revisions(): Promise<Map<string, string>> {
  const objects = await lab.objects();
  const own = [...objects].filter(([key]) => !/\/(Pod|Namespace|PodDisruptionBudget|HorizontalPodAutoscaler|ResourceQuota)\//.test(key));
  return new Map(own.map(([key, o]) => [key, specOf(o)]));
}

/** An object without what the API server and controllers keep: two texts differ only where somebody changed what was asked for. */
function specOf(object: KubernetesObject): string {
  const { metadata, ...rest } = object;
  const { status: _status, ...wanted } = rest as Record<string, unknown>;
  return JSON.stringify({ uid: metadata.uid, wanted });
}

/** Keys of objects that were made, changed or removed since the last look; this one is the next's. */
async function touched(): Promise<string[]> {
  const [old, now] = [before, await revisions()];
  before = now;
  return [...new Set([...old.keys(), ...now.keys()])].filter((key) => old.get(key) !== now.get(key)).sort();
}

async function podIds(namespace: string): Promise<string[]> {
  const objects = await lab.objects(["pods"]);
  return [...objects]
    .filter(([key]) => key.startsWith(`${namespace}/`))
    .map(([key, o]) => `${key} ${o.metadata.uid}`)
    .sort();
}

test("a tenant's namespace holds gateways, Grafana, Prometheus, splitters and Services", async () => {
  const listed = await lab.kubectl(["get", "all", "-n", "prod-tenant"]);
  for (const wanted of [
    "pod/gateway-", "pod/grafana-", "pod/prometheus-prod-prometheus-0", "statefulset.apps/prometheus-prod-prometheus",
    "service/cortex-api", "service/loki-api", "service/dd-api", "service/grafana-datasource-splitter-cortex",
    "service/grafana-datasource-splitter-loki", "service/cortex-alertmanager", "deployment.apps/gateway", "deployment.apps/grafana",
  ]) expect(listed).toContain(wanted); // prettier-ignore
  const pods = [...(await lab.objects(["pods"])).values()];
  expect(pods.length).toBeGreaterThan(10);
  for (const pod of pods) expect([pod.metadata.name, (pod.status as { phase: string }).phase]).toEqual([pod.metadata.name, "Running"]);
});

test("a second up changes nothing, and no object of the API server either", async () => {
  before = await revisions();
  const again = await lab.run("up");
  expect([again.code, names(again)]).toEqual([0, []]);
  expect(again.same).toBeGreaterThan(100);
  expect(await touched()).toEqual([]);
});

test("a new tenant: its own objects, and the limits of the systems it uses, as the preview said", async () => {
  fs.writeFileSync(lab.file("shop"), newTenant());
  const preview = await lab.run("preview");
  const up = await lab.run("up");
  expect(up.code).toBe(0);
  expect(names(preview)).toEqual(names(up));
  // What it costs, against what stack and cluster are now; the update itself does not repeat it.
  expect(preview.text).toMatch(/Capacity of size single for 4 tenants, what changes against the last up:/);
  expect(preview.text).toMatch(/ gateway +6 -> 7 .*\n +grafana +3 -> 4 .*\n +prometheus +3 -> 4 /);
  expect(preview.text).toMatch(/No capacity step/);
  expect(up.text).not.toMatch(/Capacity of size|Capacity: no change/);
  const foreign = up.changes.filter((s) => !s.name.startsWith("shop/") && s.name !== "shop" && !s.type.endsWith("Stack"));
  expect(foreign.map((s) => `${s.op} ${s.name}`).sort()).toEqual(["update cortex/limits", "update loki/limits"]);
  const others = (await touched()).filter((key) => !key.startsWith("shop-tenant/"));
  expect(others).toEqual(["cortex/ConfigMap/cortex-limits", "loki/ConfigMap/loki-limits"]);
});

test("one limit: one object; one revoked token: one object; no pod restarts", async () => {
  const { client } = await openCluster(undefined, lab.state);
  await sync(client);
  const pods = [...(await podIds("cortex")), ...(await podIds("prod-tenant"))];
  fs.writeFileSync(lab.file("shop"), newTenant("limits:\n  metrics: {activeSeries: 123k}\n"));
  fs.appendFileSync(lab.file("prod"), "\nrevoked: [lost-laptop]\n");
  const up = await lab.run("up");
  const changed = ["update cortex/limits ConfigMap", "update prod/gateway-routes ConfigMap"];
  expect(names(up)).toEqual(changed);
  const objects = ["cortex/ConfigMap/cortex-limits", "prod-tenant/ConfigMap/gateway-routes"];
  expect(await touched()).toEqual(objects);
  // `sync` touches the pods that mount these, and the engine has nothing to put back.
  const due = (await sync(client)).touched.map((one) => `${one.namespace}/${one.pod.replace(/-[^-]+-[^-]+$/, "")}`);
  expect([...new Set(due)].sort()).toEqual(["cortex/cortex-0", "prod-tenant/gateway"]);
  expect((await sync(client)).touched).toEqual([]);
  expect((await lab.run("preview")).changes).toEqual([]);
  expect([...(await podIds("cortex")), ...(await podIds("prod-tenant"))]).toEqual(pods);
  expect(await lab.outputs()).toMatchObject({ records: { prod: { shards: { ingesters: 15 } } }, readSharding: false });
});

test("rotation of prod's keys in three steps touches prod's objects only", async () => {
  for (const keys of ["[2026-11, 2026-12]", "[2026-12, 2026-11]", "[2026-12]"]) {
    lab.edit("prod", /^keys: .*$/m, `keys: ${keys}`);
    const up = await lab.run("up");
    expect(up.code).toBe(0);
    const foreign = up.changes.filter((s) => !s.name.startsWith("prod/") && !s.type.endsWith("Stack"));
    expect(foreign).toEqual([]);
    const objects = await touched();
    expect(objects.length).toBeGreaterThan(0);
    expect(objects.filter((key) => !key.startsWith("prod-tenant/"))).toEqual([]);
  }
});

/** Runs `up` and expects it to refuse with all of `said` and to leave state and cluster alone. */
async function refused(...said: (string | RegExp)[]): Promise<void> {
  const state = fs.readFileSync(`${lab.dir}/state/state/.pulumi/stacks/tenantstack/dev.json`, "utf8");
  const up = await lab.run("up");
  expect(up.code).not.toBe(0);
  expect(up.changes.filter((s) => !s.type.endsWith("Stack"))).toEqual([]);
  for (const text of said) expect(up.text).toMatch(text);
  expect(up.text).not.toMatch(/\n\s+at .*\.(ts|js):\d+/);
  expect(await touched()).toEqual([]);
  const resources = (text: string) =>
    (JSON.parse(text) as { checkpoint: { latest: { resources: { urn: string }[] } } }).checkpoint.latest.resources.map((r) => r.urn).sort();
  const after = fs.readFileSync(`${lab.dir}/state/state/.pulumi/stacks/tenantstack/dev.json`, "utf8");
  expect(resources(after)).toEqual(resources(state));
}

test("dropping the key that signs and removing the file of an active tenant are refused, each with its remedy", async () => {
  const [prod, shop] = [fs.readFileSync(lab.file("prod"), "utf8"), fs.readFileSync(lab.file("shop"), "utf8")];
  lab.edit("prod", "keys: [2026-12]", "keys: [2027-01]");
  fs.rmSync(lab.file("shop"));
  await refused(/2 problems/, /prod\.yaml/, /must not drop 2026-12/, /append/, /shop\.yaml/, /must be retired/, /tenantstack retire shop/);
  fs.writeFileSync(lab.file("prod"), prod);
  fs.writeFileSync(lab.file("shop"), shop);
});

test("bad files and settings give one report with all problems, and change nothing", async () => {
  const good = fs.readFileSync(lab.file("staging"), "utf8");
  fs.writeFileSync(lab.file("Bad_Name"), newTenant());
  fs.writeFileSync(lab.file("tangled"), newTenant("tier: huge\nlimitz: {}\n"));
  fs.writeFileSync(lab.file("staging"), `${good}\ndomain: shop.obs.localhost\n`);
  await refused(/problems/, /Bad_Name\.yaml/, /tangled\.yaml:4:\d+/, /small, medium/, /limitz/, /shop\.obs\.localhost/);
  fs.rmSync(lab.file("Bad_Name"));
  fs.rmSync(lab.file("tangled"));
  fs.writeFileSync(lab.file("staging"), good);
});

test("a retired tenant's endpoints go, then its file may go and takes the rest of its objects with it", async () => {
  retire(lab.dir, "tenants", "shop", "2027-06-30", new Date("2026-11-22T12:00:00Z"));
  const retired = await lab.run("up");
  expect([retired.code, retired.text]).toEqual([0, retired.text]);
  const left = [...(await lab.objects(["deployments", "statefulsets", "persistentvolumeclaims", "secrets"])).keys()].filter((k) =>
    k.startsWith("shop-tenant/"),
  );
  expect(left).toEqual(["shop-tenant/PersistentVolumeClaim/grafana-data"]);
  const limits = (await lab.objects(["configmaps"])).get("cortex/ConfigMap/cortex-limits");
  fs.rmSync(lab.file("shop"));
  const remove = await lab.run("up");
  expect(remove.code).toBe(0);
  const gone = remove.changes.filter((s) => !s.type.endsWith("Stack"));
  expect(gone.every((s) => s.op === "delete" && (s.name.startsWith("shop/") || s.name === "shop"))).toBe(true);
  const objects = await lab.objects();
  expect([...objects.keys()].filter((key) => key.startsWith("shop-tenant/") || key.endsWith("/shop-tenant"))).toEqual([]);
  // Its data stays: the stores still hold its storage id to what it was.
  expect((objects.get("cortex/ConfigMap/cortex-limits") as { data?: unknown } | undefined)?.data).toEqual(
    (limits as { data?: unknown } | undefined)?.data,
  );
});

test("no secret is readable outside Secrets and the encrypted state", async () => {
  const secrets = new Set<string>();
  const add = (value: string) => {
    if (!value.includes("PRIVATE KEY")) return void secrets.add(value);
    const lines = value.split("\n").filter((line) => line.length > 40 && !line.startsWith("---"));
    // An RSA key begins with its modulus, which is public (six lines of 64 characters for 2048 bits); the short ones begin with the secret.
    (lines.length > 10 ? lines.slice(8) : lines.slice(0, 1)).forEach((line) => secrets.add(line));
  };
  const { signing } = (await lab.outputs(true)) as { signing: Record<string, { privateKeyPem: string }> };
  expect(Object.keys(signing).sort()).toEqual(["prod", "staging", "system"]);
  Object.values(signing).forEach((s) => add(s.privateKeyPem));
  const objects = await lab.objects();
  for (const [key, object] of objects) {
    if (!key.includes("/Secret/")) continue;
    for (const [field, value] of Object.entries((object.data ?? {}) as Record<string, string>))
      if (!["tls.crt", "ca.crt"].includes(field)) add(Buffer.from(value, "base64").toString());
  }
  // The operator's own Secrets hold some empty and short values, which are in any text.
  for (const secret of secrets) if (secret.length < 20) secrets.delete(secret);
  expect(secrets.size).toBeGreaterThan(20);
  lab.edit("prod", "keys: [2026-12]", "keys: [2026-12, 2027-01]");
  const preview = await lab.run("preview", "--diff");
  expect(preview.text).toMatch(/Capacity: no change; 3 tenants, \d+ nodes, least headroom: /);
  const read: [string, string][] = [
    ...[...objects].filter(([key]) => !key.includes("/Secret/")).map(([key, o]): [string, string] => [key, JSON.stringify(o)]),
    ["outputs", JSON.stringify(await lab.outputs())],
    ["preview", preview.text],
    ["up.log", fs.readFileSync(`${lab.dir}/up.log`, "utf8")],
    ["state", fs.readFileSync(`${lab.dir}/state/state/.pulumi/stacks/tenantstack/dev.json`, "utf8")],
  ];
  for (const [where, text] of read)
    for (const secret of secrets)
      expect(text.includes(secret) || text.includes(Buffer.from(secret).toString("base64")) ? `${where} holds a secret` : "").toBe("");
});
