import fs from "node:fs";

/** Makes a folder that only its owner can enter, and closes one that is open to others. */
export function privateFolder(dir: string): void {
  fs.mkdirSync(dir, { recursive: true, mode: 0o700 });
  // The mode of mkdir is ignored for a folder that exists.
  fs.chmodSync(dir, 0o700);
}

/** Writes a file that only its owner can read, aside and renamed, so that a reader never sees half of it. */
export function privateFile(file: string, text: string): void {
  const aside = `${file}.${process.pid}.tmp`;
  fs.writeFileSync(aside, text, { mode: 0o600 });
  fs.renameSync(aside, file);
}

/** The text of a file, or undefined where there is none. Other errors (no permission) are thrown. */
export function readIfThere(file: string): string | undefined {
  try {
    return fs.readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** The parsed JSON of a file; undefined where there is none or where it is not JSON (a full disk can leave such a file). */
export function readJson(file: string): unknown {
  try {
    return JSON.parse(readIfThere(file) ?? "null") ?? undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
