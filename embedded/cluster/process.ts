import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** A process that cannot be mistaken for another one: numbers of processes are used again, number and start time together are not. */
export interface ProcessId {
  readonly pid: number;
  /** Opaque: when the kernel started it, as the system tells it. */
  readonly started: string;
}

function linuxStart(pid: number): string | undefined {
  let stat: string;
  try {
    stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  // The second field is the program's name and may hold spaces and brackets, so fields are counted from the last bracket on.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  // A zombie is dead; only its parent has not asked yet.
  if (fields[0] === "Z" || fields[0] === "X") return undefined;
  // proc(5): field 22, ticks since boot; the boot's id tells a restart of the machine.
  return `${bootId()}/${fields[19] ?? ""}`;
}

let boot: string | undefined;
function bootId(): string {
  boot ??= fs.readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  return boot;
}

function posixStart(pid: number): string | undefined {
  const out = spawnSync("ps", ["-o", "stat=,lstart=", "-p", String(pid)], { encoding: "utf8", timeout: 5_000 });
  const line = (out.stdout ?? "").trim();
  if (line === "" || line.startsWith("Z")) return undefined;
  return line.replace(/^\S+\s+/, "");
}

/** When the process `pid` was started, as an opaque text; undefined where no such process lives. */
export function startOf(pid: number): string | undefined {
  return process.platform === "linux" ? linuxStart(pid) : posixStart(pid);
}

/** Whether exactly this process still lives. */
export function isAlive(id: ProcessId): boolean {
  return startOf(id.pid) === id.started;
}

/** The running process itself. */
export function self(): ProcessId {
  return { pid: process.pid, started: startOf(process.pid) ?? "" };
}

/** What to run, and where its output goes. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** Working folder and HOME of the process, so that no configuration of the user's leaks in. */
  readonly cwd: string;
  /** Both streams go there. */
  readonly log: string;
}

/**
 * Starts a process that outlives this one: a session of its own (Ctrl-C does not reach it), nothing inherited but PATH and HOME, so no proxy
 * settings, no KUBECONFIG and no secrets of the caller. Throws where the program cannot be run.
 */
export async function launch(command: Command): Promise<ProcessId> {
  if (fs.existsSync(command.log)) fs.renameSync(command.log, `${command.log}.1`);
  const log = fs.openSync(command.log, "a", 0o600);
  try {
    const child = spawn(command.program, [...command.args], {
      cwd: command.cwd,
      detached: true,
      stdio: ["ignore", log, log],
      env: { PATH: process.env["PATH"] ?? "/usr/bin:/bin", HOME: command.cwd },
    });
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", reject);
    });
    child.unref();
    const pid = child.pid ?? 0;
    // A program that ends at once has no start time any more; the empty one never matches, so it counts as dead.
    return { pid, started: startOf(pid) ?? "" };
  } finally {
    fs.closeSync(log);
  }
}

function signal(id: ProcessId, name: NodeJS.Signals): void {
  if (!isAlive(id)) return;
  try {
    process.kill(id.pid, name);
  } catch (error) {
    // It may have ended between the look and the signal.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

async function ended(id: ProcessId, milliseconds: number): Promise<boolean> {
  const until = Date.now() + milliseconds;
  while (isAlive(id)) {
    if (Date.now() >= until) return false;
    await sleep(50);
  }
  return true;
}

/** Asks a process to end, and after `grace` milliseconds makes it. Says which of the two it took; "absent" where it lived no more. */
export async function endProcess(id: ProcessId, grace: number): Promise<"absent" | "ended" | "killed"> {
  if (!isAlive(id)) return "absent";
  signal(id, "SIGTERM");
  if (await ended(id, grace)) return "ended";
  signal(id, "SIGKILL");
  if (await ended(id, 10_000)) return "killed";
  throw new Error(`process ${id.pid} does not end, not even when killed; it may hang in the kernel: look at it with ps, then try again`);
}
