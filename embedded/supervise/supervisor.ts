import { setTimeout as sleep } from "node:timers/promises";
import type { Reporter, Step } from "../console";
import { isAlive } from "../processid";
import { readIfThere } from "./files";
import { endProcess, launch, type Command } from "./process";
import type { ProcessRecord, Records } from "./records";

/** One process: how it is run, and how one sees that it works. */
export interface ProcessSpec extends Command {
  /** By which people and records know it. */
  readonly name: string;
  /** Hash of all that asks for a new start when it changes. */
  readonly fingerprint: string;
  /** Whether it is ready; absent: ready as soon as it lives. Nobody listening is a plain no. */
  readonly healthy?: () => Promise<boolean>;
  /** Seconds that it may take until it is ready, on a slow and busy machine. */
  readonly patience: number;
  /** Seconds that it may take to end in order. */
  readonly grace: number;
  /** Done after an old process has ended and before the new one starts. */
  readonly prepare?: () => void;
}

export interface SupervisorOptions {
  readonly records: Records;
  readonly report: Reporter;
  readonly signal: AbortSignal | undefined;
  /** The line on the screen, and how many seconds it usually takes. */
  readonly step: { readonly text: string; readonly expectSeconds: number };
  /** What to do when a process fails, as whole sentences. */
  readonly remedy: string;
  /** A process that ends while others start is started once more, as the kubelet would. */
  readonly again?: boolean;
}

/** The last lines of a log, each indented by four blanks. Where the program panicked, those before the stacks, which say why. */
function tail(log: string): string {
  const all = (readIfThere(log) ?? "").split("\n").filter((line) => line.trim() !== "");
  const stacks = all.findIndex((line) => /^goroutine \d+ /.test(line));
  const lines = stacks < 0 ? all : all.slice(0, stacks);
  return lines.length === 0
    ? "    (the log is empty)"
    : lines
        .slice(-12)
        .map((line) => `    ${line.slice(0, 400)}`)
        .join("\n");
}

/** Starts processes, looks after them while others start, and restarts those that died or changed. One per bring-up. */
export class Supervisor {
  private step: Step | undefined;
  private readonly watched = new Map<string, { readonly spec: ProcessSpec; readonly record: ProcessRecord }>();

  /** Second starts by name, done or under way. */
  private readonly second = new Map<string, Promise<void>>();

  public constructor(private readonly options: SupervisorOptions) {}

  /** Says what is being done; the first call opens the line on the screen. A start that finds all in order prints nothing. */
  public progress(text: string): void {
    this.step ??= this.options.report.step(this.options.step.text, this.options.step.expectSeconds);
    this.step.progress(text);
  }

  /** Whether a line is on the screen. */
  public get isShown(): boolean {
    return this.step !== undefined;
  }

  /** Ends the line on the screen. */
  public finish(failed?: unknown): void {
    if (failed === undefined) this.step?.done();
    else this.step?.fail(this.options.signal?.aborted === true ? "interrupted" : "failed");
  }

  /** Throws where a process that was seen alive in this bring-up has ended. */
  public assertAlive(): void {
    this.options.signal?.throwIfAborted();
    for (const { spec, record } of this.watched.values()) {
      if (!isAlive(record)) throw this.failure(spec, `ended (process ${record.pid})`);
    }
  }

  /** As `assertAlive`, but what has ended for the first time is started once more where the options say so. */
  private async lookAfter(): Promise<void> {
    this.options.signal?.throwIfAborted();
    if (this.options.again === true)
      for (const [name, { spec, record }] of this.watched)
        if (!isAlive(record) && !this.second.has(name)) this.second.set(name, this.startAgain(spec, record));
    await Promise.all(this.second.values());
    this.assertAlive();
  }

  private startAgain(spec: ProcessSpec, { pid }: ProcessRecord): Promise<void> {
    this.options.report.note(
      `${spec.name} (process ${pid}) ended while it started; starting it once more. Its last words are in ${spec.log}.1`,
    );
    return this.launch(spec);
  }

  private failure(spec: ProcessSpec, what: string): Error {
    return new Error(`${spec.name} ${what}. The last lines of ${spec.log}:\n${tail(spec.log)}\n${this.options.remedy}`);
  }

  /** Makes sure that a process of this specification lives; it need not be ready yet. Says whether it had to be started. */
  public async ensure(spec: ProcessSpec): Promise<"kept" | "started"> {
    await this.lookAfter();
    const record = this.options.records.all()[spec.name];
    if (record !== undefined && isAlive(record)) {
      if (record.fingerprint === spec.fingerprint && (await this.answersSoon(spec, record))) {
        this.watched.set(spec.name, { spec, record });
        return "kept";
      }
      if (record.fingerprint !== spec.fingerprint) this.options.report.note(`${spec.name} is set up differently now; restarting it.`);
      await endProcess(record, spec.grace * 1_000);
    } else if (record !== undefined) {
      this.options.report.note(`${spec.name} (process ${record.pid}) had died; starting it again. Its last words are in ${spec.log}.1`);
    }
    await this.launch(spec);
    return "started";
  }

  /** A process that lives but does not answer may be starting since a moment ago (an interrupted start), or hang. It gets half its patience. */
  private async answersSoon(spec: ProcessSpec, record: ProcessRecord): Promise<boolean> {
    if (spec.healthy === undefined) return true;
    const until = Date.now() + spec.patience * 500;
    while (!(await spec.healthy())) {
      this.options.signal?.throwIfAborted();
      if (!isAlive(record)) return false;
      if (Date.now() > until) {
        this.options.report.note(`${spec.name} (process ${record.pid}) lives but does not answer; restarting it.`);
        return false;
      }
      this.progress(`waiting for ${spec.name}`);
      await sleep(100);
    }
    return true;
  }

  private async launch(spec: ProcessSpec): Promise<void> {
    this.progress(spec.name);
    spec.prepare?.();
    try {
      const record = { ...(await launch(spec)), fingerprint: spec.fingerprint };
      this.options.records.write(spec.name, record);
      this.watched.set(spec.name, { spec, record });
    } catch (error) {
      throw new Error(`${spec.program}: cannot be started (${(error as Error).message}); fetch the tool again or mend its permissions`, {
        cause: error,
      });
    }
  }

  /** Waits until a process answers that it is ready. Throws with the log of whichever process has ended meanwhile, or of this one after its patience. */
  public async ready(spec: ProcessSpec): Promise<void> {
    const until = Date.now() + spec.patience * 1_000;
    while (spec.healthy !== undefined && !(await spec.healthy())) {
      await this.lookAfter();
      if (Date.now() > until) throw this.failure(spec, `was not ready after ${spec.patience} s`);
      await sleep(100);
    }
    await this.lookAfter();
  }
}

/** Ends a recorded process within `graceSeconds` and forgets it; says so where it had to be killed. Harmless where there is no record. */
export async function stopRecorded(records: Records, name: string, graceSeconds: number, report: Reporter): Promise<void> {
  const record = records.all()[name];
  if (record === undefined) return;
  const how = await endProcess(record, graceSeconds * 1_000);
  if (how === "killed") report.note(`${name} (process ${record.pid}) did not end within ${graceSeconds} s and was killed.`);
  records.write(name, undefined);
}
