import { randomUUID } from "node:crypto";
import fs from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Reporter, Step } from "./console";
import { isAlive, self, type ProcessId } from "./processid";

/** Longest wait for another process, in milliseconds: a first start that builds the whole tool chain fits in twice. */
const patience = 3_600_000;

function holderOf(file: string): ProcessId | undefined {
  let value: Partial<ProcessId> | null;
  try {
    value = JSON.parse(fs.readFileSync(file, "utf8")) as Partial<ProcessId> | null;
  } catch {
    // Gone meanwhile, or written by no process of ours: nobody holds it.
    return undefined;
  }
  return typeof value?.pid === "number" && typeof value.started === "string" ? (value as ProcessId) : undefined;
}

/** Puts our name on the lock if it is free. A link appears with its content and fails if the name exists, so nobody sees an empty lock. */
function tryTake(file: string): boolean {
  const aside = `${file}.${randomUUID()}`;
  fs.writeFileSync(aside, JSON.stringify(self()), { mode: 0o600 });
  try {
    fs.linkSync(aside, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return false;
  } finally {
    fs.rmSync(aside);
  }
}

/**
 * Removes the lock of a dead process. Two that see the same dead lock could otherwise remove each other's fresh one, so removing has a guard
 * of its own: held for a few instructions, and taken for abandoned after ten seconds. The lock of a living process stays.
 */
export function removeIfDead(file: string): void {
  const guard = `${file}.guard`;
  try {
    fs.mkdirSync(guard);
  } catch {
    const made = fs.statSync(guard, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - made > 10_000) fs.rmSync(guard, { recursive: true, force: true });
    return;
  }
  try {
    const holder = holderOf(file);
    if (holder === undefined || !isAlive(holder)) fs.rmSync(file, { force: true });
  } finally {
    fs.rmSync(guard, { recursive: true, force: true });
  }
}

/** What a lock is for, and who hears of waiting. */
export interface LockOptions {
  /** What the holder does, as it is said to those who wait: `prepares kwok`. */
  readonly holder: string;
  readonly report: Reporter;
  /** Ends the wait: `withLock` then throws its reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Does `work` while no other process holds the lock `file`, whose folder must exist. Waits for one that does, says so, and gives up after an
 * hour with its process number. The lock of a process that died is taken over.
 */
export async function withLock<T>(file: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  const until = Date.now() + patience;
  let waiting: Step | undefined;
  while (!tryTake(file)) {
    if (options.signal?.aborted) waiting?.fail("interrupted");
    options.signal?.throwIfAborted();
    const holder = holderOf(file);
    if (holder === undefined || !isAlive(holder)) {
      removeIfDead(file);
      await sleep(20);
      continue;
    }
    waiting ??= options.report.step(`Waiting for process ${holder.pid}, which ${options.holder}`);
    if (Date.now() > until) {
      waiting.fail("more than an hour");
      throw new Error(
        `${file}: process ${holder.pid} has held this lock for more than an hour. Look at what it does (ps -p ${holder.pid}), end it if it hangs, and try again.`,
      );
    }
    await sleep(200);
  }
  waiting?.done();
  try {
    return await work();
  } finally {
    fs.rmSync(file, { force: true });
  }
}
