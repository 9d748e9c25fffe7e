import fs from "node:fs";
import path from "node:path";
import type { Reporter } from "../embedded/console";

/**
 * The file that holds a stack's state. The engine may leave it cut short on a disk that fills (seen with v3.253: the rest of the write is lost and the cut
 * file takes the place of the good one, and of its own backup with the next step). So `npm start` keeps a copy of what was there before each `up`.
 */
export const checkpointFile = (backend: string, stack = "dev"): string =>
  path.join(backend, ".pulumi", "stacks", "tenantstack", `${stack}.json`);

/** Beside the engine's folder, which is the engine's alone. */
const copyFile = (backend: string): string => path.join(backend, "before-last-up.json");

function isWhole(file: string): boolean {
  try {
    JSON.parse(fs.readFileSync(file, "utf8"));
    return true;
  } catch {
    return false;
  }
}

/** Keeps the state as it is now. On a full disk that fails, before anything is changed. */
export function keepCheckpoint(backend: string): void {
  const file = checkpointFile(backend);
  if (!isWhole(file)) return;
  const aside = `${copyFile(backend)}.${process.pid}`;
  try {
    fs.copyFileSync(file, aside);
    fs.renameSync(aside, copyFile(backend));
  } finally {
    fs.rmSync(aside, { force: true });
  }
}

/**
 * Puts a whole state in the place of one that was cut short: the engine's own backup, else what there was before the last `up`. Says so and returns true
 * where it did; all objects must be compared then. Call it only while no engine runs.
 */
export function mendCheckpoint(backend: string, report: Reporter): boolean {
  const file = checkpointFile(backend);
  if (!fs.existsSync(file) || isWhole(file)) return false;
  const good = [`${file}.bak`, copyFile(backend)].find(isWhole);
  if (good === undefined) return false;
  fs.renameSync(file, `${file}.damaged`);
  fs.copyFileSync(good, file);
  report.note(`The state of the stack was cut short (a full disk does that); took ${good} instead. The damaged file is ${file}.damaged`);
  return true;
}
