import fs from "node:fs";
import path from "node:path";
import type { Reporter } from "../console";
import { linked } from "../signals";
import { cacheFolder, ensureEntry, findEntry, sweep } from "./cache";
import type { Entry, Made } from "./cache";
import { findOnPath } from "./find";
import { OfficialHosts } from "./hosts";
import { makeFallback, makeOfficial } from "./make";
import { announce, officialNow, probe, requireBuilders } from "./plan";
import { recipes } from "./recipes";
import type { Recipe } from "./recipe";
import type { Context, Platform, Tool, ToolName } from "./types";
import { ToolchainError } from "./types";

/** What a caller of `ensureTools` may set. */
export interface EnsureOptions {
  readonly report: Reporter;
  /** Ends downloads and builds; nothing half-made stays. */
  readonly signal?: AbortSignal;
  /** Cache folder; `cacheFolder()` unless given. */
  readonly cache?: string;
}

/** What the surroundings give; tests put their own here. */
export interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly platform: Platform;
  readonly hosts: (cache: string) => OfficialHosts;
}

/** This machine in the words of download names. @throws ToolchainError on a platform none of the tools is made for. */
export function thisPlatform(os: string = process.platform, arch: string = process.arch): Platform {
  const names = { x64: "amd64", arm64: "arm64" } as const;
  if ((os === "linux" || os === "darwin") && (arch === "x64" || arch === "arm64")) return { os, arch: names[arch] };
  throw new ToolchainError(
    `The embedded cluster runs on Linux and macOS with x64 or arm64 processors; this is ${os} on ${arch}. On Windows use WSL 2, or your own cluster with --context NAME.`,
  );
}

function entryName(recipe: Recipe, { os, arch }: Platform): string {
  return recipe.portable ? `${recipe.name}-${recipe.version}` : `${recipe.name}-${recipe.version}-${os}-${arch}`;
}

function toolOf(context: Context, recipe: Recipe, entry: Entry): Tool {
  return {
    name: recipe.name,
    version: entry.version,
    path: path.join(context.cache, entryName(recipe, context.platform), entry.result),
    way: entry.way,
  };
}

/** A tool that needs no work: on PATH, or made by an earlier run. */
async function findTool(context: Context, recipe: Recipe): Promise<Tool | undefined> {
  const found = recipe.onPath && (await findOnPath(context, recipe.name, recipe.onPath));
  if (found)
    return {
      name: recipe.name,
      version: found.version,
      path: recipe.name === "pulumi" ? path.dirname(found.path) : found.path,
      way: "path",
    };
  const entry = findEntry(context.cache, entryName(recipe, context.platform));
  return entry && toolOf(context, recipe, entry);
}

/** Tries the official release; resolves with the reason when it is not to be had. */
async function tryOfficial(context: Context, recipe: Recipe, folder: string, scratch: string): Promise<Made | string> {
  const downloads = officialNow(context, recipe);
  if (!downloads) return "";
  try {
    return await makeOfficial(context, recipe, downloads, folder, scratch);
  } catch (error) {
    if (context.signal.aborted) throw error;
    fs.rmSync(folder, { recursive: true });
    fs.mkdirSync(folder);
    return error instanceof Error ? error.message : String(error);
  }
}

async function makeTool(context: Context, recipe: Recipe): Promise<Tool> {
  const { fallback } = recipe;
  const standIn: Tool | undefined =
    fallback.kind === "stand-in" ? { name: recipe.name, version: recipe.version, path: fallback.folder, way: "stand-in" } : undefined;
  if (standIn && !officialNow(context, recipe)) return standIn;
  try {
    const entry = await ensureEntry(context, entryName(recipe, context.platform), async (folder, scratch) => {
      const made = await tryOfficial(context, recipe, folder, scratch);
      if (typeof made !== "string") return made;
      if (fallback.kind === "stand-in") throw new NoOfficialPlugin();
      try {
        return await makeFallback(context, recipe, fallback, folder, scratch);
      } catch (error) {
        if (made === "" || !(error instanceof ToolchainError)) throw error;
        throw new ToolchainError(`${error.message}\nThe official release was not used: ${made}`, { cause: error });
      }
    });
    return toolOf(context, recipe, entry);
  } catch (error) {
    if (standIn && error instanceof NoOfficialPlugin) return standIn;
    throw error;
  }
}

/** The download failed and its reason was shown; the stand-in serves. */
class NoOfficialPlugin extends Error {}

async function ensureAll(context: Context, names: readonly ToolName[]): Promise<ReadonlyMap<ToolName, Tool>> {
  const found = new Map<ToolName, Tool>();
  for (const name of new Set(names)) {
    const tool = await findTool(context, recipes[name]);
    if (tool) found.set(name, tool);
  }
  const missing = [...new Set(names)].filter((name) => !found.has(name)).map((name) => recipes[name]);
  if (missing.length > 0) {
    await probe(context, missing);
    requireBuilders(context, missing);
    announce(context, missing);
  }
  // Builds last, so that whatever else fails does so before minutes are spent. One after the other: a Go build uses all processors, and
  // downloads would share one line.
  const isBuild = (recipe: Recipe) => Number(recipe.fallback.kind === "go" && !officialNow(context, recipe));
  for (const recipe of missing.toSorted((a, b) => isBuild(a) - isBuild(b))) found.set(recipe.name, await makeTool(context, recipe));
  return new Map(names.flatMap((name) => (found.has(name) ? [[name, found.get(name) as Tool]] : [])));
}

/** `ensureTools` with the surroundings given. */
export async function ensureToolsWith(
  names: readonly ToolName[],
  options: EnsureOptions,
  around: Surroundings,
): Promise<ReadonlyMap<ToolName, Tool>> {
  const cache = path.resolve(options.cache ?? cacheFolder());
  const interrupt = new AbortController();
  const stop = () => interrupt.abort();
  const { signal, release } = linked([options.signal, interrupt.signal]);
  // Builds run in process groups of their own, so the terminal's interrupt reaches only this process, which must pass it on.
  process.on("SIGINT", stop).on("SIGTERM", stop);
  try {
    fs.mkdirSync(path.join(cache, "logs"), { recursive: true });
    sweep(cache);
    const context: Context = {
      cache,
      env: around.env,
      platform: around.platform,
      report: options.report,
      signal,
      hosts: around.hosts(cache),
    };
    return await ensureAll(context, names);
  } catch (error) {
    if (signal.aborted)
      throw new ToolchainError(
        "Preparing the tool chain was interrupted. What was finished is kept, nothing half-made; run the same command again to go on.",
        { cause: error },
      );
    const { syscall, message } = error as NodeJS.ErrnoException;
    if (syscall !== undefined) {
      const remedy = "Free space there, make it writable, or set TENANTSTACK_CACHE to another folder, and run the same command again.";
      throw new ToolchainError(`The tool chain's cache folder ${cache} cannot be used: ${message}. ${remedy}`, { cause: error });
    }
    throw error;
  } finally {
    process.off("SIGINT", stop).off("SIGTERM", stop);
    release();
  }
}

/** The real surroundings: this process's environment, this machine, the projects' own sites. */
export function realSurroundings(): Surroundings {
  return { env: process.env, platform: thisPlatform(), hosts: (cache) => new OfficialHosts(cache) };
}
