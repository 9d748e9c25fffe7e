import fs from "node:fs";
import path from "node:path";
import type { Reporter } from "../console";
import { withLock } from "../lock";
import { isAlive } from "../processid";
import { privateFolder } from "../supervise/files";
import { Records, statusOf, type ProcessStatus } from "../supervise/records";
import { stopRecorded, Supervisor, type ProcessSpec } from "../supervise/supervisor";
import { Apis } from "./api";
import { writeConfig } from "./config";
import type { Crd } from "./crds";
import { hashOf, installCrds, readCrds } from "./crds";
import type { Layout, PartName } from "./layout";
import { layoutOf, logOf, partNames } from "./layout";
import { applyObjects, awaitUsable } from "./objects";
import type { PartSpec } from "./parts";
import { fingerprint, graceOf, partSpecs } from "./parts";
import { ensurePki } from "./pki";
import { ensureState } from "./state";

export type { PartName } from "./layout";
export { storageClass } from "./objects";

/** What a start needs to know. */
export interface ClusterOptions {
  /** State folder of the cluster, e.g. `<checkout>/.embedded`. Everything the cluster writes is in it. */
  readonly dir: string;
  /** Programs by name, and the folder of CustomResourceDefinitions to install. */
  readonly tools: Readonly<Record<PartName, string>> & { readonly crds: string };
  readonly report: Reporter;
  /** Ends a start half way. What was started by then is recorded: the next start takes it over, a stop ends it. */
  readonly signal?: AbortSignal;
}

/** One part of the control plane. */
export type Part = ProcessStatus<PartName>;

/** A cluster that runs. */
export interface Cluster {
  /** File with the administrator's access, readable by its owner only. */
  readonly kubeconfig: string;
  /** Address of the API server, `https://127.0.0.1:<port>`. */
  readonly server: string;
  /** UUID of this cluster from its creation to its reset, whatever its port: for `clusterIdentifier`. */
  readonly identity: string;
  readonly parts: readonly Part[];
}

const holder = "starts or stops the same cluster";

function partsOf(layout: Layout): Part[] {
  const records = new Records(layout.processes).all();
  return partNames.map((name) => statusOf(name, records[name], logOf(layout, name)));
}

/** A cluster as its files describe it, before any part is started. */
interface Plan {
  readonly identity: string;
  readonly server: string;
  readonly crds: readonly Crd[];
  readonly specs: Readonly<Record<PartName, PartSpec>>;
}

async function prepare(layout: Layout, options: ClusterOptions): Promise<Plan> {
  const records = new Records(layout.processes);
  const runs = (name: PartName): boolean => alive(records, [name]).length > 0;
  const crds = readCrds(options.tools.crds);
  privateFolder(layout.dir);
  privateFolder(layout.logs);
  const pki = await ensurePki(layout);
  if (pki === "renewed") options.report.note(`The certificates in ${layout.pki} were damaged or not valid today; made new ones.`);
  const state = await ensureState(layout, runs, options.report);
  const server = `https://127.0.0.1:${state.ports["kube-apiserver"]}`;
  writeConfig(layout, server);
  const specs = partSpecs({ layout, ports: state.ports, programs: options.tools }, hashOf(crds));
  return { identity: state.identity, server, crds, specs };
}

/** A part as the supervisor runs it. */
function processOf(layout: Layout, apis: Apis, part: PartSpec): ProcessSpec {
  const { name, program, args, health, patience, grace } = part;
  const api = health && apis.at(health.port);
  return {
    name,
    program,
    args,
    cwd: layout.dir,
    log: logOf(layout, name),
    fingerprint: fingerprint(part),
    ...(api && { healthy: async () => api.healthy(health.path) }),
    patience,
    grace,
  };
}

/** Those of these parts that run. One that died keeps its record, by which the supervisor says so. */
function alive(records: Records, names: readonly PartName[]): PartName[] {
  const known = records.all();
  return names.filter((name) => known[name] !== undefined && isAlive(known[name]));
}

async function bringUp(layout: Layout, options: ClusterOptions, supervisor: Supervisor, apis: Apis): Promise<Cluster> {
  const { identity, server, crds, specs } = await prepare(layout, options);
  const process = (name: PartName) => processOf(layout, apis, specs[name]);
  const records = new Records(layout.processes);
  // An API server whose store was away may not find back to it for minutes; it keeps nothing, so a new one is quicker.
  if ((await supervisor.ensure(process("etcd"))) === "started") await stopRecorded(records, "kube-apiserver", 1, options.report);
  // Controllers whose API server was away try again ever more seldom, up to minutes; they keep nothing either.
  if ((await supervisor.ensure(process("kube-apiserver"))) === "started")
    await Promise.all(alive(records, stopOrder[0]).map((name) => stopRecorded(records, name, graceOf(name), options.report)));
  await supervisor.ready(process("kube-apiserver"));
  const api = apis.at(specs["kube-apiserver"].health?.port ?? 0);
  const controllers = [process("kube-controller-manager"), process("kube-scheduler"), process("kwok")];
  for (const spec of controllers) await supervisor.ensure(spec);
  await applyObjects(api);
  await installCrds(api, crds, options.signal, (count) => supervisor.progress(`installing ${count} custom resource definitions`));
  const operator = process("prometheus-operator");
  await supervisor.ensure(operator);
  for (const spec of [...controllers, operator]) await supervisor.ready(spec);
  await awaitUsable(api, () => supervisor.assertAlive(), options.signal);
  return { kubeconfig: layout.kubeconfig, server, identity, parts: partsOf(layout) };
}

/**
 * Brings the cluster of a folder up, or to what it should be: parts that run and answer are left alone (then it takes well under a second), parts
 * that died, hang or are set up differently are started anew and named. Parts run on after this process ends. A second start at the same time
 * waits for the first. Throws with the last lines of the log of the part that failed.
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const layout = layoutOf(options.dir);
  const work = async (): Promise<Cluster> => {
    const apis = new Apis(layout);
    const supervisor = new Supervisor({
      records: new Records(layout.processes),
      report: options.report,
      signal: options.signal,
      step: { text: "Starting the Kubernetes control plane", expectSeconds: 15 },
      remedy: "Mend the cause and start again; what already runs is kept. `npm run reset` begins from nothing.",
    });
    try {
      options.signal?.throwIfAborted();
      const cluster = await bringUp(layout, options, supervisor, apis);
      supervisor.finish();
      return cluster;
    } catch (error) {
      supervisor.finish(error);
      throw error;
    } finally {
      apis.close();
    }
  };
  privateFolder(layout.dir);
  return withLock(layout.lock, { holder, report: options.report, signal: options.signal }, work);
}

/** Those that write to the API server first, then the API server, then its store. */
const stopOrder = [
  ["prometheus-operator", "kwok", "kube-scheduler", "kube-controller-manager"],
  ["kube-apiserver"],
  ["etcd"],
] as const satisfies readonly (readonly PartName[])[];

async function stopAll(layout: Layout, report: Reporter): Promise<void> {
  if (!partsOf(layout).some((part) => part.pid !== undefined)) return;
  const step = report.step("Stopping the Kubernetes control plane", 3);
  try {
    const records = new Records(layout.processes);
    for (const group of stopOrder) await Promise.all(group.map((name) => stopRecorded(records, name, graceOf(name), report)));
    step.done();
  } catch (error) {
    step.fail("failed");
    throw error;
  }
}

/** Ends all parts in order; data and ports are kept for the next start. Harmless where nothing runs or nothing ever ran. */
export async function stopCluster(dir: string, report: Reporter): Promise<void> {
  const layout = layoutOf(dir);
  if (!fs.existsSync(layout.dir)) return;
  privateFolder(layout.dir);
  await withLock(layout.lock, { holder, report }, () => stopAll(layout, report));
}

/** Ends all parts and removes what the cluster keeps in the folder, its data included. Files of others in the folder stay. */
export async function resetCluster(dir: string, report: Reporter): Promise<void> {
  const layout = layoutOf(dir);
  if (!fs.existsSync(layout.dir)) return;
  privateFolder(layout.dir);
  await withLock(layout.lock, { holder, report }, async () => {
    await stopAll(layout, report);
    const logs = partNames.flatMap((name) => [logOf(layout, name), `${logOf(layout, name)}.1`]);
    for (const target of [
      layout.etcd,
      layout.pki,
      `${layout.pki}.new`,
      layout.config,
      layout.cluster,
      layout.processes,
      layout.kubeconfig,
      ...logs,
    ]) {
      fs.rmSync(target, { recursive: true, force: true });
    }
    if (fs.existsSync(layout.logs) && fs.readdirSync(layout.logs).length === 0) fs.rmdirSync(layout.logs);
  });
  if (fs.readdirSync(layout.dir).length === 0) fs.rmdirSync(path.resolve(dir));
}

/** What is known of the parts, from their records and the system's table of processes. Asks nobody and changes nothing. */
export async function clusterStatus(dir: string): Promise<{ running: boolean; parts: Part[] }> {
  const parts = partsOf(layoutOf(dir));
  return Promise.resolve({ running: parts.every((part) => part.state === "running"), parts });
}
