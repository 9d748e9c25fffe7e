import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { endProcess, launch } from "../../embedded/supervise/process";
import { Records } from "../../embedded/supervise/records";
import { Supervisor } from "../../embedded/supervise/supervisor";
import type { Reporter } from "../../embedded/console";
import { silentReporter } from "../../embedded/console";
import { removeIfDead, withLock } from "../../embedded/lock";
import { isAlive, self, startOf } from "../../embedded/processid";

let dir: string;
let lock: string;
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "tenantstack-process-"));
  lock = path.join(dir, "lock");
});
afterEach(() => fs.rmSync(dir, { recursive: true, force: true }));

function command(script: string): Parameters<typeof launch>[0] {
  return { program: process.execPath, args: ["-e", script], cwd: dir, log: path.join(dir, "log") };
}

async function logHas(text: string): Promise<void> {
  for (let n = 0; n < 100; n += 1) {
    if (fs.existsSync(path.join(dir, "log")) && fs.readFileSync(path.join(dir, "log"), "utf8").includes(text)) return;
    await sleep(50);
  }
  throw new Error(`the log has no ${text}`);
}

describe("a supervisor", () => {
  const supervise = async (script: string, again: boolean): Promise<string[]> => {
    const said: string[] = [];
    const records = new Records(path.join(dir, "processes.json"));
    const report: Reporter = { ...silentReporter, note: (text) => void said.push(text) };
    const supervisor = new Supervisor({
      records,
      report,
      signal: undefined,
      step: { text: "Parts", expectSeconds: 1 },
      remedy: "Mend it.",
      again,
    });
    const up = path.join(dir, "up");
    const spec = {
      ...command(script),
      name: "part",
      fingerprint: "f",
      patience: 20,
      grace: 1,
      healthy: () => Promise.resolve(fs.existsSync(up)),
    };
    try {
      await supervisor.ensure(spec);
      await supervisor.ready(spec);
    } finally {
      const record = records.all()["part"];
      if (record !== undefined) await endProcess(record, 1_000);
    }
    return said;
  };
  const secondTime = `const fs = require("fs"); if (fs.existsSync("once")) { fs.writeFileSync("up", ""); setInterval(() => {}, 1000); } else { fs.writeFileSync("once", ""); console.log("a fault"); }`;

  test("starts what ends while it starts once more where it is told to, and says so", async () => {
    expect(await supervise(secondTime, true)).toEqual([
      expect.stringMatching(/^part \(process \d+\) ended while it started; starting it once more\. .*log\.1$/),
    ]);
    expect(fs.readFileSync(path.join(dir, "log.1"), "utf8")).toBe("a fault\n");
  });

  test("gives up what ends twice, and otherwise what ends once, with its last words", async () => {
    await expect(supervise(`console.log("a fault")`, true)).rejects.toThrow(/part ended[^]*a fault\nMend it\./);
    await expect(supervise(secondTime, false)).rejects.toThrow(/part ended[^]*a fault/);
  });
});

describe("processes", () => {
  test("one that was launched is alive, has nothing of our environment, and ends when asked", async () => {
    process.env["TENANTSTACK_TEST_SECRET"] = "secret";
    const id = await launch(command('console.log(JSON.stringify(process.env), "up"); setInterval(() => {}, 1000)'));
    delete process.env["TENANTSTACK_TEST_SECRET"];
    await logHas("up");
    expect(isAlive(id)).toBe(true);
    expect(fs.readFileSync(path.join(dir, "log"), "utf8")).not.toContain("secret");
    expect(fs.statSync(path.join(dir, "log")).mode & 0o777).toBe(0o600);
    expect(await endProcess(id, 5_000)).toBe("ended");
    expect(isAlive(id)).toBe(false);
    expect(await endProcess(id, 5_000)).toBe("absent");
  });

  test("one that ignores the request is killed after its grace; the log of the start before is kept", async () => {
    fs.writeFileSync(path.join(dir, "log"), "before");
    const id = await launch(command('process.on("SIGTERM", () => {}); console.log("up"); setInterval(() => {}, 1000)'));
    await logHas("up");
    expect(await endProcess(id, 200)).toBe("killed");
    expect(fs.readFileSync(path.join(dir, "log.1"), "utf8")).toBe("before");
  });

  test("a number that was used again is not touched", async () => {
    expect(startOf(process.pid)).toBeDefined();
    expect(await endProcess({ pid: process.pid, started: "earlier" }, 100)).toBe("absent");
  });

  test("a program that is not there is an error", async () => {
    await expect(launch({ ...command(""), program: path.join(dir, "none") })).rejects.toThrow("ENOENT");
  });
});

describe("lock", () => {
  test("one at a time, all get their turn, the waiting is said, the lock goes", async () => {
    const notes: string[] = [];
    const report: Reporter = { ...silentReporter, step: (text) => (notes.push(text), silentReporter.step(text)) };
    let inside = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      inside += 1;
      most = Math.max(most, inside);
      await sleep(30);
      inside -= 1;
    };
    await Promise.all(Array.from({ length: 4 }, async () => withLock(lock, { holder: "tests", report }, work)));
    expect(most).toBe(1);
    expect(notes).toHaveLength(3);
    expect(notes[0]).toContain(`Waiting for process ${process.pid}, which tests`);
    expect(fs.readdirSync(dir)).toEqual([]);
  });

  test("work that fails frees it", async () => {
    await expect(withLock(lock, { holder: "tests", report: silentReporter }, async () => Promise.reject(new Error("no")))).rejects.toThrow(
      "no",
    );
    expect(await withLock(lock, { holder: "tests", report: silentReporter }, async () => Promise.resolve(1))).toBe(1);
  });

  test("that of a dead process, or a damaged one, is taken over by exactly one of many", async () => {
    for (const content of [JSON.stringify({ pid: process.pid, started: "earlier" }), "{"]) {
      fs.writeFileSync(lock, content);
      let inside = 0;
      let most = 0;
      const work = async (): Promise<void> => {
        inside += 1;
        most = Math.max(most, inside);
        await sleep(10);
        inside -= 1;
      };
      await Promise.all(Array.from({ length: 5 }, async () => withLock(lock, { holder: "tests", report: silentReporter }, work)));
      expect(most).toBe(1);
    }
  });

  test("the lock of one who came first is not taken away", () => {
    fs.writeFileSync(lock, JSON.stringify(self()));
    removeIfDead(lock);
    expect(fs.existsSync(lock)).toBe(true);
    fs.writeFileSync(lock, JSON.stringify({ ...self(), started: "earlier" }));
    removeIfDead(lock);
    expect(fs.readdirSync(dir)).toEqual([]);
  });

  test("waiting for a living process ends when it is interrupted", async () => {
    const other = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    try {
      fs.writeFileSync(lock, JSON.stringify({ pid: other.pid, started: startOf(other.pid ?? 0) }));
      const abort = new AbortController();
      setTimeout(() => abort.abort(new Error("interrupted")), 100);
      await expect(
        withLock(lock, { holder: "tests", report: silentReporter, signal: abort.signal }, async () => Promise.resolve()),
      ).rejects.toThrow("interrupted");
      expect(JSON.parse(fs.readFileSync(lock, "utf8"))).toMatchObject({ pid: other.pid });
    } finally {
      other.kill("SIGKILL");
    }
  });

  test("the holder is told apart by number and start", () => {
    expect(self()).toEqual({ pid: process.pid, started: startOf(process.pid) });
  });
});
