import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export { toolPath } from "../engine/envoy";

/** A process of a test: its log is a file, and it ends with the test. */
export class Program {
  private child: ChildProcess | undefined;
  private isWanted = false;
  /** How often it ended by itself and was started again. */
  public restarts = 0;

  public constructor(
    public readonly name: string,
    private readonly command: { readonly file: string; readonly args: readonly string[]; readonly env: Readonly<Record<string, string>> },
    private readonly folder: string,
  ) {}

  /** Starts it, and again after a second whenever it ends by itself, as the kubelet does. */
  public start(): void {
    this.isWanted = true;
    const log = fs.openSync(this.logFile, "a");
    const { file, args, env } = this.command;
    // Nothing can be written to the folder that it starts in, as in a pod with a read-only root. Nobody asks the cloud's metadata.
    const child = spawn(file, args, {
      cwd: "/proc",
      env: { HOME: "/proc", AWS_EC2_METADATA_DISABLED: "true", ...env },
      stdio: ["ignore", log, log],
    });
    fs.closeSync(log);
    this.child = child;
    child.once("exit", () => void (this.child === child && this.isWanted && setTimeout(() => this.again(), 1000).unref()));
  }

  private again(): void {
    if (!this.isWanted) return;
    this.restarts++;
    this.start();
  }

  /** Ends it for good; with SIGTERM it takes the time that it takes. */
  public async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    this.isWanted = false;
    const child = this.child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((done) => child.once("exit", done));
    child.kill(signal);
    await ended;
  }

  public get pid(): number | undefined {
    return this.child?.pid;
  }

  public get log(): string {
    return fs.existsSync(this.logFile) ? fs.readFileSync(this.logFile, "utf8") : "";
  }

  private get logFile(): string {
    return path.join(this.folder, `${this.name}.log`);
  }
}

/** A scratch folder, removed by `remove`. */
export function scratchFolder(name: string): string {
  return fs.mkdtempSync(path.join(os.tmpdir(), `tenantstack-${name}-`));
}

/** Waits until `check` is true or gives something, looking five times a second; throws after `limit` milliseconds with what `why` says. */
export async function until<T>(
  limit: number,
  what: string,
  check: () => Promise<T | false | undefined> | T | false | undefined,
  why = () => "",
): Promise<T> {
  const end = Date.now() + limit;
  for (;;) {
    const got = await check();
    if (got !== false && got !== undefined) return got;
    if (Date.now() > end) throw new Error(`waited ${limit} ms for ${what}\n${why()}`);
    await sleep(200);
  }
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** One request over plain HTTP; an address that nobody listens on answers 0. */
export function ask(url: string, { method, headers = {}, body }: Ask = {}): Promise<Answer> {
  return new Promise((resolve) => {
    const request = http.request(url, { method: method ?? (body === undefined ? "GET" : "POST"), headers, agent: false, timeout: 30_000 });
    request.once("response", (response) => {
      const parts: Buffer[] = [];
      response.on("data", (data: Buffer) => void parts.push(data));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString() }));
      response.on("error", (error) => resolve({ status: 0, text: String(error) }));
    });
    request.once("timeout", () => request.destroy(new Error("no answer in 30 s")));
    request.once("error", (error) => resolve({ status: 0, text: String(error) }));
    request.end(body);
  });
}
