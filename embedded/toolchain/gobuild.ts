import fs from "node:fs";
import path from "node:path";
import { formatSeconds } from "../console";
import { allOnPath } from "./find";
import { CommandError, run } from "./process";
import type { Context } from "./types";
import { ToolchainError } from "./types";

/** A program that is built from a published Go module. */
export interface GoCommand {
  /** Name of the executable. */
  readonly program: string;
  readonly module: string;
  readonly version: string;
  /** Import path of the command. */
  readonly package: string;
  /** Go variables set at link time. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Build tags, comma-separated. */
  readonly tags?: string;
  /** Version that replaces the module's replaces by local folders; without it those are dropped. */
  readonly localReplaces?: string;
  /** Further replaces, `old=new@version`. */
  readonly replaces?: readonly string[];
  /** False: build with `-mod=mod` at once, because `go mod tidy` is known to fail. */
  readonly tidy?: boolean;
  /** What a first build takes on two cores. */
  readonly seconds: number;
  /** About what Go downloads for it. */
  readonly megabytes: number;
}

/** What `go mod download -json` tells about a module. */
interface Downloaded {
  readonly Dir?: string;
  readonly Zip?: string;
  readonly Error?: string;
}

const downloadMilliseconds = 10 * 60_000;
const buildMilliseconds = 60 * 60_000;

/** Oldest Go that the pinned modules accept without another tool chain: kwok's go.mod says 1.26. */
export const goWanted = "1.26";
const whereGo = `Install Go ${goWanted} or later (https://go.dev/dl/, or \`brew install go\` on macOS), so that \`go\` is on PATH`;

/** What to install where Go is missing. */
export const goRemedy = `${whereGo}, and run the same command again.`;

/** The `go` on PATH; undefined when there is none. */
export function findGo(context: Context): string | undefined {
  return allOnPath("go", context.env)[0];
}

function goEnvironment(context: Context): NodeJS.ProcessEnv {
  // GOWORK: a workspace file above the cache folder must not take part. All else (GOFLAGS, GOPROXY, GOTOOLCHAIN) is the user's.
  return { ...context.env, CGO_ENABLED: "0", GOWORK: "off" };
}

function tooOld(text: string): string | undefined {
  const refusal =
    /requires go >= ([\d.]+) \(running go ([\d.]+)/.exec(text) ?? /invalid go version|unknown directive: toolchain/.exec(text);
  if (!refusal) return undefined;
  return `Go is too old${refusal[1] ? `: this is Go ${refusal[2]}, at least ${refusal[1]} is needed` : ""}. ${goRemedy}`;
}

function explain(command: GoCommand, error: unknown, log: string): ToolchainError {
  const what = `Building ${command.program} ${command.version} from the Go module ${command.module} failed`;
  if (!(error instanceof CommandError))
    return new ToolchainError(`${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  const old = tooOld(error.tail);
  if (old) return new ToolchainError(`${what}. ${old}`, { cause: error });
  const tail = error.tail.replace(/^/gm, "    ");
  return new ToolchainError(`${what} (${error.message}). Whole log: ${log}. Its end:\n${tail}`, { cause: error });
}

/**
 * Downloads a module through Go, which checks it against Go's checksum database.
 * `Zip` is there even when this Go is too old to import the module; `Dir` only when it is not.
 */
export async function downloadModule(context: Context, go: string, module: string, cwd: string): Promise<Downloaded> {
  const options = { env: goEnvironment(context), signal: context.signal, limit: downloadMilliseconds, cwd };
  let text = "";
  try {
    text = await run(go, ["mod", "download", "-json", module], options);
  } catch (error) {
    // It ends with code 1 and still prints its JSON when only the Go version is wrong; CommandError keeps the end of what it printed.
    if (!(error instanceof CommandError) || context.signal.aborted) throw error;
    text = /\{.*\}/s.exec(error.tail)?.[0] ?? "";
    if (text === "") throw error;
  }
  return JSON.parse(text) as Downloaded;
}

interface Replace {
  readonly Old: { readonly Path: string; readonly Version?: string };
  readonly New: { readonly Path: string };
}

function replaceFlags(command: GoCommand, goMod: string): string[] {
  const { Replace } = JSON.parse(goMod) as { Replace?: readonly Replace[] | null };
  const local = (Replace ?? []).filter((replace) => replace.New.Path.startsWith("."));
  const mended = local.flatMap(({ Old }) => {
    const old = Old.Version ? `${Old.Path}@${Old.Version}` : Old.Path;
    return command.localReplaces ? [`-replace=${old}=${Old.Path}@${command.localReplaces}`] : [`-dropreplace=${old}`];
  });
  return [...mended, ...(command.replaces ?? []).map((replace) => `-replace=${replace}`)];
}

/** Copies go.mod and go.sum out of Go's cache, where they are read-only. */
function copyModuleFiles(from: string, to: string): void {
  for (const file of ["go.mod", "go.sum"]) {
    const source = path.join(from, file);
    fs.writeFileSync(path.join(to, file), fs.existsSync(source) ? fs.readFileSync(source) : "");
  }
}

/**
 * Builds a command into `target`, in the folder `work`, logging to `log`. `go install module@version` refuses modules with replaces, so a wrapper
 * module takes over the module's own go.mod (its exact versions) and imports the command.
 * @throws ToolchainError with the end of the log.
 */
export async function goBuild(context: Context, go: string, command: GoCommand, work: string, target: string, log: string): Promise<void> {
  const step = context.report.step(`Building ${command.program} ${command.version} with Go`, command.seconds);
  const began = Date.now();
  fs.rmSync(log, { force: true });
  let packages = 0;
  const onErrorOutput = (text: string) => step.progress(`${(packages += text.split("\n").length - 1)} packages`);
  const invoke = (args: readonly string[], cwd = work) =>
    run(go, args, { env: goEnvironment(context), signal: context.signal, limit: buildMilliseconds, cwd, log });
  try {
    const { Dir, Error: refusal } = await downloadModule(context, go, `${command.module}@${command.version}`, work);
    if (Dir === undefined) throw new CommandError("go mod download", refusal ?? "no folder", refusal ?? "");
    const prepare = async () => {
      copyModuleFiles(Dir, work);
      await invoke(["mod", "edit", `-module=local/${command.program}`, `-require=${command.module}@${command.version}`]);
      const flags = replaceFlags(command, await invoke(["mod", "edit", "-json"]));
      if (flags.length > 0) await invoke(["mod", "edit", ...flags]);
    };
    await prepare();
    fs.writeFileSync(path.join(work, "tools.go"), `//go:build tools\n\npackage tools\n\nimport _ "${command.package}"\n`);
    const tidied = command.tidy !== false && (await tidy(context, () => invoke(["mod", "tidy"])));
    if (!tidied) await prepare();
    const variables = Object.entries(command.variables ?? {}).map(([name, value]) => ` -X ${name}=${value}`);
    const flags = [
      "-v",
      "-trimpath",
      "-buildvcs=false",
      ...(tidied ? [] : ["-mod=mod"]),
      ...(command.tags ? ["-tags", command.tags] : []),
      "-ldflags",
      `-s -w${variables.join("")}`,
    ];
    const options = { env: goEnvironment(context), signal: context.signal, limit: buildMilliseconds, cwd: work, log, onErrorOutput };
    await run(go, ["build", ...flags, "-o", target, command.package], options);
    step.done(`Built ${command.program} ${command.version} with Go in ${formatSeconds((Date.now() - began) / 1000)}`);
  } catch (error) {
    step.fail(context.signal.aborted ? "interrupted" : "failed");
    throw explain(command, error, log);
  }
}

/** Tidying also asks for the tests of dependencies, which need not be published: then the build goes on without. */
async function tidy(context: Context, invoke: () => Promise<string>): Promise<boolean> {
  try {
    await invoke();
    return true;
  } catch (error) {
    if (context.signal.aborted || (error instanceof CommandError && tooOld(error.tail))) throw error;
    return false;
  }
}
