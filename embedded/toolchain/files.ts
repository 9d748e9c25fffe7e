import { createHash, randomBytes } from "node:crypto";
import fs from "node:fs";
import path from "node:path";

/** Reads JSON; undefined when the file is missing or not JSON (a torn or foreign file is treated as absent and written anew). */
export function readJson(file: string): unknown {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

/** Writes JSON aside and renames it, so that a reader never sees half a file. */
export function writeJson(file: string, value: unknown): void {
  const aside = `${file}.${process.pid}-${randomBytes(4).toString("hex")}`;
  fs.writeFileSync(aside, `${JSON.stringify(value, undefined, 2)}\n`);
  fs.renameSync(aside, file);
}

/** Hash in hex of a file of any size. */
export async function sha256(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of fs.createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(piece as Buffer);
  return hash.digest("hex");
}

/** Every file below a folder, relative to it, sorted. */
export function filesBelow(folder: string, below = ""): string[] {
  return fs
    .readdirSync(path.join(folder, below), { withFileTypes: true })
    .flatMap((found) => (found.isDirectory() ? filesBelow(folder, path.join(below, found.name)) : [path.join(below, found.name)]))
    .sort();
}

/** Makes a file or folder durable before its name is made visible. */
export function flush(file: string): void {
  const handle = fs.openSync(file, "r");
  try {
    fs.fsyncSync(handle);
  } finally {
    fs.closeSync(handle);
  }
}
