import fs from "node:fs";
import path from "node:path";
import { tenantNameProblem } from "./names";
import type { Problem } from "./problem";

/** Far above any tenant file (a thousand revoked tokens are 40 kB); a log or a dump that landed here is not read. */
const maxBytes = 128 * 1024;

/** A whole file is meant, not a place in it. */
export function fileProblem(file: string, rule: string, remedy: string, value = ""): Problem {
  return { file, line: 0, column: 0, path: "", value, rule, remedy };
}

const reasons: Readonly<Record<string, readonly [rule: string, remedy: string]>> = {
  ENOENT: ["does not exist", "Check the path, or the link that leads to it"],
  EACCES: ["may not be read", "Give yourself permission to read it"],
  EPERM: ["may not be read", "Give yourself permission to read it"],
  ENOTDIR: ["is not a folder", "Name the folder that holds the tenant files"],
  EISDIR: ["is a folder, not a file", "Rename it: a folder of a tenant is named like the tenant, without .yaml"],
  ELOOP: ["is a link to itself", "Replace the link by the file"],
};

function readProblem(file: string, error: unknown): Problem {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  const [rule, remedy] = reasons[code] ?? [`cannot be read (${code || String(error)})`, "Check the file system and try again"];
  return fileProblem(file, rule, remedy);
}

/** The text of a UTF-8 file without its byte order mark, or what is wrong with it. */
export function readText(absolute: string, file: string): { text: string } | Problem {
  let bytes: Buffer;
  try {
    const kind = fs.statSync(absolute);
    const { size } = kind;
    // A device or a pipe may have no end.
    if (!kind.isFile() && !kind.isDirectory()) return fileProblem(file, "is no file but a device or a pipe", "Replace it by the file");
    if (size > maxBytes)
      return fileProblem(
        file,
        `is ${size} bytes; a file here has at most ${maxBytes}`,
        "Move it out of the folder if it is no tenant file",
      );
    bytes = fs.readFileSync(absolute);
  } catch (error) {
    return readProblem(file, error);
  }
  return decodeText(bytes, file);
}

/** The text of a file's bytes, as `readText`. */
export function decodeText(bytes: Buffer, file: string): { text: string } | Problem {
  const text = bytes.toString("utf8").replace(/^\ufeff/, "");
  return badCharacter(bytes, text, file) ?? { text };
}

function badCharacter(bytes: Buffer, text: string, file: string): Problem | undefined {
  const match = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]|\ufffd|\r(?!\n)/.exec(text);
  if (match === null) return undefined;
  const before = text.slice(0, match.index).split("\n");
  const place = { file, line: before.length, column: (before.at(-1) ?? "").length + 1, path: "", value: "" };
  const isWide =
    bytes.subarray(0, 2).equals(Buffer.from([0xff, 0xfe])) ||
    bytes.subarray(0, 2).equals(Buffer.from([0xfe, 0xff])) ||
    match[0] === "\u0000";
  if (match[0] === "\r" && !isWide)
    return {
      ...place,
      rule: "must end its lines with LF or CRLF, not with a lone carriage return",
      remedy: "Save the file with Unix line ends",
    };
  if (match[0] !== "\ufffd" && !isWide)
    return { ...place, rule: "must not hold control characters", remedy: "Remove the invisible character at this place" };
  return { ...place, rule: "must be UTF-8 text", remedy: `Save the file as UTF-8${isWide ? " (it looks like UTF-16)" : ""}` };
}

export interface TenantFolder {
  /** Names of tenants that have a file, sorted. */
  readonly names: readonly string[];
  /** Entries that are no tenant files and are not read, sorted. */
  readonly ignored: readonly string[];
  readonly problems: readonly Problem[];
}

/** What lies in a folder of tenant files. Folders (dashboards of a tenant, other cells), dot files, schema and README are none of it. */
export function listFolder(absolute: string, label: string): TenantFolder {
  let entries: string[];
  try {
    entries = fs.readdirSync(absolute).sort();
  } catch (error) {
    return { names: [], ignored: [], problems: [readProblem(label, error)] };
  }
  const names: string[] = [];
  const ignored: string[] = [];
  const problems: Problem[] = [];
  for (const entry of entries.filter((candidate) => !candidate.startsWith("."))) {
    const found = classify(absolute, label, entry);
    if (found === "tenant") names.push(entry.slice(0, -".yaml".length));
    else if (found === "ignored") ignored.push(entry);
    else if (found !== "folder") problems.push(found);
  }
  return { names, ignored, problems };
}

function classify(folder: string, label: string, entry: string): "tenant" | "folder" | "ignored" | Problem {
  const { name, ext } = path.parse(entry);
  // Names of files may hold what a terminal obeys.
  const shown = name.replace(/\p{C}/gu, "\ufffd");
  const file = `${label}/${shown}${ext}`;
  if (!/^\.ya?ml$/i.test(ext)) {
    const isFolder = fs.statSync(path.join(folder, entry), { throwIfNoEntry: false })?.isDirectory() === true;
    return isFolder ? "folder" : "ignored";
  }
  if (ext !== ".yaml") return fileProblem(file, "must end in .yaml", `Rename it to ${shown}.yaml`);
  const problem = tenantNameProblem(name);
  return problem === undefined
    ? "tenant"
    : fileProblem(file, `has no good name for a tenant: ${shown} ${problem}`, `Rename the file, for example to ${goodName(name)}.yaml`);
}

function goodName(name: string): string {
  const candidate = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+/, "")
    .slice(0, 30)
    .replace(/-+$/, "");
  return tenantNameProblem(candidate) === undefined ? candidate : "shop";
}
