import type { Command } from "commander";
import fs from "node:fs";
import path from "node:path";
import { planCapacity } from "../model/capacity";
import { capacityProblems } from "../model/capacity-problems";
import type { CapacityOptions, CapacityPlan } from "../model/capacity";
import { capacityTable } from "../model/capacity-table";
import { fileProblem, readText } from "../model/files";
import { loadTenants } from "../model/load";
import { InputError } from "../model/problem";
import type { Settings } from "../model/settings";
import { parseSettingsFile } from "../model/settingsplaces";
import { root } from "./paths";
import { filesOf } from "./plan";

interface Options {
  readonly stack: string;
  readonly base?: string;
  readonly size?: string;
  readonly zones?: string;
  readonly buffer?: string;
}

/** Registers `capacity`: what the tenants' limits ask of the shared cluster, against a commit if one is named. Exit code 1 when they do not fit. */
export function register(program: Command): void {
  program
    .command("capacity")
    .description("Say what the tenants' limits ask of the cluster: replicas, CPU, memory, volumes, nodes, headroom; no cluster needed")
    .option("--base <commit>", "also say what changes against the tenant files of a commit")
    .option("--stack <name>", "whose settings (Pulumi.<name>.yaml) say size and zones", "dev")
    .option("--size <size>", "as if cluster.size were single or distributed")
    .option("--zones <count>", "as if there were so many availability zones")
    .option("--buffer <percent>", "what to plan above expected use (default 50; size distributed only)")
    .action((options: Options) => {
      const { text, problems } = capacity(root, options);
      process.stdout.write(text);
      if (problems.length > 0) throw new InputError(problems);
    });
}

/** The text of `capacity`, and what the plan cannot hold. Throws InputError for wrong options, settings or tenant files. */
export function capacity(projectRoot: string, options: Options): { text: string; problems: ReturnType<typeof capacityProblems> } {
  const how = numbers(options);
  const settings = sized(settingsOf(projectRoot, options.stack), options.size);
  const plan = planOf(projectRoot, settings, how);
  const base = options.base === undefined ? undefined : { name: options.base, plan: planAt(options.base, settings, how) };
  return { text: capacityTable(plan, base), problems: capacityProblems(plan) };
}

function planOf(projectRoot: string, settings: Settings, how: CapacityOptions): CapacityPlan {
  return planCapacity(loadTenants(settings.tenants, { projectRoot }).tenants, settings, how);
}

function planAt(base: string, settings: Settings, how: CapacityOptions): CapacityPlan {
  const copy = path.dirname(filesOf(base));
  try {
    return planOf(copy, settings, how);
  } finally {
    fs.rmSync(copy, { recursive: true, force: true });
  }
}

/** The settings of a stack out of its file, without the engine: secrets in it stay closed. */
function settingsOf(projectRoot: string, stack: string): Settings {
  const file = `Pulumi.${stack}.yaml`;
  const source = /^[\w.-]+$/.test(stack) ? readText(path.join(projectRoot, file), file) : undefined;
  if (source === undefined || !("text" in source))
    throw new InputError([fileProblem(file, "could not be read", "Name a stack that has a file of settings here with --stack")]);
  return parseSettingsFile(source.text, stack);
}

function sized(settings: Settings, size: string | undefined): Settings {
  if (size === undefined) return settings;
  if (size !== "single" && size !== "distributed")
    throw wrongOption("--size", size, "must be single or distributed", "Write --size distributed");
  return { ...settings, cluster: { ...settings.cluster, size } };
}

function numbers({ zones, buffer }: Options): CapacityOptions {
  return {
    ...(zones !== undefined && { zones: wholeNumber("--zones", zones, 1, 6) }),
    ...(buffer !== undefined && { buffer: wholeNumber("--buffer", buffer, 0, 1000) / 100 }),
  };
}

function wholeNumber(option: string, text: string, least: number, most: number): number {
  const value = /^\d{1,4}$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  throw wrongOption(option, text, `must be a whole number from ${least} to ${most}`, `Write for example ${option} ${Math.max(least, 3)}`);
}

function wrongOption(option: string, value: string, rule: string, remedy: string): InputError {
  return new InputError([{ file: option, line: 0, column: 0, path: "", value, rule, remedy }]);
}
