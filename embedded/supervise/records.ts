import { z } from "zod";
import { isAlive, type ProcessId } from "../processid";
import { privateFile, readJson } from "./files";

/** What is remembered of a process that was started. */
export interface ProcessRecord extends ProcessId {
  /** Hash of all that the process was started with: a change means that it must start anew. */
  readonly fingerprint: string;
}

const schema = z.record(z.string(), z.object({ pid: z.int().positive(), started: z.string(), fingerprint: z.string() }));

/** The processes of one room, by name, in one file. A process that was never started, or stopped in order, has no record. */
export class Records {
  public constructor(private readonly file: string) {}

  /** All records; an unreadable file counts as empty. */
  public all(): Readonly<Partial<Record<string, ProcessRecord>>> {
    const parsed = schema.safeParse(readJson(this.file) ?? {});
    return parsed.success ? parsed.data : {};
  }

  /** Remembers a process (or forgets it, with undefined). Called under the room's lock, so that no other write is lost. */
  public write(name: string, value: ProcessRecord | undefined): void {
    const records = { ...this.all() };
    if (value === undefined) delete records[name];
    else records[name] = value;
    privateFile(this.file, `${JSON.stringify(records, null, 2)}\n`);
  }
}

/** A process as people see it. */
export interface ProcessStatus<Name extends string = string> {
  readonly name: Name;
  /** Undefined where it was stopped or never started. */
  readonly pid: number | undefined;
  /** `dead`: it ended without being asked to. */
  readonly state: "running" | "dead" | "stopped";
  /** Its log file; that of the start before has the ending `.1`. */
  readonly log: string;
}

/** What a record and the system's table of processes say together. */
export function statusOf<Name extends string>(name: Name, record: ProcessRecord | undefined, log: string): ProcessStatus<Name> {
  const state = record === undefined ? "stopped" : isAlive(record) ? "running" : "dead";
  return { name, pid: record?.pid, state, log };
}
