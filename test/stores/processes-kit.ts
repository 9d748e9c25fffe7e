import { spawn, type ChildProcess } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export interface Command {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** Processes of one test file, each with a log; none outlives `stopAll`. */
export class Processes {
  private readonly running = new Map<string, ChildProcess>();
  private readonly kept = new Map<string, Command>();

  public constructor(private readonly dir: string) {
    fs.mkdirSync(dir, { recursive: true });
  }

  public start(command: Command): void {
    const log = fs.openSync(this.logFile(command.name), "a");
    const { program, args, env = {}, cwd = this.dir } = command;
    const child = spawn(program, args, {
      cwd,
      env: { PATH: process.env["PATH"] ?? "", HOME: this.dir, ...env },
      stdio: ["ignore", log, log],
    });
    fs.closeSync(log);
    child.once("error", (error) => fs.appendFileSync(this.logFile(command.name), String(error)));
    this.running.set(command.name, child);
    this.kept.set(command.name, command);
  }

  /** Starts a process again as it was. */
  public again(name: string): void {
    const command = this.kept.get(name);
    if (command === undefined) throw new Error(`${name} never ran`);
    this.start(command);
  }

  public isRunning(name: string): boolean {
    const child = this.running.get(name);
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  public async stop(name: string, signal: NodeJS.Signals = "SIGTERM", milliseconds = 30_000): Promise<void> {
    const child = this.running.get(name);
    if (child === undefined || !this.isRunning(name)) return;
    const ended = new Promise((done) => child.once("exit", done));
    child.kill(signal);
    const inTime = await Promise.race([ended.then(() => true), sleep(milliseconds, false, { ref: false })]);
    if (!inTime) {
      child.kill("SIGKILL");
      await ended;
      throw new Error(`${name} did not end within ${milliseconds} ms\n${this.log(name).slice(-2000)}`);
    }
  }

  public async stopAll(): Promise<void> {
    await Promise.allSettled([...this.running.keys()].map((name) => this.stop(name, "SIGKILL")));
  }

  public log(name: string): string {
    return fs.readFileSync(this.logFile(name), "utf8");
  }

  private logFile(name: string): string {
    return path.join(this.dir, `${name}.log`);
  }
}
