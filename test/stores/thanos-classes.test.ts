import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Fields } from "../../embedded/providers/protocol/values";
import { EngineLab, type Run } from "../engine/engine-kit";
import { within } from "../engine/envoy";

/**
 * Two compactors that see the same block corrupt it: after a change of classes, no compactor starts while one of before still runs. Shown with the real
 * engine, API server and controllers, and with pods that take their time to end.
 */
const root = path.join(__dirname, "../..");
const head = `
    require(${JSON.stringify(path.join(root, "hook.js"))});
    const { compactors } = require(${JSON.stringify(path.join(root, "components/observability/thanos/compactors.ts"))});
    const { retentionClasses } = require(${JSON.stringify(path.join(root, "model/retention.ts"))});
    const room = new k8s.core.v1.Namespace("thanos", { metadata: { name: "thanos" } }, on());
    const opts = on({ dependsOn: [
      new k8s.core.v1.ServiceAccount("thanos", { metadata: { namespace: "thanos", name: "thanos" } }, on({ dependsOn: [room] })),
      new k8s.scheduling.v1.PriorityClass("shared", { metadata: { name: "tenantstack-shared" }, value: 1000 }, on()),
    ] });
    const system = { name: "thanos", namespace: "thanos", storage: { kind: "s3", insecure: false, endpoint: "s3.example.com" }, storageEnv: [], opts };
    const size = { volume: "1Gi", resources: { requests: { cpu: "1m", memory: "1Mi" }, limits: { cpu: "1", memory: "1Gi" } } };
    const days = (all) => Object.entries(all).map(([storageId, n]) => ({ storageId, metrics: "thanos", state: "active", retention: { metrics: n * 86400, logs: 1 } }));
    const declare = (all) => compactors(system, retentionClasses(days(all), []), size);`;

let lab: EngineLab;
beforeAll(async () => {
  lab = await EngineLab.start(head);
}, 300_000);
afterAll(async () => lab.stop(), 120_000);

const program = (days: Record<string, number>) => `declare(${JSON.stringify(days)});`;
/** Names of what changed, which an object and its selector have in common. */
const changed = ({ steps }: Run) =>
  Object.keys(steps)
    .map((name) => name.replace("thanos/", ""))
    .sort();

interface Meta {
  readonly uid: string;
  readonly deletionTimestamp?: string;
}
/** uid of each StatefulSet's or pod's object, with a minus when it is on its way out. */
async function objects(path: string): Promise<Record<string, string>> {
  const { items } = await lab.cluster.ask("GET", path);
  return Object.fromEntries(
    (items as unknown as { metadata: Meta & { name: string } }[]).map(({ metadata: m }) => [
      m.name,
      `${m.deletionTimestamp === undefined ? "" : "-"}${m.uid}`,
    ]),
  );
}
const sets = () => objects("/apis/apps/v1/namespaces/thanos/statefulsets");
const pods = () => objects("/api/v1/namespaces/thanos/pods");
const pod = (name: string) => `/api/v1/namespaces/thanos/pods/${name}-0`;
/** From here on the pod does not end before `release`, as one that is in the middle of its work. */
const hold = (name: string): Promise<Fields> => lab.cluster.ask("PATCH", pod(name), { metadata: { finalizers: ["example.com/busy"] } });
const release = (name: string): Promise<Fields> => lab.cluster.ask("PATCH", pod(name), { metadata: { finalizers: null } });

test("compactors whose tenants change all end before one of them starts, and the others go on", async () => {
  const first = await lab.run("up", program({ a: 30, b: 30, c: 180, d: 730, e: 395 }));
  expect([first.code, first.text]).toEqual([0, expect.any(String)]);
  const before = await sets();
  expect(Object.keys(before).sort()).toEqual(["compactor-180d", "compactor-30d", "compactor-730d", "compactor-default"]);
  expect((await lab.run("up")).steps).toEqual({});
  const podsBefore = await pods();

  await Promise.all(["compactor-30d", "compactor-180d"].map(hold));
  lab.write(program({ a: 180, b: 30, c: 180, d: 730, e: 395 }));
  const preview = await lab.engine("preview", "--stack", "dev", "--diff");
  expect([preview.code, preview.stdout]).toEqual([0, expect.stringMatching(/4 to replace/)]);
  const up = lab.run("up");
  const leaving = (name: string, now: Record<string, string>, then: Record<string, string>) => now[name] === `-${then[name]}`;
  await within(60_000, "both pods to be told to end", async () => {
    const now = await pods();
    return ["compactor-30d-0", "compactor-180d-0"].every((name) => leaving(name, now, podsBefore));
  });
  for (const released of ["compactor-30d", "compactor-180d"]) {
    for (const end = Date.now() + 3_000; Date.now() < end; await sleep(200)) {
      const now = await sets();
      // What was released first is gone, and does not come back while the other is busy.
      for (const name of ["compactor-30d", "compactor-180d"]) expect([undefined, `-${before[name]}`]).toContain(now[name]);
      expect(leaving(released, now, before)).toBe(true);
      for (const name of ["compactor-730d", "compactor-default"]) expect(now[name]).toBe(before[name]);
    }
    await release(released);
  }
  const done = await up;
  expect([done.code, done.text]).toEqual([0, expect.any(String)]);
  expect(changed(done)).toEqual(["compactor-180d", "compactor-30d"]);
  const after = await sets();
  expect(after).toMatchObject({ "compactor-730d": before["compactor-730d"], "compactor-default": before["compactor-default"] });
  for (const name of ["compactor-30d", "compactor-180d"]) expect(after[name]).not.toBe(before[name]);
}, 300_000);

test("a class that goes ends before the one that takes its tenants starts", async () => {
  const before = await sets();
  await hold("compactor-30d");
  const up = lab.run("up", program({ a: 180, b: 180, c: 180, d: 730, e: 395 }));
  let ended: Run | undefined;
  void up.then((run) => (ended = run));
  // Of several that go the engine may end others first, and each takes its time.
  await within(110_000, "the pod to be told to end", async () => {
    if (ended !== undefined) throw new Error(`the update ended before: ${ended.code} ${ended.text}`);
    return (await pods())["compactor-30d-0"]?.startsWith("-") === true;
  });
  for (const end = Date.now() + 5_000; Date.now() < end; await sleep(200)) {
    const now = await sets();
    expect(now["compactor-30d"]).toBe(`-${before["compactor-30d"]}`);
    for (const name of Object.keys(now)) expect([before[name], `-${before[name]}`]).toContain(now[name]);
  }
  await release("compactor-30d");
  const done = await up;
  expect([done.code, done.text]).toEqual([0, expect.any(String)]);
  const after = await sets();
  expect(Object.keys(after).sort()).toEqual(["compactor-180d", "compactor-730d", "compactor-default"]);
  for (const [name, uid] of Object.entries(after)) expect(uid).not.toBe(before[name]);
}, 300_000);

test("a new tenant of the default retention touches nothing, one of another its own class and the default", async () => {
  expect((await lab.run("up", program({ a: 180, b: 180, c: 180, d: 730, e: 395, f: 395 }))).steps).toEqual({});
  const done = await lab.run("up", program({ a: 180, b: 180, c: 180, d: 730, e: 395, g: 730 }));
  expect(changed(done)).toEqual(["compactor-730d", "compactor-default"]);
}, 300_000);
