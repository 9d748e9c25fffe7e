import { createHash } from "node:crypto";
import fs from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { deflateRawSync } from "node:zlib";
import type { Reporter } from "../../embedded/console";
import { ensureToolsWith } from "../../embedded/toolchain/ensure";
import { OfficialHosts } from "../../embedded/toolchain/hosts";
import type { Platform, Tool, ToolName } from "../../embedded/toolchain/types";

// Shells, a server and once a whole Node start: quick alone, slow on a busy machine.
jest.setTimeout(30_000);

/** What a route of the fake release site does. */
export type Route = string | Buffer | ((answer: http.ServerResponse) => void);

/** A machine made up for a test: its own PATH, cache and release sites, and a record of all that was done with them. */
export class Machine {
  public readonly root = fs.mkdtempSync(path.join(os.tmpdir(), "toolchain-"));
  public readonly bin = path.join(this.root, "bin");
  public readonly cache = path.join(this.root, "cache");
  public readonly routes = new Map<string, Route>();
  public readonly requests: string[] = [];
  public readonly said: string[] = [];
  public platform: Platform = { os: "linux", arch: "amd64" };
  /** Far more than a local server takes; tests of silent sites set less. */
  public budget = 8000;
  public retry = false;
  private site: string | undefined;
  private server: http.Server | undefined;

  public constructor() {
    fs.mkdirSync(this.bin);
    // Unpacking is the system's tar, which calls gzip; nothing else of the real PATH is seen.
    for (const name of ["tar", "gzip"])
      fs.symlinkSync(
        ["/usr/bin", "/bin"].map((dir) => path.join(dir, name)).find((file) => fs.existsSync(file)) ?? name,
        path.join(this.bin, name),
      );
  }

  /** Starts the release sites; without it they refuse connections. `silent` accepts requests and never answers. */
  public async goOnline(silent = false): Promise<void> {
    this.server = http.createServer((request, answer) => {
      this.requests.push(`${request.method} ${request.url}`);
      if (silent) return;
      const route = this.routes.get(request.url ?? "");
      if (typeof route === "function") return route(answer);
      answer.writeHead(route === undefined ? 404 : 200).end(route);
    });
    await new Promise<void>((resolve) => this.server?.listen(0, "127.0.0.1", resolve));
    this.site = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Serves a file and, at `checksums`, its SHA-256 (of `hashed`, when given). */
  public release(file: string, content: Buffer | string, checksums?: string, hashed: Buffer | string = content): void {
    this.routes.set(file, content);
    const hash = createHash("sha256").update(hashed).digest("hex");
    if (checksums !== undefined)
      this.routes.set(checksums, checksums === `${file}.sha256` ? hash : `${"0".repeat(64)}  other\n${hash}  ${path.basename(file)}\n`);
  }

  /** Puts a shell script on PATH that records its arguments in `<name>.calls`. */
  public script(name: string, body: string, folder = this.bin): string {
    fs.mkdirSync(folder, { recursive: true });
    const file = path.join(folder, name);
    fs.writeFileSync(file, `#!/bin/sh\nPATH=/usr/bin:/bin\necho "$*" >> "${this.root}/${name}.calls"\n${body}\n`, { mode: 0o755 });
    return file;
  }

  /** A `go` whose builds write the program; `build` and `tidy` replace what those do. */
  public go({ build = "", tidy = "", json = '{"Replace":null}', download = "" } = {}): void {
    const module = path.join(this.root, "module");
    fs.mkdirSync(module, { recursive: true });
    fs.writeFileSync(path.join(module, "go.mod"), "module example\n", { mode: 0o444 });
    this.script(
      "go",
      `case "$1 $2" in
      "mod download") ${download || `printf '{"Dir":"%s"}' "${module}"`};;
      "mod edit") [ "$3" = -json ] && printf '%s' '${json}'; exit 0;;
      "mod tidy") ${tidy || ":"};;
      build*) ${build || ":"}
        while [ $# -gt 0 ]; do [ "$1" = -o ] && out=$2; shift; done
        mkdir -p "$(dirname "$out")"; printf built > "$out"; chmod +x "$out";;
      esac`,
    );
  }

  /** What a script was called with, one call a line. */
  public calls(name: string): string[] {
    const file = path.join(this.root, `${name}.calls`);
    return fs.existsSync(file) ? fs.readFileSync(file, "utf8").trimEnd().split("\n") : [];
  }

  /** Requests that were not mere probes. */
  public downloads(): string[] {
    return this.requests.filter((request) => request.startsWith("GET"));
  }

  /** The names in the cache that are entries, locks or leftovers. */
  public entries(): string[] {
    return fs.readdirSync(this.cache).filter((name) => !["logs", "way.json", "path.json"].includes(name));
  }

  public get reporter(): Reporter {
    const say = (text: string) => void this.said.push(text);
    return {
      note: say,
      step: (text) => (
        say(text),
        { done: (end) => say(end ?? `done ${text}`), fail: (why) => say(`fail ${text}: ${why}`), progress: () => undefined }
      ),
    };
  }

  public get sites() {
    const site = this.site ?? "http://127.0.0.1:1";
    return { pulumi: `${site}/pulumi`, kubernetes: `${site}/kubernetes`, github: `${site}/github` };
  }

  public async ensure(names: readonly ToolName[], signal?: AbortSignal): Promise<ReadonlyMap<ToolName, Tool>> {
    return ensureToolsWith(
      names,
      { report: this.reporter, cache: this.cache, ...(signal ? { signal } : {}) },
      { env: { PATH: this.bin }, platform: this.platform, hosts: (cache) => new OfficialHosts(cache, this.sites, this.budget, this.retry) },
    );
  }

  /** The message of the ToolchainError that `ensure` ends with. */
  public async failure(names: readonly ToolName[], signal?: AbortSignal): Promise<string> {
    const error: unknown = await this.ensure(names, signal).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toHaveProperty("name", "ToolchainError");
    return (error as Error).message;
  }

  public async close(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((resolve) => (this.server ? this.server.close(resolve) : resolve(undefined)));
    fs.rmSync(this.root, { recursive: true, force: true });
  }
}

/** A ZIP archive; members of odd position are deflated, the others stored. */
export function zip(files: Readonly<Record<string, string>>): Buffer {
  const local: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  Object.entries(files).forEach(([name, text], i) => {
    const method = i % 2 === 1 ? 8 : 0;
    const data = method === 8 ? deflateRawSync(text) : Buffer.from(text);
    const head = Buffer.alloc(30);
    head.writeUInt32LE(0x04034b50, 0);
    head.writeUInt16LE(method, 8);
    head.writeUInt32LE(data.length, 18);
    head.writeUInt16LE(Buffer.byteLength(name), 26);
    const row = Buffer.alloc(46);
    row.writeUInt32LE(0x02014b50, 0);
    row.writeUInt16LE(method, 10);
    row.writeUInt32LE(data.length, 20);
    row.writeUInt16LE(Buffer.byteLength(name), 28);
    row.writeUInt32LE(offset, 42);
    local.push(head, Buffer.from(name), data);
    central.push(row, Buffer.from(name));
    offset += 30 + Buffer.byteLength(name) + data.length;
  });
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Object.keys(files).length, 10);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...local, ...central, end]);
}

/** Whether a process with that id is running. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Waits until `check` holds; fails after twenty seconds. */
export async function eventually(check: () => boolean): Promise<void> {
  for (let i = 0; i < 1000; i += 1) {
    if (check()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error("did not happen within 20 s");
}
