import type { Command } from "commander";
import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import type { PulumiResult } from "../embedded/engine";
import { consoleReporter } from "../embedded/console";
import { openCluster } from "./cluster";
import { UserError } from "./errors";
import { existingStack } from "./local";
import { deadLocks, removeDeadLocks, runsPulumi } from "./locks";
import { root, stateFolder } from "./paths";
import { lockIn, told, type Step } from "./pending";
import { EngineError, look, repair, type Engine } from "./settle";
import { pulumi } from "./stack";

interface RepairOptions {
  readonly stack?: string;
  readonly context?: string;
  readonly yes?: boolean;
  readonly unlock?: boolean;
}

/** Registers `repair`: what an `up` that was killed has left in a stack, and with --yes its end. */
export function register(program: Command): void {
  program
    .command("repair")
    .description(
      "Say what a killed `pulumi up` has left in a stack (lock, operations nobody knows the end of), and with --yes put it right",
    )
    .option("--stack <name>", "a stack of your own, with the pulumi on your PATH; without it the stack of npm start")
    .option("--context <name>", "context of your kubeconfig for the cluster that the stack declares on")
    .option("--unlock", "also remove the lock of an engine on another machine: only once you know that it ended")
    .option("--yes", "do it; without it nothing is changed")
    .action(async (options: RepairOptions) => {
      process.exitCode = await run(options, (line) => void process.stdout.write(`${line}\n`));
    });
}

async function run(options: RepairOptions, say: (line: string) => void): Promise<number> {
  const { engine, backend } =
    options.stack === undefined ? await localStack(options.context) : { engine: ownStack(options.stack), backend: undefined };
  const isEmbedded = options.stack === undefined && options.context === undefined;
  const dead = backend === undefined ? [] : deadLocks(backend);
  for (const { pid } of dead)
    say(`The engine with process number ${pid} was killed${options.yes === true ? "; its lock is removed." : " and left its lock."}`);
  if (backend !== undefined && options.yes === true) removeDeadLocks(backend);
  const client = options.context === undefined && !isEmbedded ? undefined : (await openCluster(options.context, stateFolder)).client;
  const found = await look(engine, client);
  for (const step of found.steps) say(told(step));
  if (client === undefined && found.steps.some(({ what }) => what === "unknown"))
    say("With --context the cluster is asked for its objects.");
  if (options.yes !== true) return preview(found.steps, dead.length);
  await unlocking(options, say, engine, () => repair(engine, found, client));
  const left = found.steps.filter(({ what }) => what === "unknown").length;
  say(
    left === 0
      ? "Done: nothing is pending. Run npm start or pulumi up to go on."
      : `${left} left for a person, as said above; pulumi up warns of them until then.`,
  );
  return left === 0 ? 0 : 1;
}

function preview(steps: readonly Step[], locks: number): number {
  const isFine = steps.length === 0 && locks === 0;
  process.stdout.write(
    isFine ? "Nothing to repair: no operation is pending.\n" : "Nothing was changed. Run it again with --yes to do this.\n",
  );
  return isFine ? 0 : 1;
}

/** Does `work`; where a lock stands in its way whose engine is known to be dead (or is said to be, with --unlock), removes it and does it again. */
async function unlocking(options: RepairOptions, say: (line: string) => void, engine: Engine, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const lock = error instanceof EngineError ? lockIn(error.text) : undefined;
    if (lock === undefined) throw error;
    const who = `${lock.user}@${lock.host} (process ${lock.pid}) since ${lock.since}`;
    const isHere = lock.host === os.hostname();
    if (isHere && runsPulumi(lock.pid)) throw new UserError(`The stack is locked by ${who}, which runs: wait until it has ended.`);
    if (!isHere && options.unlock !== true)
      throw new UserError(
        `The stack is locked by ${who}, on another machine. Make sure that it has ended (a cancelled CI job has), then run this again with --unlock.`,
      );
    say(`The lock of ${who} is removed.`);
    const done = await engine(["cancel", "--yes"]);
    if (done.code !== 0) throw new UserError(`pulumi cancel failed:\n${done.stderr}`);
    await work();
  }
}

async function localStack(context: string | undefined): Promise<{ engine: Engine; backend: string }> {
  if (!fs.existsSync(path.join(stateFolder))) throw new UserError("There is no stack of npm start here. Name one of yours with --stack.");
  const stack = await existingStack(consoleReporter(), context);
  const engine: Engine = (args, input) => pulumi(stack, args, input === undefined ? {} : { input });
  return { engine, backend: stack.places.backend };
}

/** `pulumi` as the user has it: its own login, its own secrets provider. */
function ownStack(name: string): Engine {
  return (args, input) =>
    new Promise<PulumiResult>((resolve, reject) => {
      const child = spawn("pulumi", [...args, "--stack", name, "--non-interactive"], { cwd: root, stdio: "pipe" });
      child.stdin.on("error", () => undefined).end(input);
      const output = { stdout: "", stderr: "" };
      for (const stream of ["stdout", "stderr"] as const)
        child[stream].setEncoding("utf8").on("data", (text: string) => void (output[stream] += text));
      child.once("error", (error) => reject(new UserError(`pulumi cannot be run: ${error.message}. Install it, or put it on your PATH.`)));
      child.once("close", (code) => resolve({ ...output, code: code ?? 1 }));
    });
}
