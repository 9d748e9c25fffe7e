import fs from "node:fs";
import net from "node:net";
import { prove } from "../../cli/proof";
import { silentReporter } from "../../embedded/console";
import { podsStatus, stopPods } from "../../embedded/pods";
import { beyondLoopback, listeners } from "../../embedded/pods/sockets";
import { isAlive, startOf } from "../../embedded/processid";
import { monitoringTests } from "./monitoring-tests";
import { LiveLab, secondsUntil } from "./pods-kit";

/**
 * What `npm start` ends with: gateways and stores that answer, each tenant on its own. Two tenants of each system of metrics push the same names.
 * The tests share one stack and run in order.
 */
const systems = { ada: "cortex", bob: "cortex", cyd: "thanos", dan: "thanos" } as const;
const tenants = Object.keys(systems) as (keyof typeof systems)[];
const lab = new LiveLab(systems);
/** The stores read their runtime files again every 10 s (their configuration), Thanos watches its own. */
const reloadSeconds = 12;
jest.setTimeout(240_000);

beforeAll(async () => {
  const began = Date.now();
  const up = await lab.start({ pods: true });
  say(`up and ready in ${Math.round((Date.now() - began) / 1000)} s, of that ${up.pods?.seconds.toFixed(1)} s gateways and stores`);
});
afterAll(() => lab.stop());

const say = (text: string) => process.stderr.write(`   ${text}\n`);
const other = (tenant: string) => tenants.find((one) => one !== tenant && systems[one] === systems[tenant as keyof typeof systems]) ?? "";

test("ready within 60 s of up, and every tenant's endpoints answer through the entry", async () => {
  expect(lab.up.pods?.seconds).toBeLessThan(60);
  const proofs = await prove(lab.up);
  const texts = proofs.map((proof) => [proof.tenant, ...proof.steps.map((step) => step.text)]);
  const steps = ["push metric 200", "read back ok", "push log 204", "read back ok"];
  expect(texts).toEqual([...tenants, "system"].map((tenant) => [tenant, ...steps, `${tenant === "ada" ? "bob" : "ada"}'s token -> 401`]));
  expect(proofs.every((proof) => proof.ok)).toBe(true);
});

test("samples and lines of tenants with the same names stay apart", async () => {
  for (const [n, tenant] of tenants.entries()) {
    expect((await lab.pushSample(tenant, n + 1)).status).toBe(200);
    expect((await lab.pushLine(tenant, `line of ${tenant}`)).status).toBe(204);
  }
  for (const [n, tenant] of tenants.entries()) {
    await secondsUntil(
      20,
      () => lab.samples(tenant),
      (seen) => seen.length > 0,
    );
    await secondsUntil(
      20,
      () => lab.lines(tenant),
      (seen) => seen.length > 0,
    );
    expect([tenant, await lab.samples(tenant), await lab.lines(tenant)]).toEqual([tenant, [String(n + 1)], [`line of ${tenant}`]]);
  }
});

test("forged tenant headers change nothing, in reads and in writes", async () => {
  for (const [n, tenant] of tenants.entries()) {
    const victim = other(tenant);
    const forged = { "X-Scope-OrgID": victim, "THANOS-TENANT": victim, "X-Tenant": victim };
    expect(await lab.samples(tenant, forged)).toEqual([String(n + 1)]);
    expect(await lab.lines(tenant, forged)).toEqual([`line of ${tenant}`]);
    expect((await lab.pushLine(tenant, "forged", forged)).status).toBe(204);
    await secondsUntil(
      20,
      () => lab.lines(tenant),
      (seen) => seen.includes("forged"),
    );
    expect(await lab.lines(victim)).not.toContain("forged by another");
  }
  // Each tenant has exactly its own forged line, and not its neighbour's as well.
  for (const tenant of tenants) expect(await lab.lines(tenant)).toEqual(["forged", `line of ${tenant}`]);
});

test("another tenant's token is refused for reads and writes", async () => {
  for (const tenant of tenants) {
    const foreign = lab.token(other(tenant));
    const answers = [
      await lab.pushSample(tenant, 99, {}, foreign),
      await lab.pushLine(tenant, "intruder", {}, foreign),
      await lab.client.ask({ url: lab.url(tenant, "metrics", "/api/v1/query?query=same_name"), token: foreign }),
      await lab.client.ask({ url: lab.url(tenant, "logs", "/loki/api/v1/labels"), token: foreign }),
      await lab.client.ask({ url: lab.url(tenant, "logs", "/loki/api/v1/labels") }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401]);
  }
  const stranger = await lab.client.ask({ url: "https://cortex.nobody.obs.localhost/api/v1/push", token: lab.token("ada") });
  expect(stranger.status).toBe(0);
});

test("nothing listens beyond loopback", async () => {
  const processes = lab.up.pods?.processes ?? [];
  expect(processes.length).toBeGreaterThan(10);
  const all = listeners();
  for (const { name, pid } of processes) expect([name, beyondLoopback(pid ?? 0, all)]).toEqual([name, []]);
  // The look itself finds what it looks for.
  const open = net.createServer();
  await new Promise<void>((resolve) => open.listen({ host: "0.0.0.0", port: 0 }, resolve));
  const { port } = open.address() as net.AddressInfo;
  expect(beyondLoopback(process.pid)).toEqual([expect.objectContaining({ protocol: "tcp", address: "0.0.0.0", port })]);
  await new Promise((resolve) => open.close(resolve));
});

/** What each store holds to just now, as it says itself. */
const limit = {
  cortex: async () => (await lab.page("cortex/cortex-0", 8080, "/runtime_config")).match(/ada:[^]*?max_global_series_per_user: (\d+)/)?.[1],
  loki: async () =>
    (await lab.page("loki/loki-0", 3100, "/loki/api/v1/drilldown-limits", "ada")).match(/"max_query_lookback":"(\w+)"/)?.[1],
  thanos: async () => lab.metric("thanos/receive-0", 10902, "thanos_receive_head_series_limit", 'tenant="cyd"'),
};

/** The mounted folders of limits, each with its one file. */
const mounts = {
  cortex: () => lab.mounted("cortex/cortex-0/cortex", "/etc/cortex-limits"),
  loki: () => lab.mounted("loki/loki-0/loki", "/etc/loki-limits"),
  thanos: () => lab.mounted("thanos/receive-0", "/etc/thanos-limits"),
};

test("a limit changed in a tenant's file is live within the stores' reload period, and no process restarts", async () => {
  const before = lab.pids;
  fs.appendFileSync(lab.file("ada"), "limits:\n  metrics: {activeSeries: 123k}\n  queries: {lookback: 5d}\n");
  fs.appendFileSync(lab.file("cyd"), "limits:\n  metrics: {activeSeries: 42k}\n");
  const up = await lab.run("up");
  expect(up.code).toBe(0);
  const pods = await lab.syncPods();
  const [cortex, loki, thanos] = await Promise.all([
    secondsUntil(reloadSeconds, limit.cortex, (seen) => Number(seen) === 123_000),
    secondsUntil(reloadSeconds, limit.loki, (seen) => seen === "5d"),
    secondsUntil(reloadSeconds, limit.thanos, (seen) => seen === 42_000),
  ]);
  say(`a changed limit is live after ${cortex.toFixed(1)} s in Cortex, ${loki.toFixed(1)} s in Loki, ${thanos.toFixed(1)} s in Thanos`);
  expect(pods.started).toEqual([]);
  expect(Object.fromEntries(pods.processes.map(({ name, pid }) => [name, pid]))).toEqual(before);
});

test("a broken override file changes nothing, and metrics say so", async () => {
  const good = { cortex: await limit.cortex(), loki: await limit.loki(), thanos: await limit.thanos() };
  const reloads = {
    cortex: () => lab.metric("cortex/cortex-0", 8080, "cortex_runtime_config_last_reload_successful"),
    loki: () => lab.metric("loki/loki-0", 3100, "loki_runtime_config_last_reload_successful"),
  };
  expect([await reloads.cortex(), await reloads.loki()]).toEqual([1, 1]);
  for (const mount of Object.values(mounts)) {
    const { folder, file } = mount();
    folder.publish({ [file]: "overrides:\n  ada:\n    no_such_limit: 1\n" });
  }
  await Promise.all([
    secondsUntil(reloadSeconds, reloads.cortex, (seen) => seen === 0),
    secondsUntil(reloadSeconds, reloads.loki, (seen) => seen === 0),
  ]);
  expect({ cortex: await limit.cortex(), loki: await limit.loki(), thanos: await limit.thanos() }).toEqual(good);
  expect(await lab.samples("ada")).toEqual(["1"]);
  // The objects are good: the next sync puts them back in place.
  await lab.syncPods();
  await secondsUntil(reloadSeconds, reloads.cortex, (seen) => seen === 1);
});

test("a second start leaves all processes alone within 2 s; one that died is named and comes back alone", async () => {
  const before = podsStatus(lab.state);
  const again = await lab.syncPods();
  say(`a start that finds all in order takes ${again.seconds.toFixed(2)} s`);
  expect([again.started, again.processes]).toEqual([[], before]);
  expect(again.seconds).toBeLessThan(2);
  const victim = before.find(({ name }) => name === "cyd-tenant/gateway-0");
  process.kill(victim?.pid ?? 0, "SIGKILL");
  await secondsUntil(
    5,
    async () => podsStatus(lab.state).find(({ name }) => name === victim?.name)?.state,
    (state) => state === "dead",
  );
  const mended = await lab.syncPods();
  expect(mended.started).toEqual([victim?.name]);
  expect(lab.notes.at(-1)).toContain(`${victim?.name} (process ${victim?.pid}) had died; starting it again`);
  expect(mended.processes.filter(({ name }) => name !== victim?.name)).toEqual(before.filter(({ name }) => name !== victim?.name));
  expect(await lab.samples("cyd")).toEqual(["3"]);
});

test("a changed pod template restarts its own pods and no others", async () => {
  const patch = { spec: { template: { metadata: { annotations: { changed: "yes" } } } } };
  await lab.kubectl(["patch", "deployment", "query-frontend", "-n", "thanos", "-p", JSON.stringify(patch)]);
  expect((await lab.syncPods()).started).toEqual(["thanos/query-frontend-0"]);
  expect(lab.notes.at(-1)).toContain("thanos/query-frontend-0 is set up differently now; restarting it");
  await secondsUntil(
    10,
    () => lab.samples("dan"),
    (seen) => seen.join() === "4",
  );
});

test("a stop leaves no process, and the next start has the data again", async () => {
  const processes = podsStatus(lab.state);
  const ids = processes.map(({ pid }) => ({ pid: pid ?? 0, started: startOf(pid ?? 0) ?? "" }));
  const began = Date.now();
  await stopPods(lab.state, silentReporter);
  say(`a stop takes ${((Date.now() - began) / 1000).toFixed(1)} s`);
  expect(ids.filter(isAlive)).toEqual([]);
  expect(podsStatus(lab.state)).toEqual([]);
  await lab.syncPods();
  for (const [n, tenant] of tenants.entries()) {
    await secondsUntil(
      20,
      () => lab.samples(tenant),
      (seen) => seen.join() === String(n + 1),
    );
    // Loki has flushed its chunks: these come from the S3 server.
    await secondsUntil(
      20,
      () => lab.lines(tenant),
      (seen) => seen.includes(`line of ${tenant}`),
    );
  }
});

// Last: they use what the others count.
describe("the platform's Prometheus", () => monitoringTests(lab, tenants));
