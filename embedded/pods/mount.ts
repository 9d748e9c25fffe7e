import fs from "node:fs";
import path from "node:path";

/** Content by path below the mount: `overrides.yaml`. */
export type Files = Readonly<Record<string, string | Buffer>>;

/**
 * A folder as the kubelet mounts a ConfigMap or Secret: files are links through `..data`, which is swapped in one rename. So a reader sees the old
 * content or the new one, never a mixture, and who watches the folder hears of it. Only its owner can read it.
 */
export class MountedFolder {
  public constructor(public readonly folder: string) {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  /** Replaces the whole content, as an updated object does; leaves everything alone where nothing changes. Says which of the two it was. */
  public publish(content: Files): "same" | "changed" {
    const before = this.current();
    if (before !== undefined && this.holds(before, content)) return "same";
    const version = fs.mkdtempSync(path.join(this.folder, "..v"));
    for (const [name, text] of Object.entries(content)) {
      const file = path.join(version, name);
      fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
      fs.writeFileSync(file, text, { mode: 0o600 });
    }
    this.swap("..data", path.basename(version));
    const wanted = new Set(Object.keys(content).map((name) => name.split("/")[0] ?? name));
    for (const name of wanted) if (!exists(path.join(this.folder, name))) this.swap(name, path.join("..data", name));
    for (const name of fs.readdirSync(this.folder)) {
      const stale = name.startsWith("..") ? name !== "..data" && name !== path.basename(version) : !wanted.has(name);
      if (stale) fs.rmSync(path.join(this.folder, name), { recursive: true, force: true });
    }
    return "changed";
  }

  /** A link that is there under its name at once, or in place of the one before. */
  private swap(name: string, target: string): void {
    const aside = path.join(this.folder, "..link_tmp");
    fs.rmSync(aside, { force: true });
    fs.symlinkSync(target, aside);
    fs.renameSync(aside, path.join(this.folder, name));
  }

  private current(): string | undefined {
    try {
      return path.join(this.folder, fs.readlinkSync(path.join(this.folder, "..data")));
    } catch {
      // Never published.
      return undefined;
    }
  }

  private holds(version: string, content: Files): boolean {
    const there = fs.existsSync(version) ? fs.readdirSync(version, { recursive: true, withFileTypes: true }) : [];
    const files = there.filter((entry) => entry.isFile()).map((entry) => path.relative(version, path.join(entry.parentPath, entry.name)));
    const wanted = Object.entries(content);
    return (
      files.length === wanted.length &&
      wanted.every(([name, text]) => files.includes(name) && fs.readFileSync(path.join(version, name)).equals(Buffer.from(text)))
    );
  }
}

/** Whether there is a file or link, even one that leads nowhere. */
function exists(file: string): boolean {
  return fs.lstatSync(file, { throwIfNoEntry: false }) !== undefined;
}
