import fs from "node:fs";
import path from "node:path";
import type { Reporter } from "../console";
import { writeConfig } from "./config";
import type { Crd } from "./crds";
import { hashOf, installCrds, readCrds } from "./crds";
import type { Layout, PartName } from "./layout";
import { layoutOf, logOf, partNames, privateFolder } from "./layout";
import { withLock } from "../lock";
import { applyObjects, awaitUsable } from "./objects";
import type { PartSpec } from "./parts";
import { graceOf, partSpecs } from "./parts";
import { ensurePki } from "./pki";
import { isAlive } from "../processid";
import { endProcess } from "./process";
import { readRecords, writeRecord } from "./records";
import { ensureState } from "./state";
import { Supervisor } from "./supervise";

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
export interface Part {
  readonly name: PartName;
  /** Undefined where it was stopped or never started. */
  readonly pid: number | undefined;
  /** `dead`: it ended without being asked to. */
  readonly state: "running" | "dead" | "stopped";
  /** Its log file; that of the start before has the ending `.1`. */
  readonly log: string;
}

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
  const records = readRecords(layout);
  return partNames.map((name) => {
    const record = records[name];
    const state = record === undefined ? "stopped" : isAlive(record) ? "running" : "dead";
    return { name, pid: record?.pid, state, log: logOf(layout, name) };
  });
}

/** A cluster as its files describe it, before any part is started. */
interface Plan {
  readonly identity: string;
  readonly server: string;
  readonly crds: readonly Crd[];
  readonly specs: Readonly<Record<PartName, PartSpec>>;
}

async function prepare(layout: Layout, options: ClusterOptions): Promise<Plan> {
  const records = readRecords(layout);
  const runs = (name: PartName): boolean => isAlive(records[name] ?? { pid: 0, started: "never" });
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

async function bringUp(layout: Layout, options: ClusterOptions, supervisor: Supervisor): Promise<Cluster> {
  const { identity, server, crds, specs } = await prepare(layout, options);
  await supervisor.ensure(specs.etcd);
  await supervisor.ensure(specs["kube-apiserver"]);
  await supervisor.ready(specs["kube-apiserver"]);
  const api = supervisor.api(specs["kube-apiserver"].health?.port ?? 0);
  const controllers = [specs["kube-controller-manager"], specs["kube-scheduler"], specs.kwok];
  for (const spec of controllers) await supervisor.ensure(spec);
  await applyObjects(api);
  await installCrds(api, crds, options.signal, (count) => supervisor.progress(`installing ${count} custom resource definitions`));
  await supervisor.ensure(specs["prometheus-operator"]);
  for (const spec of [...controllers, specs["prometheus-operator"]]) await supervisor.ready(spec);
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
    const supervisor = new Supervisor(layout, options.report, options.signal);
    try {
      options.signal?.throwIfAborted();
      const cluster = await bringUp(layout, options, supervisor);
      supervisor.finish();
      return cluster;
    } catch (error) {
      supervisor.finish(error);
      throw error;
    }
  };
  privateFolder(layout.dir);
  return withLock(layout.lock, { holder, report: options.report, signal: options.signal }, work);
}

async function stopPart(layout: Layout, name: PartName, report: Reporter): Promise<void> {
  const record = readRecords(layout)[name];
  if (record === undefined) return;
  const how = await endProcess(record, graceOf(name) * 1_000);
  if (how === "killed") report.note(`${name} (process ${record.pid}) did not end within ${graceOf(name)} s and was killed.`);
  writeRecord(layout, name, undefined);
}

/** Those that write to the API server first, then the API server, then its store. */
const stopOrder: readonly (readonly PartName[])[] = [
  ["prometheus-operator", "kwok", "kube-scheduler", "kube-controller-manager"],
  ["kube-apiserver"],
  ["etcd"],
];

async function stopAll(layout: Layout, report: Reporter): Promise<void> {
  if (!partsOf(layout).some((part) => part.pid !== undefined)) return;
  const step = report.step("Stopping the Kubernetes control plane", 3);
  try {
    for (const group of stopOrder) await Promise.all(group.map((name) => stopPart(layout, name, report)));
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
