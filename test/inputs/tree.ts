import type { Random } from "./random";

/** A group or a value of a YAML file that is about to be written. `raw` is text as it will stand behind the colon. */
export interface Entry {
  readonly key: string;
  readonly raw?: string;
  /** A list with an item a line. */
  readonly items?: readonly string[];
  readonly entries?: readonly Entry[];
  /** A group on one line, in braces. */
  readonly inFlow?: boolean;
  /** What a test looks for again after writing. */
  readonly mark?: string;
  /** Which item the mark means, instead of the key. */
  readonly markedItem?: number;
}

export interface Written {
  readonly text: string;
  /** 1-based lines of marked entries. */
  readonly lines: ReadonlyMap<string, number>;
}

/** Entries of plain values, as their own text: strings bare where they may be. */
export function entriesOf(value: Readonly<Record<string, unknown>>): Entry[] {
  return Object.entries(value).map(([key, one]) =>
    one !== null && typeof one === "object" && !Array.isArray(one)
      ? { key, entries: entriesOf(one as Record<string, unknown>) }
      : Array.isArray(one)
        ? { key, items: one.map(rawOf) }
        : { key, raw: rawOf(one) },
  );
}

function rawOf(value: unknown): string {
  return typeof value === "string" && /^[A-Za-z0-9][A-Za-z0-9@._/-]*$/.test(value) && !/^(true|false|null|[\d.]+)$/.test(value)
    ? value
    : JSON.stringify(value);
}

/** Writes entries as people do: any order of keys, groups in braces or below each other, comments and empty lines. */
export function write(entries: readonly Entry[], random: Random): Written {
  const writer = new Writer(random);
  if (random.chance(0.3)) writer.line("# yaml-language-server: $schema=./tenant.schema.json");
  writer.block(entries, 0);
  const end = random.chance(0.15) ? "\r\n" : "\n";
  return { text: writer.lines.map((line) => line + end).join(""), lines: writer.marks };
}

class Writer {
  public readonly lines: string[] = [];
  public readonly marks = new Map<string, number>();

  public constructor(private readonly random: Random) {}

  public line(text: string): void {
    this.lines.push(text);
  }

  public block(entries: readonly Entry[], depth: number): void {
    for (const entry of entries) this.entry(entry, "  ".repeat(depth), depth);
  }

  private entry(entry: Entry, indent: string, depth: number): void {
    if (this.random.chance(0.05)) this.line(this.random.pick(["", `${indent}# tier: huge`, "#"]));
    this.mark(entry, this.lines.length + 1);
    const { entries, items } = entry;
    if (entries !== undefined && entries.length > 0 && entry.inFlow !== true) {
      this.line(`${indent}${entry.key}:`);
      return this.block(entries, depth + 1);
    }
    if (items !== undefined && items.length > 0 && (entry.markedItem !== undefined || this.random.chance(0.5))) {
      this.line(`${indent}${entry.key}:`);
      items.forEach((item, index) => {
        if (index === entry.markedItem) this.mark(entry, this.lines.length + 1);
        this.line(`${indent}  - ${item}`);
      });
      return;
    }
    this.line(`${indent}${this.inline(entry)}${this.random.chance(0.05) ? " # see the wiki" : ""}`);
  }

  /** On one line. */
  private inline(entry: Entry): string {
    const line = this.lines.length + 1;
    this.mark(entry, line);
    if (entry.entries !== undefined) return `${entry.key}: {${entry.entries.map((one) => this.inline(one)).join(", ")}}`;
    if (entry.items !== undefined) return `${entry.key}: [${entry.items.join(", ")}]`;
    return `${entry.key}: ${entry.raw ?? ""}`.trimEnd();
  }

  private mark(entry: Entry, line: number): void {
    if (entry.mark !== undefined) this.marks.set(entry.mark, line);
  }
}

/** The entries with their keys in another order, at every level, and some groups in braces. */
export function shuffled(entries: readonly Entry[], random: Random, inFlow = false): Entry[] {
  return random.shuffled(entries).map((entry) => {
    if (entry.entries === undefined) return entry;
    const flow = inFlow || random.chance(0.4);
    return { ...entry, inFlow: flow, entries: shuffled(entry.entries, random, flow) };
  });
}

/** The group at a path; [] is the file. */
export function entryAt(entries: readonly Entry[], path: readonly string[]): Entry | undefined {
  const [key, ...rest] = path;
  const found = entries.find((entry) => entry.key === key);
  return rest.length === 0 || found === undefined ? found : entryAt(found.entries ?? [], rest);
}

/** The entries with the list of the group at `path` put through `change`. */
export function changed(entries: readonly Entry[], path: readonly string[], change: (of: readonly Entry[]) => readonly Entry[]): Entry[] {
  const [key, ...rest] = path;
  if (key === undefined) return [...change(entries)];
  return entries.map((entry) => (entry.key === key ? { ...entry, entries: changed(entry.entries ?? [], rest, change) } : entry));
}

/** The entries with one of them put through `change`. */
export function changedEntry(entries: readonly Entry[], path: readonly string[], change: (of: Entry) => readonly Entry[]): Entry[] {
  const key = path.at(-1);
  return changed(entries, path.slice(0, -1), (group) => group.flatMap((entry) => (entry.key === key ? change(entry) : [entry])));
}
