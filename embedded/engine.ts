/** Runs the Pulumi engine of the tool chain, away from whatever Pulumi the user has: own home, own backend, no network. */
import { spawn } from "node:child_process";
import path from "node:path";

/** Where an engine keeps its things; all folders are absolute paths. */
export interface EnginePlaces {
  /** `PULUMI_HOME`: plugins and settings. */
  home: string;
  /** Folder of the state (`file://` backend); must exist. */
  backend: string;
  /** Encrypts the secrets in the state. */
  passphrase: string;
  /** Folder that holds `pulumi` and `pulumi-language-nodejs`. */
  pulumiFolder: string;
}

/** What a run of the engine came to. */
export interface PulumiResult {
  /** Exit code; 124 when the time limit ended it. */
  code: number;
  stdout: string;
  stderr: string;
}

/** How to run the engine. */
export interface PulumiRun extends EnginePlaces {
  /** Folder of the program (with Pulumi.yaml). */
  cwd: string;
  /** Seconds until the run is ended; 600 unless given. */
  timeoutSeconds?: number;
  /** More environment, over everything else. */
  environment?: NodeJS.ProcessEnv;
  /** Called with each piece of output as it comes. */
  onOutput?: (text: string, stream: "stdout" | "stderr") => void;
  /** Ends the run early, as the time limit does. */
  signal?: AbortSignal;
  /** Standard input: what no argument may hold, because any user of the machine can read arguments. */
  input?: string;
}

// Settings of another Pulumi (a token, a backend, a debug switch) must not reach this one.
function withoutPulumi(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith("PULUMI_")));
}

/** The environment the engine needs: no network, nothing of the user's own Pulumi. */
export function engineEnvironment(places: EnginePlaces): NodeJS.ProcessEnv {
  return {
    ...withoutPulumi(process.env),
    PATH: `${places.pulumiFolder}${path.delimiter}${process.env["PATH"] ?? ""}`,
    PULUMI_HOME: places.home,
    PULUMI_BACKEND_URL: `file://${places.backend}`,
    PULUMI_CONFIG_PASSPHRASE: places.passphrase,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    // The engine would ask for a plugin of every SDK in node_modules, the very large ones among them.
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    // The language host of the tool chain compiles TypeScript with a type check unless told otherwise.
    PULUMI_NODEJS_TRANSPILE_ONLY: "true",
    // Diffs of Kubernetes objects wait for the API server: one after the other they took minutes.
    PULUMI_PARALLEL_DIFF: "true",
  };
}

const defaultTimeoutSeconds = 600;
const graceMilliseconds = 20_000;
const timedOut = 124;

/**
 * Runs `pulumi` with `args` and resolves with what it printed, whatever the exit code. A run over its time limit gets an interrupt (the engine
 * then finishes the running steps and saves its state), 20 s later it is killed; the code is then 124. Throws only when the program cannot
 * be started.
 */
export function runPulumi(args: string[], run: PulumiRun): Promise<PulumiResult> {
  const environment = { ...engineEnvironment(run), ...run.environment };
  // A process group of its own: Ctrl-C on a terminal would reach it besides our own interrupt, and a second interrupt makes it leave running steps alone.
  const child = spawn(path.join(run.pulumiFolder, "pulumi"), args, { cwd: run.cwd, env: environment, stdio: "pipe", detached: true });
  child.stdin.on("error", () => undefined).end(run.input);
  const output = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].setEncoding("utf8").on("data", (text: string) => {
      output[stream] += text;
      run.onOutput?.(text, stream);
    });
  }
  let ended = false;
  let kill: NodeJS.Timeout | undefined;
  const end = () => {
    ended = true;
    child.kill("SIGINT");
    kill ??= setTimeout(() => child.kill("SIGKILL"), graceMilliseconds);
  };
  const limit = setTimeout(end, (run.timeoutSeconds ?? defaultTimeoutSeconds) * 1000);
  run.signal?.addEventListener("abort", end, { once: true });
  return new Promise<PulumiResult>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ ...output, code: ended ? timedOut : (code ?? 1) }));
  }).finally(() => {
    clearTimeout(limit);
    clearTimeout(kill);
    run.signal?.removeEventListener("abort", end);
  });
}
