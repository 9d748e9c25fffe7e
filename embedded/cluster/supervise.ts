import { setTimeout as sleep } from "node:timers/promises";
import type { Reporter, Step } from "../console";
import { Api } from "./api";
import type { Layout, PartName } from "./layout";
import { logOf, readIfThere } from "./layout";
import type { PartSpec } from "./parts";
import { fingerprint } from "./parts";
import { isAlive } from "../processid";
import { endProcess, launch } from "./process";
import type { PartRecord } from "./records";
import { readRecords, writeRecord } from "./records";

/** The last lines of a part's log, each indented by four blanks. */
function tail(layout: Layout, name: PartName): string {
  const lines = (readIfThere(logOf(layout, name)) ?? "").split("\n").filter((line) => line.trim() !== "");
  return lines.length === 0
    ? "    (the log is empty)"
    : lines
        .slice(-12)
        .map((line) => `    ${line.slice(0, 400)}`)
        .join("\n");
}

function failure(layout: Layout, name: PartName, what: string): Error {
  return new Error(
    `${name} ${what}. The last lines of ${logOf(layout, name)}:\n${tail(layout, name)}\nMend the cause and start again; what already runs is kept. \`npm run reset\` begins from nothing.`,
  );
}

/** Starts parts, looks after them while others start, and restarts those that died or changed. One per bring-up. */
export class Supervisor {
  private step: Step | undefined;
  private readonly apis = new Map<number, Api>();
  private readonly watched = new Map<PartName, PartRecord>();

  public constructor(
    private readonly layout: Layout,
    private readonly report: Reporter,
    private readonly signal: AbortSignal | undefined,
  ) {}

  /** The client for a port of the cluster. */
  public api(port: number): Api {
    const api = this.apis.get(port) ?? new Api(this.layout, port);
    this.apis.set(port, api);
    return api;
  }

  /** Says what is being done; the first call opens the line on the screen. A start that finds all in order prints nothing. */
  public progress(text: string): void {
    this.step ??= this.report.step("Starting the Kubernetes control plane", 15);
    this.step.progress(text);
  }

  /** Ends the line on the screen and closes connections. */
  public finish(failed?: unknown): void {
    if (failed === undefined) this.step?.done();
    else this.step?.fail(this.signal?.aborted === true ? "interrupted" : "failed");
    for (const api of this.apis.values()) api.close();
  }

  /** Throws where a part that was seen alive in this bring-up has ended. */
  public assertAlive(): void {
    this.signal?.throwIfAborted();
    for (const [name, record] of this.watched) {
      if (!isAlive(record)) throw failure(this.layout, name, `ended (process ${record.pid})`);
    }
  }

  /** Makes sure that a part of this specification lives; it need not be ready yet. */
  public async ensure(spec: PartSpec): Promise<void> {
    this.assertAlive();
    const wanted = fingerprint(spec);
    const record = readRecords(this.layout)[spec.name];
    if (record !== undefined && isAlive(record)) {
      if (record.fingerprint === wanted && (await this.answersSoon(spec, record))) {
        this.watched.set(spec.name, record);
        return;
      }
      if (record.fingerprint !== wanted) this.report.note(`${spec.name} is set up differently now; restarting it.`);
      await endProcess(record, spec.grace * 1_000);
    } else if (record !== undefined) {
      this.report.note(
        `${spec.name} (process ${record.pid}) had died; starting it again. Its last words are in ${logOf(this.layout, spec.name)}.1`,
      );
    }
    await this.launch(spec, wanted);
  }

  /** A part that lives but does not answer may be starting since a moment ago (an interrupted start), or hang. It gets half its patience. */
  private async answersSoon(spec: PartSpec, record: PartRecord): Promise<boolean> {
    if (spec.health === undefined) return true;
    const until = Date.now() + spec.patience * 500;
    while (!(await this.api(spec.health.port).healthy(spec.health.path))) {
      this.signal?.throwIfAborted();
      if (!isAlive(record)) return false;
      if (Date.now() > until) {
        this.report.note(`${spec.name} (process ${record.pid}) lives but does not answer; restarting it.`);
        return false;
      }
      this.progress(`waiting for ${spec.name}`);
      await sleep(100);
    }
    return true;
  }

  private async launch(spec: PartSpec, wanted: string): Promise<void> {
    this.progress(spec.name);
    try {
      const id = await launch({ program: spec.program, args: spec.args, cwd: this.layout.dir, log: logOf(this.layout, spec.name) });
      const record = { ...id, fingerprint: wanted };
      writeRecord(this.layout, spec.name, record);
      this.watched.set(spec.name, record);
    } catch (error) {
      throw new Error(`${spec.program}: cannot be started (${(error as Error).message}); fetch the tool again or mend its permissions`, {
        cause: error,
      });
    }
  }

  /** Waits until a part answers that it is ready. Throws with the log of whichever part has ended meanwhile, or of this one after its patience. */
  public async ready(spec: PartSpec): Promise<void> {
    const until = Date.now() + spec.patience * 1_000;
    while (spec.health !== undefined && !(await this.api(spec.health.port).healthy(spec.health.path))) {
      this.assertAlive();
      if (Date.now() > until) throw failure(this.layout, spec.name, `was not ready after ${spec.patience} s`);
      await sleep(100);
    }
    this.assertAlive();
  }
}
