import { spawn } from "node:child_process";
import fs from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { isAlive, startOf, type ProcessId } from "../processid";

/** What to run, and where its output goes. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** Working folder and HOME of the process, so that no configuration of the user's leaks in. */
  readonly cwd: string;
  /** Both streams go there. */
  readonly log: string;
  /** Environment besides PATH and HOME. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Starts a process that outlives this one: a session of its own (Ctrl-C does not reach it), nothing inherited but PATH, so no proxy
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
      env: { PATH: process.env["PATH"] ?? "/usr/bin:/bin", HOME: command.cwd, ...command.env },
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
