import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { cacheFolder } from "../../embedded/toolchain/cache";
import type { ToolName } from "../../embedded/toolchain/types";
import { tools } from "../../model/versions";
import { eventually, isAlive, Machine } from "./toolchain-machine";

let machine: Machine;
beforeEach(() => (machine = new Machine()));
afterEach(() => machine.close());

describe("the cache", () => {
  test("a second run takes under a second and runs nothing", async () => {
    const names: ToolName[] = ["kube-scheduler", "kwok", "etcd", "kubectl", "plugin-tls"];
    machine.script("kubectl", `echo "Client Version: v1.34.1"`);
    machine.go();
    const first = await machine.ensure(names);
    const calls = machine.calls("go").length;
    machine.said.length = 0;
    const began = Date.now();
    expect(await machine.ensure(names)).toEqual(first);
    expect(Date.now() - began).toBeLessThan(1000);
    expect(machine.calls("go")).toHaveLength(calls);
    expect(machine.calls("kubectl")).toHaveLength(1);
    expect(machine.said).toEqual([]);
  });

  test("is where the environment says", () => {
    const before = { ...process.env };
    try {
      process.env["TENANTSTACK_CACHE"] = "/a/b";
      process.env["XDG_CACHE_HOME"] = "/x";
      expect(cacheFolder()).toBe("/a/b");
      delete process.env["TENANTSTACK_CACHE"];
      expect(cacheFolder()).toBe("/x/tenantstack");
      delete process.env["XDG_CACHE_HOME"];
      expect(cacheFolder()).toBe(path.join(os.homedir(), process.platform === "darwin" ? "Library/Caches" : ".cache", "tenantstack"));
    } finally {
      process.env = before;
    }
  });

  test("a folder that cannot be used is named with a remedy", async () => {
    fs.writeFileSync(machine.cache, "a file");
    const message = await machine.failure(["kwok"]);
    expect(message).toContain(`cache folder ${machine.cache} cannot be used`);
    expect(message).toContain("set TENANTSTACK_CACHE");
  });

  test("a changed program on PATH is asked for its version again", async () => {
    machine.script("kubectl", `echo "Client Version: v1.34.1"`);
    await machine.ensure(["kubectl"]);
    machine.script("kubectl", `echo "Client Version: v1.33.12"`);
    expect((await machine.ensure(["kubectl"])).get("kubectl")?.version).toBe("v1.33.12");
  });

  test("a damaged entry is made again", async () => {
    machine.go();
    const file = (await machine.ensure(["kwok"])).get("kwok")?.path ?? "";
    fs.truncateSync(file, 2);
    await machine.ensure(["kwok"]);
    expect(fs.readFileSync(file, "utf8")).toBe("built");
  });

  test("an interrupted build is killed and leaves nothing", async () => {
    const pidFile = path.join(machine.root, "pid");
    machine.go({ build: `sleep 60 & echo $! > "${pidFile}"; wait` });
    const stop = new AbortController();
    const failure = machine.failure(["kwok"], stop.signal);
    await eventually(() => fs.existsSync(pidFile) && fs.readFileSync(pidFile, "utf8").endsWith("\n"));
    const pid = Number(fs.readFileSync(pidFile, "utf8"));
    expect(isAlive(pid)).toBe(true);
    const stopped = Date.now();
    stop.abort();
    expect(await failure).toMatch(/interrupted.*run the same command again/);
    await eventually(() => !isAlive(pid));
    // Asked to end, not killed after the three seconds of grace.
    expect(Date.now() - stopped).toBeLessThan(2500);
    expect(machine.entries()).toEqual([]);
  });

  test("SIGINT to the process does the same", async () => {
    const pidFile = path.join(machine.root, "pid");
    machine.go({ build: `sleep 60 & echo $! > "${pidFile}"; wait` });
    const unreachable = Object.fromEntries(["https://github.com"].map((site) => [site, { reachable: false, when: new Date() }]));
    fs.mkdirSync(machine.cache);
    fs.writeFileSync(path.join(machine.cache, "way.json"), JSON.stringify(unreachable));
    const program = `process.argv.splice(1, 0, "main"); require("./hook.js"); require("./embedded/toolchain/main.ts")`;
    const child = spawn(process.execPath, ["-e", program, "kwok"], {
      env: { PATH: machine.bin, TENANTSTACK_CACHE: machine.cache },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let text = "";
    child.stderr.on("data", (piece: Buffer) => (text += piece.toString()));
    const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
    await eventually(() => fs.existsSync(pidFile) && fs.readFileSync(pidFile, "utf8").endsWith("\n"));
    const pid = Number(fs.readFileSync(pidFile, "utf8"));
    child.kill("SIGINT");
    expect(await ended).toBe(1);
    expect(text).toMatch(/Preparing the tool chain was interrupted/);
    await eventually(() => !isAlive(pid));
    expect(machine.entries()).toEqual([]);
  });

  test("two at once: one makes it, the other waits and says so", async () => {
    machine.go({ build: "sleep 0.4" });
    const both = await Promise.all([machine.ensure(["kwok"]), machine.ensure(["kwok"])]);
    expect(both[0]).toEqual(both[1]);
    expect(machine.calls("go").filter((call) => call.startsWith("build"))).toHaveLength(1);
    expect(machine.said.join("\n")).toMatch(new RegExp(`Waiting for process ${process.pid}, which prepares kwok`));
  });

  test("the lock and the leftovers of a dead process do not matter, those of a living one do", async () => {
    const dead = spawnSync(process.execPath, ["-e", ""], { timeout: 5000 }).pid;
    for (const pid of [dead, process.ppid]) fs.mkdirSync(path.join(machine.cache, `.tmp-${pid}-00000000`), { recursive: true });
    const lock = path.join(machine.cache, `kwok-${tools.kwok}-linux-amd64.lock`);
    fs.writeFileSync(lock, JSON.stringify({ pid: dead, started: "1" }));
    machine.go();
    await machine.ensure(["kwok"]);
    expect(machine.entries().sort()).toEqual([`.tmp-${process.ppid}-00000000`, `kwok-${tools.kwok}-linux-amd64`]);
  });

  test("a reused process id does not hold a lock", async () => {
    fs.mkdirSync(machine.cache);
    fs.writeFileSync(
      path.join(machine.cache, `kwok-${tools.kwok}-linux-amd64.lock`),
      JSON.stringify({ pid: process.pid, started: "another start" }),
    );
    machine.go();
    expect((await machine.ensure(["kwok"])).get("kwok")?.way).toBe("built");
  });
});
