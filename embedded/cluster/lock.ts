import { randomUUID } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Reporter } from "../console";
import { privateFolder, readJson } from "./layout";
import type { ProcessId } from "./process";
import { isAlive, self } from "./process";

/** Longest wait for another start or stop, in milliseconds: a first start that builds the tool chain fits in. */
const patience = 1_800_000;

function holderOf(file: string): ProcessId | undefined {
  const value = readJson(file) as Partial<ProcessId> | undefined;
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

/**
 * Runs `work` while no other process starts, stops or resets the same cluster. Waits for one that does, says so, and gives up after half
 * an hour with its process number. The lock of a process that died is taken over.
 */
export async function withLock<T>(file: string, report: Reporter, work: () => Promise<T>, abort?: AbortSignal): Promise<T> {
  privateFolder(path.dirname(file));
  const until = Date.now() + patience;
  let said = false;
  while (!tryTake(file)) {
    abort?.throwIfAborted();
    const holder = holderOf(file);
    if (holder === undefined || !isAlive(holder)) {
      removeIfDead(file);
      await sleep(20);
      continue;
    }
    if (!said) report.note(`Process ${holder.pid} is starting or stopping the same cluster (${path.dirname(file)}); waiting for it.`);
    said = true;
    if (Date.now() > until) {
      throw new Error(
        `${file}: process ${holder.pid} has been starting or stopping this cluster for more than half an hour. Look at what it does (ps -p ${holder.pid}), end it if it hangs, and try again.`,
      );
    }
    await sleep(200);
  }
  try {
    return await work();
  } finally {
    fs.rmSync(file, { force: true });
  }
}
