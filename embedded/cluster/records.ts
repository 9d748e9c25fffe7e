import { z } from "zod";
import type { Layout, PartName } from "./layout";
import { partNames, privateFile, readJson } from "./layout";
import type { ProcessId } from "../processid";

/** What is remembered of a part that was started. */
export interface PartRecord extends ProcessId {
  /** Hash of the program, its arguments and the files it reads: a change means the part must start anew. */
  readonly fingerprint: string;
}

const record = z.object({ pid: z.int().positive(), started: z.string(), fingerprint: z.string() });
const schema = z.partialRecord(z.enum(partNames), record);

/** Records of the parts by name. A part that was never started, or stopped in order, has none. */
export type Records = Partial<Record<PartName, PartRecord>>;

/** Reads `processes.json`; an unreadable one counts as empty. */
export function readRecords(layout: Layout): Records {
  const parsed = schema.safeParse(readJson(layout.processes) ?? {});
  return parsed.success ? parsed.data : {};
}

/** Remembers a part (or forgets it, with undefined). Called under the lock, so that no other write is lost. */
export function writeRecord(layout: Layout, name: PartName, value: PartRecord | undefined): void {
  const records = { ...readRecords(layout) };
  if (value === undefined) delete records[name];
  else records[name] = value;
  privateFile(layout.processes, `${JSON.stringify(records, null, 2)}\n`);
}
