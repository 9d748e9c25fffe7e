import fs from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import { clusterStatus, startCluster, type Cluster } from "../embedded/cluster";
import type { Reporter } from "../embedded/console";
import { withLock } from "../embedded/lock";
import { podsProblem, podsStatus, podTools, startPods, startStorage, storage, type Pods, type PodsOptions } from "../embedded/pods";
import { ensureTools, type Tool, type ToolName } from "../embedded/toolchain";
import { UserError } from "./errors";
import { isLocked, removeDeadLocks } from "./locks";
import { stateFolder } from "./paths";
import { keepCheckpoint, mendCheckpoint } from "./checkpoint";
import { deadStore, goOn, whileAlive } from "./goon";
import { outputs, prepareStack, pulumi, stateOf, type LocalStack, type Overrides } from "./stack";

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

/** A tenant's key that signs. */
export interface SigningKey {
  readonly kid: string;
  readonly privateKeyPem: string;
}

export interface BringUpOptions {
  /** A context of the user's kubeconfig; undefined: the embedded cluster. */
  readonly context?: string | undefined;
  readonly report: Reporter;
  readonly signal: AbortSignal;
  readonly onOutput: (text: string) => void;
  /** Only the objects: no gateway and no store runs, no endpoint answers. On a cluster of the user's that is so anyway. */
  readonly objectsOnly?: boolean;
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
  /** Gateways and stores of the embedded cluster, as processes of this machine; undefined where there are only objects, or `up` failed. */
  readonly pods: Pods | undefined;
  /** PEM of the certificate that clients must trust, in the state folder; undefined where public roots do. */
  readonly authority: string | undefined;
  /** The stack's outputs but `signing`; empty where `up` failed. */
  readonly outputs: Readonly<Record<string, unknown>>;
  /** What tokens of each tenant are minted with: secret, never printed. */
  readonly signing: Readonly<Record<string, SigningKey>>;
}

/** Tool chain, cluster, and `pulumi up` of stack dev. One at a time: a second call waits for the first. Repeating it changes nothing. */
export async function bringUp(options: BringUpOptions): Promise<Up> {
  const dir = options.dir ?? stateFolder;
  makeFolder(dir);
  return alone(dir, options.report, () => bringUpAlone(options, dir), options.signal);
}

/** Makes a folder. Where that cannot be done, Node may say "no such file": whether what is there can be written says why. */
function makeFolder(dir: string): void {
  try {
    fs.mkdirSync(dir, { recursive: true, mode: 0o700 });
  } catch (error) {
    let there = path.resolve(dir);
    while (!fs.existsSync(there)) there = path.dirname(there);
    fs.accessSync(there, fs.constants.W_OK);
    throw error;
  }
}

/** Does `work` while nobody else starts, stops or resets what is in the state folder; waits for one that does, and says so. */
export async function alone<T>(dir: string, report: Reporter, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  return withLock(path.join(dir, "start.lock"), { holder: "starts, stops or resets the same state folder", report, signal }, work);
}

async function bringUpAlone(options: BringUpOptions, dir: string): Promise<Up> {
  const { report, signal } = options;
  const own = options.context;
  const runsPods = own === undefined && options.objectsOnly !== true && saysNoProblem(report);
  const names = [...engineTools, ...(own === undefined ? clusterTools : (["kubectl"] as const)), ...(runsPods ? podTools : [])];
  const tools = await ensureTools(names, { report, signal });
  const pods: PodsOptions | undefined = runsPods ? { dir, tools: paths(tools, podTools), report, signal } : undefined;
  const hadDied = own === undefined && deadStore(await clusterStatus(dir)) !== undefined;
  const cluster = own === undefined ? await startCluster({ dir, tools: paths(tools, clusterTools), report, signal }) : undefined;
  if (pods) await startStorage(pods);
  else if (own === undefined) saysWhatStillRuns(dir, report);
  const kubeconfig = cluster?.kubeconfig ?? (await userKubeconfig(own ?? ""));
  const backend = stateOf(folderOf(dir, own));
  for (const pid of removeDeadLocks(backend)) report.note(`The engine with process number ${pid} was killed; its lock is removed.`);
  const wasTorn = !isLocked(backend) && mendCheckpoint(backend, report);
  const stack = await prepareStack({
    dir: folderOf(dir, own),
    tools,
    kubeconfig,
    ...(own === undefined ? embeddedSettings(dir, options.overrides) : { overrides: { ...options.overrides, context: own } }),
  });
  report.note(`Providers: ${stack.providers.join(", ")}`);
  signal.throwIfAborted();
  await goOn(stack, options, dir, hadDied || wasTorn);
  keepCheckpoint(backend);
  signal.throwIfAborted();
  const up = await whileAlive(own === undefined ? dir : undefined, options, (alive) =>
    pulumi(stack, ["up", "--yes", "--skip-preview", "--suppress-outputs", "--suppress-permalink=true"], {
      onOutput: options.onOutput,
      signal: alive,
    }),
  );
  const of = { code: up.code, stack, kubeconfig, kubectl: tools.get("kubectl")?.path ?? "kubectl", context: own };
  const embedded = cluster && { server: cluster.server };
  if (up.code !== 0) return { ...of, embedded, outputs: {}, signing: {}, pods: undefined, authority: undefined };
  // The outputs take a second of the engine, in which processes start already.
  const [{ signing, ...said }, running] = await Promise.all([outputs(stack, true), runPods(pods, cluster)]);
  const authority = authorityFile(folderOf(dir, own), said["certificateAuthority"]);
  return { ...of, embedded, outputs: said, signing: (signing ?? {}) as Up["signing"], pods: running, authority };
}

/** Objects only, and yet processes: those of an earlier start. */
function saysWhatStillRuns(dir: string, report: Reporter): void {
  if (podsStatus(dir).some(({ state }) => state === "running"))
    report.note("Gateways and stores of an earlier start still run, with the objects of then; npm stop ends them.");
}

/** Whether pods can run here; where not, that is said. */
function saysNoProblem(report: Reporter): boolean {
  const problem = podsProblem();
  if (problem !== undefined) report.note(problem);
  return problem === undefined;
}

async function runPods(pods: PodsOptions | undefined, cluster: Cluster | undefined): Promise<Pods | undefined> {
  return pods && cluster && startPods({ ...pods, server: cluster.server });
}

/** On the embedded cluster blocks go to the S3 server of the state folder, whose root keys are secrets of the stack. */
function embeddedSettings(dir: string, overrides: Overrides = {}): { overrides: Overrides; secrets: Readonly<Record<string, string>> } {
  const { s3, keys } = storage(dir);
  return { overrides: { s3, ...overrides }, secrets: { s3AccessKeyId: keys.accessKeyId, s3SecretAccessKey: keys.secretAccessKey } };
}

/** Writes the stack's certificate authority beside its state, for `curl --cacert`. */
function authorityFile(dir: string, pem: unknown): string | undefined {
  if (typeof pem !== "string") return undefined;
  const file = path.join(dir, "ca.crt");
  fs.writeFileSync(file, pem);
  return file;
}

function paths<Name extends ToolName>(tools: ReadonlyMap<ToolName, Tool>, names: readonly Name[]): Record<Name, string> {
  return Object.fromEntries(names.map((name) => [name, tools.get(name)?.path ?? name])) as Record<Name, string>;
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
