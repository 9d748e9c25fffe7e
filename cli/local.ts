import fs from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import { startCluster } from "../embedded/cluster";
import type { Reporter } from "../embedded/console";
import { withLock } from "../embedded/lock";
import { ensureTools, type Tool, type ToolName } from "../embedded/toolchain";
import { UserError } from "./errors";
import { removeDeadLocks } from "./locks";
import { stateFolder } from "./paths";
import { outputs, prepareStack, pulumi, type LocalStack, type Overrides } from "./stack";

const engineTools = ["pulumi", "plugin-kubernetes", "plugin-tls"] as const satisfies readonly ToolName[];
const clusterTools = [
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kwok",
  "prometheus-operator",
  "crds",
  "kubectl",
] as const satisfies readonly ToolName[];

export interface BringUpOptions {
  /** A context of the user's kubeconfig; undefined: the embedded cluster. */
  readonly context?: string | undefined;
  readonly report: Reporter;
  readonly signal: AbortSignal;
  readonly onOutput: (text: string) => void;
  /** Folder of all state; default: `.embedded` of the checkout. */
  readonly dir?: string;
  readonly overrides?: Overrides;
}

/** What `npm start` has brought up. */
export interface Up {
  /** Exit code of `pulumi up`. */
  readonly code: number;
  readonly stack: LocalStack;
  readonly kubeconfig: string;
  readonly kubectl: string;
  /** The context of the user's cluster; undefined on the embedded one. */
  readonly context: string | undefined;
  /** undefined on a cluster of the user's. */
  readonly embedded: { readonly server: string } | undefined;
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** Tool chain, cluster, and `pulumi up` of stack dev. One at a time: a second call waits for the first. Repeating it changes nothing. */
export async function bringUp(options: BringUpOptions): Promise<Up> {
  const dir = options.dir ?? stateFolder;
  fs.mkdirSync(dir, { recursive: true, mode: 0o700 });
  return alone(dir, options.report, () => bringUpAlone(options, dir), options.signal);
}

/** Does `work` while nobody else starts, stops or resets what is in the state folder; waits for one that does, and says so. */
export async function alone<T>(dir: string, report: Reporter, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  return withLock(path.join(dir, "start.lock"), { holder: "starts, stops or resets the same state folder", report, signal }, work);
}

async function bringUpAlone(options: BringUpOptions, dir: string): Promise<Up> {
  const { report, signal } = options;
  const own = options.context;
  const tools = await ensureTools(own === undefined ? [...engineTools, ...clusterTools] : [...engineTools, "kubectl"], { report, signal });
  const cluster = own === undefined ? await startCluster({ dir, tools: clusterPaths(tools), report, signal }) : undefined;
  const kubeconfig = cluster?.kubeconfig ?? (await userKubeconfig(own ?? ""));
  const stack = await prepareStack({
    dir: folderOf(dir, own),
    tools,
    kubeconfig,
    overrides: { ...options.overrides, ...(own !== undefined && { context: own }) },
  });
  report.note(`Providers: ${stack.providers.join(", ")}`);
  signal.throwIfAborted();
  for (const pid of removeDeadLocks(stack.places.backend))
    report.note(`The engine with process number ${pid} was killed; its lock is removed.`);
  const up = await pulumi(stack, ["up", "--yes", "--skip-preview", "--suppress-outputs", "--suppress-permalink=true"], {
    onOutput: options.onOutput,
    signal,
  });
  return {
    code: up.code,
    stack,
    kubeconfig,
    kubectl: tools.get("kubectl")?.path ?? "kubectl",
    context: own,
    embedded: cluster && { server: cluster.server },
    outputs: up.code === 0 ? await outputs(stack) : {},
  };
}

function clusterPaths(tools: ReadonlyMap<ToolName, Tool>): Record<(typeof clusterTools)[number], string> {
  return Object.fromEntries(clusterTools.map((name) => [name, tools.get(name)?.path ?? name])) as Record<
    (typeof clusterTools)[number],
    string
  >;
}

/** The user's kubeconfig, once it is known to hold the context that was asked for. */
async function userKubeconfig(context: string): Promise<string> {
  const { KubeConfig } = await import("@kubernetes/client-node");
  const kubeconfig = new KubeConfig();
  kubeconfig.loadFromDefault();
  const known = kubeconfig.getContexts().map((c) => c.name);
  if (!known.includes(context))
    throw new UserError(
      `Context ${context} is not in your kubeconfig (KUBECONFIG, else ~/.kube/config). It has: ${known.join(", ") || "none"}. Name one of these with --context.`,
    );
  return process.env.KUBECONFIG ?? path.join(process.env.HOME ?? "", ".kube", "config");
}

/** The stack as the last `npm start` left it (with the same `--context`, if any), without starting anything; for commands that only read. */
export async function existingStack(report: Reporter, context?: string): Promise<LocalStack> {
  const dir = folderOf(stateFolder, context);
  const file = path.join(dir, "Pulumi.dev.yaml");
  const again = context === undefined ? "npm start" : `npm start -- --context ${context}`;
  if (!fs.existsSync(file)) throw new UserError(`There is no stack in ${dir} yet. Run ${again} first.`);
  const written = (parse(fs.readFileSync(file, "utf8")) as { config?: Record<string, unknown> }).config ?? {};
  const own = Object.entries(written).flatMap(([k, v]) =>
    k.startsWith("tenantstack:") ? [[k.slice("tenantstack:".length), v] as const] : [],
  );
  const tools = await ensureTools(engineTools, { report });
  const kubeconfig = context === undefined ? path.join(dir, "kubeconfig") : await userKubeconfig(context);
  return prepareStack({ dir, tools, kubeconfig, overrides: Object.fromEntries(own) });
}

/** Each cluster of the user's has a stack, and so a state, of its own. */
function folderOf(dir: string, context: string | undefined): string {
  return context === undefined ? dir : path.join(dir, "contexts", encodeURIComponent(context));
}
