import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { within } from "../engine/envoy";

/** What a process is started with. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Where it starts; default a folder that nothing can be written to, as in a pod with a read-only root. */
  readonly cwd?: string;
}

/** A process of a test: its log is a file, and it ends with the test. */
export class Program {
  private child: ChildProcess | undefined;
  private isWanted = false;
  /** How often it ended by itself and was started again. */
  public restarts = 0;

  /** @param isKept whether it is started again, a second later, whenever it ends by itself, as the kubelet does. */
  public constructor(
    public readonly name: string,
    private readonly command: Command,
    private readonly folder: string,
    private readonly isKept = false,
  ) {}

  public start(): this {
    this.isWanted = true;
    fs.mkdirSync(this.folder, { recursive: true });
    const log = fs.openSync(this.logFile, "a");
    const { file, args, env, cwd = "/proc" } = this.command;
    // Nothing of this process' environment. Nobody asks the cloud's metadata: traffic of tests stays on loopback.
    const child = spawn(file, args, { cwd, env: { HOME: cwd, AWS_EC2_METADATA_DISABLED: "true", ...env }, stdio: ["ignore", log, log] });
    fs.closeSync(log);
    this.child = child;
    if (this.isKept) child.once("exit", () => void (this.child === child && this.isWanted && setTimeout(() => this.again(), 1000).unref()));
    return this;
  }

  private again(): void {
    if (!this.isWanted) return;
    this.restarts++;
    this.start();
  }

  /** Ends it for good: as the kernel does, or politely with a time limit. */
  public async end(signal: "SIGTERM" | "SIGKILL" = "SIGKILL", limit = 60_000): Promise<void> {
    this.isWanted = false;
    const child = this.child;
    if (child === undefined || this.ended) return;
    const gone = new Promise((done) => child.once("exit", done));
    child.kill(signal);
    const timer = setTimeout(() => child.kill("SIGKILL"), limit);
    await gone;
    clearTimeout(timer);
  }

  public get pid(): number {
    return this.child?.pid ?? 0;
  }

  public get ended(): boolean {
    return this.endedBy !== null;
  }

  /** How it ended: its exit code, or the signal; null while it runs. */
  public get endedBy(): number | string | null {
    return this.child === undefined ? null : (this.child.exitCode ?? this.child.signalCode);
  }

  /** All that it wrote. */
  public get log(): string {
    return fs.existsSync(this.logFile) ? fs.readFileSync(this.logFile, "utf8") : "";
  }

  /** Its last words, for messages. */
  public get tail(): string {
    const lines = this.log.trim().split("\n").slice(-12);
    return lines.map((line) => line.slice(0, 400)).join("\n");
  }

  private get logFile(): string {
    return path.join(this.folder, `${this.name}.log`);
  }
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** An HTTP request with a time limit; no connection is status 0. */
export async function ask(url: string, init: RequestInit = {}, limit = 20_000): Promise<Answer> {
  try {
    const answer = await fetch(url, { ...init, signal: AbortSignal.timeout(limit) });
    return { status: answer.status, text: await answer.text() };
  } catch (error) {
    return { status: 0, text: String(error) };
  }
}

/**
 * Waits until an address answers 200; at most `limit` milliseconds. Says what it answered instead, and what the process wrote.
 * @param mayEnd whether it may end meanwhile, to be started again.
 */
export async function ready(url: string, of: Program, limit: number, mayEnd: () => boolean = () => false): Promise<number> {
  let last: Answer = { status: 0, text: "" };
  try {
    return await within(limit, `${of.name} to be ready`, async () => {
      if ((of.ended || of.restarts > 2) && !mayEnd()) throw new Error(`${of.name} ended`);
      last = await ask(url, {}, 2_000);
      return last.status === 200;
    });
  } catch (error) {
    throw new Error(`${String(error)}: ${last.status} ${last.text}\n${of.tail}`);
  }
}
