import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { silentReporter } from "../../embedded/console";
import { ensureTools } from "../../embedded/toolchain";
import { Checkout, succeeds, type Ended, type Running } from "./checkout";
import { begun } from "./crash";
import { declaredObjects } from "./declared";
import { Disk, mayMount } from "./disk";
import { faults } from "./inspect";
import { scenes } from "./scene";

/** What machines do to `npm start`: full and read-only disks, taken ports, wrong clocks, impatient people. In order, on one state folder. */
const checkout = new Checkout();
const isRoot = mayMount();
/** With the right to mount, the state folder is a disk of its own. Without it the tests of disks cannot be done here. */
const onDisk = isRoot ? test : test.skip;
if (!isRoot) process.stderr.write("   full and read-only disks are not tested: this process may not mount one (root may)\n");
let disk: Disk | undefined;
let kubectl: string;
jest.setTimeout(300_000);

beforeAll(async () => {
  kubectl = (await ensureTools(["kubectl"], { report: silentReporter })).get("kubectl")?.path ?? "kubectl";
  checkout.tenants(scenes.alone);
});
afterAll(async () => {
  if (disk) await checkout.npm("stop").done;
  disk?.remove();
  await checkout.remove();
});

const left = async () => faults(kubectl, checkout.state, await declaredObjects(checkout.dir, checkout.state));
/** Our own processes think that it is that many seconds later. */
const clock = (seconds: number) => ({
  env: { NODE_OPTIONS: `--require ${path.join(__dirname, "clock.js")}`, CLOCK_OFFSET_SECONDS: String(seconds) },
});

/** Waits until a run has come so far; fails where it ends before. */
async function until(running: Running, reached: (text: string) => boolean): Promise<void> {
  let ended = false;
  void running.done.then(() => (ended = true));
  while (!reached(running.text())) {
    if (ended) throw new Error(`it ended before:\n${running.text().slice(-3000)}`);
    await sleep(20);
  }
}

function refused(ended: Ended, said: RegExp): void {
  expect(ended.text).toMatch(said);
  expect(ended.text).not.toMatch(/\n\s+at .*:\d+:\d+/);
  expect(ended.code).not.toBe(0);
}

onDisk("a state folder that cannot be written: said, with the remedy", async () => {
  const locked = new Disk(path.join(checkout.dir, "locked"), "size=1m,ro");
  try {
    const env = { TENANTSTACK_STATE: path.join(locked.dir, "state") };
    refused(await checkout.npm("start", { env }).done, /read-only file system[^]*cannot be written[^]*TENANTSTACK_STATE/);
  } finally {
    locked.remove();
  }
});

onDisk("a disk that is full when the cluster starts: said, and with space the next start works", async () => {
  // Certificates fit, etcd's log of 64 MB does not.
  disk = new Disk(checkout.state, "size=8m,mode=0700");
  const ended = await checkout.npm("start").done;
  disk.change("size=1g");
  refused(ended, /no space left on device|The disk is full/);
});

test("Ctrl-C while the cluster starts, while the engine loads and in the middle of an update: each time the next start goes on", async () => {
  for (const reached of [/Starting the Kubernetes control plane/, /Updating \(dev\)/]) {
    const running = checkout.npm("start");
    await until(running, (text) => reached.test(text));
    running.interrupt();
    refused(await running.done, /Interrupted/);
  }
  const running = checkout.npm("start", clock(3600));
  await until(running, (text) => begun(text) >= 40);
  running.interrupt();
  const ended = await running.done;
  refused(ended, /Interrupted/);
  // In order: what had begun is finished and recorded.
  const next = await succeeds(checkout.npm("start", clock(3600)));
  expect(next.text).not.toMatch(/was killed|cut off/);
  expect(await left()).toEqual([]);
});

test("a clock that was an hour ahead, and one that is an hour behind: nothing is made anew", async () => {
  for (const behind of [0, -3600]) {
    const { text } = await succeeds(checkout.npm("start", clock(behind)));
    expect([begun(text), text]).toEqual([0, text]);
    expect(text).not.toMatch(/not valid today|restarting/);
  }
});

onDisk("a disk that fills in the middle of an update: said, and with space the next start converges", async () => {
  checkout.tenants(scenes.joined);
  const running = checkout.npm("start");
  await until(running, (text) => begun(text) >= 10);
  disk?.fill();
  const ended = await running.done;
  disk?.free();
  refused(ended, /no space left on device|The disk is full/);
  await succeeds(checkout.npm("start"));
  expect(await left()).toEqual([]);
});

test("two starts at once: the second waits, says for whom, and finds nothing to do", async () => {
  checkout.tenants(scenes.retired);
  const both = await Promise.all([checkout.npm("start"), checkout.npm("start")].map(succeeds));
  expect(both.filter(({ text }) => /Waiting for process \d+, which starts, stops or resets/.test(text))).toHaveLength(1);
  expect(both.filter(({ text }) => begun(text) === 0)).toHaveLength(both.some(({ text }) => begun(text) > 0) ? 1 : 2);
  expect(await left()).toEqual([]);
});

test("a port that somebody took while the cluster was stopped: another one is used, and that is said", async () => {
  await succeeds(checkout.npm("stop"));
  const { ports } = JSON.parse(fs.readFileSync(path.join(checkout.state, "cluster.json"), "utf8")) as { ports: Record<string, number> };
  const port = ports["kube-apiserver"] ?? 0;
  const stranger = net.createServer().listen(port, "127.0.0.1");
  try {
    const { text } = await succeeds(checkout.npm("start"));
    expect(text).toMatch(new RegExp(`Port ${port} of kube-apiserver is taken by another program; using \\d+ from now on`));
    expect(await left()).toEqual([]);
  } finally {
    stranger.close();
  }
});
