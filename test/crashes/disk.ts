import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

const mount = (...args: string[]): boolean => spawnSync("mount", args, { timeout: 10_000 }).status === 0;

/** Whether this process may mount file systems: root of a machine may, in most containers nobody. */
export function mayMount(): boolean {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "tenantstack-mount-"));
  const may = mount("-t", "tmpfs", "tmpfs", dir);
  if (may) unmount(dir);
  fs.rmdirSync(dir);
  return may;
}

/** A disk of its own in memory at a folder, which is made. */
export class Disk {
  private readonly filler: string;

  public constructor(
    public readonly dir: string,
    options: string,
  ) {
    this.filler = path.join(dir, "filler");
    fs.mkdirSync(dir, { recursive: true });
    if (!mount("-t", "tmpfs", "-o", options, "tmpfs", dir)) throw new Error(`no disk could be mounted at ${dir}`);
  }

  public change(options: string): void {
    if (!mount("-o", `remount,${options}`, this.dir)) throw new Error(`the disk at ${this.dir} could not be changed to ${options}`);
  }

  /** Leaves no byte free, until `free`. */
  public fill(): void {
    const file = fs.openSync(this.filler, "w");
    try {
      for (;;) fs.writeSync(file, Buffer.alloc(1 << 20));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    } finally {
      fs.closeSync(file);
    }
  }

  public free(): void {
    fs.rmSync(this.filler, { force: true });
  }

  public remove(): void {
    unmount(this.dir);
  }
}

function unmount(dir: string): void {
  // Lazily: a process that just ended may still be leaving.
  spawnSync("umount", ["-l", dir], { timeout: 10_000 });
}
