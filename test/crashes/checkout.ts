import { spawn, type ChildProcess } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { root } from "../../cli/paths";
import { processTree } from "./processes";

/** A command that ended. */
export interface Ended {
  readonly code: number;
  /** Both streams, as they came. */
  readonly text: string;
}

/** A command that runs. */
export interface Running {
  readonly pid: number;
  /** What it printed so far. */
  text(): string;
  readonly done: Promise<Ended>;
  /** Ctrl-C, as a terminal sends it: to it and to all that it has started in its group. */
  interrupt(): void;
}

interface Launch {
  /** Environment on top of this process's. */
  readonly env?: NodeJS.ProcessEnv;
  /** After which it is killed; default 180. */
  readonly seconds?: number;
}

const notCopied = new Set([".git", ".embedded", "node_modules", "coverage", "test", "docs"]);

/**
 * A checkout of its own in a temporary folder: what a person would have cloned, with its own tenants and its own `.embedded`. Packages are those of
 * this checkout, linked one by one so that what the loader keeps beside them is the copy's own.
 */
export class Checkout {
  public readonly dir = fs.mkdtempSync(path.join(os.tmpdir(), "tenantstack-crashes-"));
  public readonly state = path.join(this.dir, ".embedded");
  private readonly started = new Set<ChildProcess>();

  public constructor(from = root) {
    this.replaceBy(from);
    const packages = path.join(this.dir, "node_modules");
    fs.mkdirSync(packages);
    for (const name of fs.readdirSync(path.join(root, "node_modules")))
      if (name !== ".cache") fs.symlinkSync(path.join(root, "node_modules", name), path.join(packages, name));
  }

  /** Makes the program's files those of another tree, as `git pull` does; tenants and state stay. */
  public replaceBy(from: string): void {
    const isUpdate = fs.existsSync(path.join(this.dir, "index.ts"));
    for (const name of fs.readdirSync(from)) {
      if (notCopied.has(name) || (isUpdate && name === "tenants")) continue;
      fs.rmSync(path.join(this.dir, name), { recursive: true, force: true });
      fs.cpSync(path.join(from, name), path.join(this.dir, name), { recursive: true });
    }
  }

  /** Makes the tenants' folder hold exactly these files. */
  public tenants(files: Readonly<Record<string, string>>): void {
    const folder = path.join(this.dir, "tenants");
    fs.rmSync(folder, { recursive: true, force: true });
    fs.mkdirSync(folder);
    for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(folder, name), text);
  }

  /** `npm start -- --objects-only`, or `npm stop`, `npm run reset`. */
  public npm(script: "start" | "stop" | "reset", launch: Launch = {}): Running {
    return this.run(`cli/${script}.ts`, script === "start" ? ["--objects-only"] : [], launch);
  }

  /** `npx tenantstack ...` */
  public tenantstack(args: readonly string[], launch: Launch = {}): Running {
    return this.run("cli/main.ts", args, launch);
  }

  /** A file of the checkout, run as bin/run.js does it once the packages are there. */
  private run(file: string, args: readonly string[], { env, seconds = 180 }: Launch): Running {
    const code = `process.argv.splice(1, 0, "run"); require("./hook.js"); require("./${file}");`;
    const child = spawn(process.execPath, ["-e", code, "--", ...args], {
      cwd: this.dir,
      stdio: ["ignore", "pipe", "pipe"],
      // A process group of its own: a terminal sends Ctrl-C to all of one.
      detached: true,
      env: { ...process.env, ...env },
    });
    this.started.add(child);
    const limit = setTimeout(() => child.kill("SIGKILL"), seconds * 1000);
    let text = "";
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (piece: string) => void (text += piece));
    // `close` waits for whoever holds the streams: an engine that outlives its parent does.
    const done = new Promise<Ended>((resolve) => child.once("close", (exit) => resolve({ code: exit ?? 137, text })));
    void done.then(() => (clearTimeout(limit), this.started.delete(child)));
    return {
      pid: child.pid ?? 0,
      text: () => text,
      done,
      interrupt: () => void process.kill(-(child.pid ?? 0), "SIGINT"),
    };
  }

  /** Ends whatever of it still runs and removes it. */
  public async remove(): Promise<void> {
    for (const child of this.started) for (const { pid } of [...processTree(child.pid ?? 0), { pid: child.pid ?? 0 }]) end(pid);
    if (fs.existsSync(this.state)) await this.npm("stop").done;
    fs.rmSync(this.dir, { recursive: true, force: true });
  }
}

function end(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended meanwhile.
  }
}

/** Runs a command to its end and expects exit code 0; fails with what it printed. */
export async function succeeds(running: Running): Promise<Ended> {
  const ended = await running.done;
  if (ended.code !== 0) throw new Error(`exit code ${ended.code}:\n${ended.text.slice(-6000)}`);
  return ended;
}
