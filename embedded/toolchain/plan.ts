import { formatSeconds } from "../console";
import { findGo, goRemedy } from "./gobuild";
import { downloadEffort, fallbackEffort } from "./make";
import type { Download, Recipe } from "./recipe";
import type { Context } from "./types";
import { ToolchainError } from "./types";
import { pythonProblem } from "./wheel";

/** The official release of a tool, when there is one for this platform and its sites answer. */
export function officialNow(context: Context, recipe: Recipe): readonly Download[] | undefined {
  const downloads = recipe.official?.(context.platform);
  return downloads?.every(({ host }) => context.hosts.usable(host)) ? downloads : undefined;
}

/** Asks the sites of the missing tools' official releases whether they answer. */
export async function probe(context: Context, missing: readonly Recipe[]): Promise<void> {
  const wanted = missing.flatMap((recipe) => recipe.official?.(context.platform) ?? []).map(({ host }) => host);
  const asked = context.hosts.unknown(wanted);
  if (asked.length === 0) return void (await context.hosts.probe(wanted, context.signal));
  const step = context.report.step("Asking the sites of official releases", 4);
  const silent = await context.hosts.probe(wanted, context.signal);
  const names = silent.map((host) => context.hosts.address(host, "")).join(", ");
  step.done(
    silent.length === 0
      ? "Official releases can be reached"
      : `No answer from ${names} (asked again in a day, or with TENANTSTACK_RETRY_DOWNLOADS=1)`,
  );
}

/** Says once, before anything long begins, what will be done, how long it takes, how much is downloaded and where it is kept. */
export function announce(context: Context, missing: readonly Recipe[]): void {
  const work = missing.filter((recipe) => recipe.fallback.kind !== "stand-in" || officialNow(context, recipe));
  if (work.length === 0) return;
  const parts = work.map((recipe) => {
    const downloads = officialNow(context, recipe);
    return {
      recipe,
      how: downloads ? "downloaded" : recipe.fallback.kind === "go" ? "built" : "taken from packages",
      ...(downloads ? downloadEffort(downloads) : fallbackEffort(recipe.fallback)),
    };
  });
  const seconds = parts.reduce((sum, part) => sum + part.seconds, 0);
  const megabytes = parts.reduce((sum, part) => sum + part.megabytes, 0);
  const groups = ["downloaded", "built", "taken from packages"].flatMap((how) => {
    const names = parts.filter((part) => part.how === how).map(({ recipe }) => recipe.name);
    return names.length > 0 ? [`${how}: ${names.join(", ")}`] : [];
  });
  context.report.note(
    `Tool chain, once: about ${formatSeconds(seconds)} and ${Math.round(megabytes)} MB of downloads, kept in ${context.cache} (build logs in logs/)`,
  );
  groups.forEach((group) => context.report.note(`  ${group}`));
}

function goProblem(context: Context, missing: readonly Recipe[]): string | undefined {
  const needing = missing.filter((recipe) => !officialNow(context, recipe) && ["go", "modules"].includes(recipe.fallback.kind));
  if (needing.length === 0 || findGo(context) !== undefined) return undefined;
  const hosts = needing.flatMap((recipe) => recipe.official?.(context.platform) ?? []).map(({ host }) => host);
  const silent = [...new Set(hosts)].filter((host) => !context.hosts.usable(host)).map((host) => context.hosts.address(host, ""));
  const names = needing.map(({ name, version }) => `${name} ${version}`).join(", ");
  const onPath = needing.filter((recipe) => recipe.onPath).map(({ name }) => name);
  return [
    `These tools are missing: ${names}. They are not on PATH,`,
    silent.length > 0
      ? `official releases cannot be downloaded (no answer from ${silent.join(", ")}),`
      : `there is no official release for ${context.platform.os},`,
    `and building them needs Go, which is not on PATH. ${goRemedy}`,
    ...(silent.length > 0 ? ["Or mend the connection to those sites and set TENANTSTACK_RETRY_DOWNLOADS=1."] : []),
    ...(onPath.length > 0 ? [`Programs of these names on PATH are used as they are: ${onPath.join(", ")}.`] : []),
  ].join(" ");
}

/**
 * Found out before minutes of other work: what cannot be made at all for want of Go or Python.
 * @throws ToolchainError with all that is wanting at once
 */
export function requireBuilders(context: Context, missing: readonly Recipe[]): void {
  const python = missing.map(({ fallback }) =>
    fallback.kind === "wheel" ? pythonProblem(context, fallback.requirement, fallback.program) : undefined,
  );
  const problems = [goProblem(context, missing), ...python].filter((problem) => problem !== undefined);
  if (problems.length > 0) throw new ToolchainError(problems.join("\n"));
}
