import fs from "node:fs";
import path from "node:path";
import { readJson, writeJson } from "./files";
import { run } from "./process";
import type { Context, ToolName } from "./types";

/** When a program found on PATH may be used. */
export interface PathRule {
  /** Arguments that make it print its version. */
  readonly ask: readonly string[];
  /** Finds the version in what it prints: three numbers in three groups. */
  readonly pattern: RegExp;
  /** Whether that version will do. */
  readonly accepts: (major: number, minor: number, patch: number) => boolean;
  /** Other programs that must be on PATH or beside it. */
  readonly beside?: readonly string[];
}

/** A program found on PATH; `version` is absent when it is of no use here. */
interface Judged {
  readonly path: string;
  readonly mtimeMs: number;
  readonly size: number;
  readonly version?: string;
}

const askMilliseconds = 10_000;

/** Every executable of that name on PATH, first one first. */
export function allOnPath(name: string, env: NodeJS.ProcessEnv): string[] {
  const folders = (env["PATH"] ?? "").split(path.delimiter).filter((folder) => path.isAbsolute(folder));
  return [...new Set(folders.map((folder) => path.join(folder, name)))].filter((file) => {
    try {
      fs.accessSync(file, fs.constants.X_OK);
      return fs.statSync(file).isFile();
    } catch {
      return false;
    }
  });
}

function hasBeside(file: string, rule: PathRule, env: NodeJS.ProcessEnv): boolean {
  return (rule.beside ?? []).every((name) => fs.existsSync(path.join(path.dirname(file), name)) || allOnPath(name, env).length > 0);
}

async function versionOf(context: Context, file: string, rule: PathRule): Promise<string | undefined> {
  try {
    // pulumi would otherwise ask the internet whether it is the newest.
    const env = { ...context.env, PULUMI_SKIP_UPDATE_CHECK: "true" };
    const text = await run(file, rule.ask, { env, signal: context.signal, limit: askMilliseconds });
    const found = rule.pattern.exec(text);
    return found && rule.accepts(Number(found[1]), Number(found[2]), Number(found[3])) ? `v${found[1]}.${found[2]}.${found[3]}` : undefined;
  } catch {
    // One that cannot even say its version is of no use; the next way serves.
    return undefined;
  }
}

/**
 * The first program on PATH that the rule accepts. A verdict is remembered with the file's time and size in `path.json` of the cache, because
 * asking a large program for its version takes up to a second.
 */
export async function findOnPath(context: Context, name: ToolName, rule: PathRule): Promise<{ path: string; version: string } | undefined> {
  const memoryFile = path.join(context.cache, "path.json");
  const memory = (readJson(memoryFile) as Record<string, Judged> | undefined) ?? {};
  for (const file of allOnPath(name, context.env)) {
    const { mtimeMs, size } = fs.statSync(file);
    let judged = memory[file];
    if (judged?.mtimeMs !== mtimeMs || judged.size !== size) {
      const version = await versionOf(context, file, rule);
      if (context.signal.aborted) return undefined;
      judged = { path: file, mtimeMs, size, ...(version === undefined ? {} : { version }) };
      memory[file] = judged;
      writeJson(memoryFile, memory);
    }
    if (judged.version !== undefined && hasBeside(file, rule, context.env)) return { path: file, version: judged.version };
  }
  return undefined;
}
