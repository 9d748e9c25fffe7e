import { randomBytes } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { parse, parseDocument } from "yaml";
import { runPulumi, type EnginePlaces, type PulumiResult } from "../embedded/engine";
import { installStandIns, type StandIn } from "../embedded/providers/install";
import type { Tool, ToolName } from "../embedded/toolchain";
import { settingsNamespace } from "../model/settings";
import { textHash } from "../model/text";
import { plugins } from "../model/versions";
import { checkpointFile } from "./checkpoint";
import { root } from "./paths";

/** A stack of this checkout with everything the engine needs: state, plugins and passphrase in one folder, and the cluster it declares on. */
export interface LocalStack {
  readonly name: "dev";
  readonly places: EnginePlaces;
  readonly kubeconfig: string;
  /** A copy of Pulumi.dev.yaml: the engine writes its encryption salt into it, which is this folder's and not the repository's. */
  readonly configFile: string;
  /** Which provider plugins are in use, e.g. `kubernetes 4.34.2 (stand-in)`. */
  readonly providers: readonly string[];
}

/** Settings that differ from Pulumi.dev.yaml, by key without namespace, as text or JSON. */
export type Overrides = Readonly<Record<string, unknown>>;

export interface StackOptions {
  /** Folder of this stack's state. */
  readonly dir: string;
  readonly tools: ReadonlyMap<ToolName, Tool>;
  readonly kubeconfig: string;
  readonly overrides?: Overrides;
  /** Settings that are secrets, in clear; the settings file gets them encrypted. */
  readonly secrets?: Readonly<Record<string, string>>;
}

/** Where the engine keeps the state of the stack whose folder is `dir`. */
export const stateOf = (dir: string): string => path.join(dir, "state");

/** Puts plugins, state folder, passphrase and settings in place. Repeating it changes nothing. */
export async function prepareStack(options: StackOptions): Promise<LocalStack> {
  const { dir, tools } = options;
  const home = path.join(dir, "pulumi");
  const backend = stateOf(dir);
  for (const folder of [dir, home, backend]) fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const providers = installPlugins(home, tools);
  const places = { home, backend, passphrase: passphrase(dir), pulumiFolder: need(tools, "pulumi").path };
  const configFile = path.join(dir, "Pulumi.dev.yaml");
  writeConfig(configFile, options.overrides ?? {});
  const stack: LocalStack = { name: "dev", places, kubeconfig: options.kubeconfig, configFile, providers };
  await createStack(stack, dir);
  await encryptSettings(stack, options.secrets ?? {});
  return stack;
}

function need(tools: ReadonlyMap<ToolName, Tool>, name: ToolName): Tool {
  const tool = tools.get(name);
  if (tool === undefined) throw new Error(`${name} is missing from the tool chain that was asked for`);
  return tool;
}

function installPlugins(home: string, tools: ReadonlyMap<ToolName, Tool>): string[] {
  const said: string[] = [];
  for (const [name, version] of Object.entries(plugins)) {
    const tool = need(tools, `plugin-${name}` as ToolName);
    said.push(`${name} ${version} (${tool.way === "official" ? "official plugin" : "stand-in"})`);
    if (tool.way !== "official") continue;
    const place = path.join(home, "plugins", `resource-${name}-v${version}`);
    fs.mkdirSync(path.dirname(place), { recursive: true });
    fs.rmSync(place, { recursive: true, force: true });
    fs.symlinkSync(tool.path, place);
  }
  const standIns = (Object.keys(plugins) as StandIn[]).filter((name) => need(tools, `plugin-${name}`).way !== "official");
  if (standIns.length > 0) installStandIns(home, standIns);
  return said;
}

/** Encrypts secrets in the state. Made once; whoever can read this file can read the state, so both are private to the user. */
function passphrase(dir: string): string {
  const file = path.join(dir, "passphrase");
  try {
    return fs.readFileSync(file, "utf8");
  } catch {
    const made = randomBytes(32).toString("base64url");
    fs.writeFileSync(file, made, { mode: 0o600, flag: "wx" });
    return made;
  }
}

/** Writes the copy anew from Pulumi.dev.yaml; only what the engine encrypted stays as it is: its salt, and settings that are secrets. */
function writeConfig(file: string, overrides: Overrides): void {
  const document = parseDocument(fs.readFileSync(path.join(root, "Pulumi.dev.yaml"), "utf8"));
  for (const [key, value] of Object.entries(overrides)) document.setIn(["config", `${settingsNamespace}:${key}`], value);
  const before = readSettings(file);
  for (const [key, value] of Object.entries(before.config ?? {})) if (isEncrypted(value)) document.setIn(["config", key], value);
  if (typeof before.encryptionsalt === "string") document.set("encryptionsalt", before.encryptionsalt);
  const text = document.toString();
  const aside = `${file}.${process.pid}`;
  fs.writeFileSync(aside, text, { mode: 0o600 });
  fs.renameSync(aside, file);
}

interface SettingsFile {
  readonly config?: Readonly<Record<string, unknown>>;
  readonly encryptionsalt?: unknown;
}

/** The copy as it is; empty before the first run, when the engine has made no salt yet. */
function readSettings(file: string): SettingsFile {
  try {
    return (parse(fs.readFileSync(file, "utf8")) ?? {}) as SettingsFile;
  } catch {
    return {};
  }
}

const isEncrypted = (value: unknown): boolean => typeof value === "object" && value !== null && "secure" in value;

/**
 * Lets the engine encrypt secrets into the settings file. That takes it half a second each, so it is done only when one is missing there, or when they
 * differ from those that were encrypted: beside the file lies a hash of them, with the salt, so that a file made anew is not taken for done.
 */
async function encryptSettings(stack: LocalStack, secrets: Readonly<Record<string, string>>): Promise<void> {
  const names = Object.keys(secrets);
  if (names.length === 0) return;
  const mark = `${stack.configFile}.secrets`;
  const { config = {}, encryptionsalt } = readSettings(stack.configFile);
  const wanted = textHash(JSON.stringify([secrets, encryptionsalt]));
  const done = names.every((name) => isEncrypted(config[`${settingsNamespace}:${name}`]));
  if (done && fs.existsSync(mark) && fs.readFileSync(mark, "utf8") === wanted) return;
  for (const [name, input] of Object.entries(secrets)) {
    const set = await pulumi(stack, ["config", "set", "--secret", `${settingsNamespace}:${name}`], { timeoutSeconds: 60, input });
    if (set.code !== 0) throw new Error(`pulumi config set --secret ${name} failed:\n${set.stderr}`);
  }
  const salt = readSettings(stack.configFile).encryptionsalt;
  fs.writeFileSync(mark, textHash(JSON.stringify([secrets, salt])), { mode: 0o600 });
}

export interface PulumiOptions {
  readonly onOutput?: (text: string) => void;
  readonly signal?: AbortSignal;
  /** Seconds until the engine is told to stop; default 1,800. */
  readonly timeoutSeconds?: number;
  readonly cwd?: string;
  /** Standard input of the command. */
  readonly input?: string;
}

/** One `pulumi` command on a stack: its exit code and what it printed. */
export async function pulumi(stack: LocalStack, args: readonly string[], options: PulumiOptions = {}): Promise<PulumiResult> {
  return runPulumi([...args, "--stack", stack.name, ...configArgs(stack, args)], {
    ...stack.places,
    cwd: options.cwd ?? root,
    timeoutSeconds: options.timeoutSeconds ?? 1800,
    environment: { KUBECONFIG: stack.kubeconfig },
    ...(options.input !== undefined && { input: options.input }),
    ...(options.onOutput && { onOutput: options.onOutput }),
    ...(options.signal && { signal: options.signal }),
  });
}

/** Commands that read settings take the copy; the others do not know the flag. */
function configArgs(stack: LocalStack, args: readonly string[]): string[] {
  return ["up", "preview", "destroy", "refresh", "config"].includes(args[0] ?? "") ? ["--config-file", stack.configFile] : [];
}

/**
 * Makes the stack in its state folder, once. `stack init` has no flag for the settings file, so it runs beside the copy, in a project of the same
 * name: the salt that it writes lands there and not in the repository.
 */
async function createStack(stack: LocalStack, dir: string): Promise<void> {
  if (fs.existsSync(checkpointFile(stack.places.backend))) return;
  fs.writeFileSync(path.join(dir, "Pulumi.yaml"), "name: tenantstack\nruntime: nodejs\n");
  const made = await pulumi(stack, ["stack", "init", "--no-select"], { cwd: dir, timeoutSeconds: 60 });
  if (made.code !== 0 && !made.stderr.includes("already exists"))
    throw new Error(`pulumi stack init ${stack.name} failed:\n${made.stderr}`);
}

/** Whether the last run was cut off in the middle of an operation: asked of the file, because an engine takes a second to say so. */
export function leavesPending(stack: LocalStack): boolean {
  const read = JSON.parse(fs.readFileSync(checkpointFile(stack.places.backend), "utf8")) as {
    checkpoint?: { latest?: { pending_operations?: unknown[] } | null };
  };
  return (read.checkpoint?.latest?.pending_operations ?? []).length > 0;
}

/** The stack's outputs as the last `up` left them; `secrets` shows them in plain text. */
export async function outputs(stack: LocalStack, secrets = false): Promise<Record<string, unknown>> {
  const shown = await pulumi(stack, ["stack", "output", "--json", ...(secrets ? ["--show-secrets"] : [])], { timeoutSeconds: 60 });
  if (shown.code !== 0) throw new Error(`the stack's outputs could not be read:\n${shown.stderr}`);
  return JSON.parse(shown.stdout) as Record<string, unknown>;
}
