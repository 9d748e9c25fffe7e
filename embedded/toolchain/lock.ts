import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { readJson } from "./files";
import type { Reporter, Step } from "../console";
import { ToolchainError } from "./types";

interface Holder {
  readonly pid: number;
  /** When that process began, so that a reused process id is not taken for the holder. */
  readonly began: string;
}

const pollMilliseconds = 250;
const limitMilliseconds = 60 * 60_000;

/** When a process began, in words that only need comparing; undefined when it is not running. */
export function processBegan(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return undefined;
  }
  try {
    // Field 22 of /proc/<pid>/stat; the command name before it may hold spaces, so count from its closing parenthesis.
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    try {
      return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8", timeout: 5000 }).trim() || undefined;
    } catch {
      return undefined;
    }
  }
}

function holderOf(file: string): Holder | undefined {
  const found = readJson(file) as Partial<Holder> | undefined;
  return typeof found?.pid === "number" && typeof found.began === "string" ? (found as Holder) : undefined;
}

function isHeld(file: string): Holder | undefined {
  const holder = holderOf(file);
  return holder && processBegan(holder.pid) === holder.began ? holder : undefined;
}

/** Written aside and linked: the lock appears with its content, so nobody takes a lock being written for an abandoned one. */
function tryTake(file: string): boolean {
  const aside = `${file}.${process.pid}-${randomBytes(4).toString("hex")}`;
  fs.writeFileSync(aside, JSON.stringify({ pid: process.pid, began: processBegan(process.pid) ?? "" } satisfies Holder));
  try {
    fs.linkSync(aside, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    fs.rmSync(aside, { force: true });
  }
}

/** Only one of several processes succeeds in renaming a dead lock; one that moved a live lock by mistake puts it back. */
function removeAbandoned(file: string): void {
  const aside = `${file}.${process.pid}-${randomBytes(4).toString("hex")}`;
  try {
    fs.renameSync(file, aside);
  } catch {
    return;
  }
  try {
    if (isHeld(aside)) fs.linkSync(aside, file);
  } catch {
    // Somebody else holds it by now; entries are renamed into place, so the worst is that a thing is made twice.
  } finally {
    fs.rmSync(aside, { force: true });
  }
}

/** What a lock is for, and who hears of waiting. */
export interface LockOptions {
  readonly what: string;
  readonly report: Reporter;
  readonly signal: AbortSignal;
}

/**
 * Does `work` while holding the lock `file`. Waits while another living process holds it, and says so; a lock of a dead process is taken over.
 * @throws ToolchainError when interrupted while waiting, or after an hour.
 */
export async function withLock<T>(file: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + limitMilliseconds;
  let waiting: Step | undefined;
  while (!tryTake(file)) {
    const holder = isHeld(file);
    if (!holder) {
      removeAbandoned(file);
      continue;
    }
    waiting ??= options.report.step(`Waiting for process ${holder.pid}, which prepares ${options.what} too`);
    if (options.signal.aborted || Date.now() > deadline) {
      const why = options.signal.aborted ? "interrupted" : "it took more than an hour";
      waiting.fail(why);
      throw new ToolchainError(
        `Waiting for process ${holder.pid} to prepare ${options.what}: ${why}. If that process hangs, end it and run the same command again.`,
      );
    }
    await sleep(pollMilliseconds);
  }
  waiting?.done();
  try {
    return await work();
  } finally {
    fs.rmSync(file, { force: true });
  }
}
