import { randomBytes } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { filesBelow, flush, readJson, sha256, writeJson } from "./files";
import { withLock } from "../lock";
import { startOf } from "../processid";
import type { Context, Way } from "./types";
import { ToolchainError } from "./types";

/** What `entry.json` of a cache entry holds. */
export interface Entry {
  readonly way: Way;
  readonly version: string;
  /** The tool within the entry, relative: an executable or a folder. */
  readonly result: string;
  /** Where it came from: addresses or module versions. */
  readonly sources: readonly string[];
  /** ISO time it was made. */
  readonly made: string;
  /** Seconds it took to make. */
  readonly seconds: number;
  /** Each file by relative path; size in bytes. */
  readonly files: Readonly<Record<string, { readonly size: number; readonly sha256: string }>>;
}

/** What a maker of an entry reports about it. */
export type Made = Pick<Entry, "way" | "version" | "result" | "sources">;

const manifest = "entry.json";

/**
 * Where tools are kept for all checkouts of one user: `$TENANTSTACK_CACHE`, else `tenantstack` in the user's cache folder
 * (`$XDG_CACHE_HOME` or `~/.cache`, on macOS `~/Library/Caches`). Absolute.
 */
export function cacheFolder(): string {
  if (process.env["TENANTSTACK_CACHE"]) return path.resolve(process.env["TENANTSTACK_CACHE"]);
  const caches =
    process.env["XDG_CACHE_HOME"] ||
    (process.platform === "darwin" ? path.join(os.homedir(), "Library", "Caches") : path.join(os.homedir(), ".cache"));
  return path.join(caches, "tenantstack");
}

/** A finished entry with all its files at their full size; undefined when it must be made. Sizes, not hashes: this runs at every start. */
export function findEntry(cache: string, name: string): Entry | undefined {
  const folder = path.join(cache, name);
  const entry = readJson(path.join(folder, manifest)) as Entry | undefined;
  if (!entry?.files) return undefined;
  const whole = Object.entries(entry.files).every(
    ([file, { size }]) => fs.statSync(path.join(folder, file), { throwIfNoEntry: false })?.size === size,
  );
  return whole ? entry : undefined;
}

/** Removes what runs that were killed left behind. Folders of living processes stay. */
export function sweep(cache: string): void {
  for (const name of fs.readdirSync(cache)) {
    const pid = /^\.tmp-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && startOf(Number(pid)) === undefined) fs.rmSync(path.join(cache, name), { recursive: true, force: true });
  }
}

async function publish(cache: string, name: string, content: string, made: Made, began: number): Promise<Entry> {
  const files: Record<string, { size: number; sha256: string }> = {};
  for (const file of filesBelow(content)) {
    const whole = path.join(content, file);
    files[file] = { size: fs.statSync(whole).size, sha256: await sha256(whole) };
    flush(whole);
  }
  const entry: Entry = { ...made, made: new Date().toISOString(), seconds: Math.round((Date.now() - began) / 1000), files };
  writeJson(path.join(content, manifest), entry);
  flush(path.join(content, manifest));
  const target = path.join(cache, name);
  // Only a damaged entry can be in the way here: a whole one was looked for under the same lock.
  fs.rmSync(target, { recursive: true, force: true });
  fs.renameSync(content, target);
  flush(cache);
  return entry;
}

/**
 * Finds or makes the entry `name`. `make` fills an empty folder; only when it succeeded is that folder given its name, so a failed or
 * interrupted run leaves nothing half-made. One process makes an entry at a time; others wait and then find it.
 */
export async function ensureEntry(
  context: Context,
  name: string,
  make: (folder: string, scratch: string) => Promise<Made>,
): Promise<Entry> {
  const { cache, report, signal } = context;
  return withLock(path.join(cache, `${name}.lock`), { holder: `prepares ${name} too`, report, signal }, async () => {
    const found = findEntry(cache, name);
    if (found) return found;
    const work = path.join(cache, `.tmp-${process.pid}-${randomBytes(4).toString("hex")}`);
    const content = path.join(work, "content");
    const scratch = path.join(work, "scratch");
    const began = Date.now();
    try {
      fs.mkdirSync(content, { recursive: true });
      fs.mkdirSync(scratch);
      const made = await make(content, scratch);
      if (signal.aborted) throw new ToolchainError(`Preparing ${name} was interrupted; nothing of it was kept.`);
      return await publish(cache, name, content, made, began);
    } finally {
      fs.rmSync(work, { recursive: true, force: true, maxRetries: 3 });
    }
  });
}
