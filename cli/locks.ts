import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

/** What the engine writes into a lock of a `file://` backend. */
interface EngineLock {
  readonly pid: number;
  readonly hostname: string;
}

/**
 * Removes locks of engines on this machine that live no more: one that was killed leaves its lock behind, and every later `up` would refuse.
 * Locks of living engines and of other machines stay. Returns the process numbers whose locks were removed.
 */
export function removeDeadLocks(backend: string, isEngine: (pid: number) => boolean = runsPulumi): number[] {
  return deadLocks(backend, isEngine).map(({ file, pid }) => {
    fs.rmSync(file, { force: true });
    return pid;
  });
}

/** Whether an engine, here or elsewhere, holds the state, once the locks of dead ones are removed. */
export function isLocked(backend: string): boolean {
  return lockFiles(backend).length > 0;
}

function lockFiles(backend: string): string[] {
  const folder = path.join(backend, ".pulumi", "locks");
  if (!fs.existsSync(folder)) return [];
  const names = fs.readdirSync(folder, { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(".json")).map((name) => path.join(folder, name));
}

/** Locks of engines on this machine that live no more. */
export function deadLocks(backend: string, isEngine: (pid: number) => boolean = runsPulumi): { file: string; pid: number }[] {
  return lockFiles(backend).flatMap((file) => {
    const lock = readLock(file);
    if (lock === undefined || lock.hostname !== os.hostname() || isEngine(lock.pid)) return [];
    return [{ file, pid: lock.pid }];
  });
}

function readLock(file: string): EngineLock | undefined {
  try {
    const read = JSON.parse(fs.readFileSync(file, "utf8")) as Partial<EngineLock>;
    return typeof read.pid === "number" && typeof read.hostname === "string" ? { pid: read.pid, hostname: read.hostname } : undefined;
  } catch {
    // Gone meanwhile, or half written by an engine that is just starting: not ours to judge.
    return undefined;
  }
}

/** Whether a process of this number is an engine: numbers are used again, so its name is asked for too. */
export function runsPulumi(pid: number): boolean {
  const asked = spawnSync("ps", ["-o", "args=", "-p", String(pid)], { encoding: "utf8", timeout: 5_000 });
  // Without an answer the lock stays: better a refused `up` than two at once.
  return asked.error !== undefined || /(^|\/)pulumi\b/.test(asked.stdout.trim());
}
