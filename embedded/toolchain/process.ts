import { spawn } from "node:child_process";
import fs from "node:fs";

/** A command that did not end well; `tail` is the last of what it printed. */
export class CommandError extends Error {
  public constructor(
    command: string,
    reason: string,
    public readonly tail: string,
  ) {
    super(`${command}: ${reason}`);
    this.name = "CommandError";
  }
}

/** How a child process runs. */
export interface RunOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** Milliseconds until it is killed. */
  readonly limit: number;
  readonly cwd?: string;
  /** File that all output is appended to. */
  readonly log?: string;
  /** Called with each piece of standard error. */
  readonly onErrorOutput?: (text: string) => void;
}

const tailLines = 20;
const graceMilliseconds = 3000;
const alive = new Set<number>();

function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // It has already ended.
  }
}

/** A build must not outlive this process, whichever way this process ends (an uncaught error included). */
let exitHook: (() => void) | undefined;
function rememberForExit(pid: number): void {
  alive.add(pid);
  if (exitHook) return;
  exitHook = () => alive.forEach((child) => killGroup(child, "SIGKILL"));
  process.on("exit", exitHook);
}

function lastLines(text: string): string {
  return text.trimEnd().split("\n").slice(-tailLines).join("\n");
}

/**
 * Runs a command in a process group of its own and resolves with its standard output. An abort or the time limit kills the whole group by id.
 * @throws CommandError when it cannot start, ends with another code than 0, or is killed.
 */
export function run(command: string, args: readonly string[], options: RunOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const name = [command.split("/").at(-1), ...args.slice(0, 2)].join(" ");
    if (options.signal.aborted) return reject(new CommandError(name, "interrupted before it began", ""));
    const child = spawn(command, args, {
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: options.env,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    let killed: string | undefined;
    let hardKill: NodeJS.Timeout | undefined;
    const stop = (reason: string) => {
      if (killed !== undefined || child.pid === undefined) return;
      killed = reason;
      const pid = child.pid;
      killGroup(pid, "SIGTERM");
      hardKill = setTimeout(() => killGroup(pid, "SIGKILL"), graceMilliseconds);
    };
    const abort = () => stop("interrupted");
    const timer = setTimeout(() => stop(`took longer than ${Math.round(options.limit / 1000)} s`), options.limit);
    options.signal.addEventListener("abort", abort);
    const output: Buffer[] = [];
    let both = "";
    const take = (piece: Buffer) => {
      both = (both + piece.toString()).slice(-20_000);
      if (options.log !== undefined) fs.appendFileSync(options.log, piece);
    };
    child.stdout.on("data", (piece: Buffer) => (output.push(piece), take(piece)));
    child.stderr.on("data", (piece: Buffer) => (options.onErrorOutput?.(piece.toString()), take(piece)));
    if (child.pid !== undefined) rememberForExit(child.pid);
    const settle = (reason: string | undefined) => {
      clearTimeout(timer);
      clearTimeout(hardKill);
      options.signal.removeEventListener("abort", abort);
      if (child.pid !== undefined) alive.delete(child.pid);
      if (reason === undefined) resolve(Buffer.concat(output).toString());
      else reject(new CommandError(name, reason, lastLines(both)));
    };
    child.on("error", (error) => settle(error.message));
    child.on("close", (code, signal) =>
      settle(killed ?? (code === 0 ? undefined : signal ? `ended by ${signal}` : `ended with code ${code}`)),
    );
  });
}
