import fs from "node:fs";
import path from "node:path";
import { Api } from "../cluster/api";
import { layoutOf } from "../cluster/layout";
import { freePorts } from "../cluster/ports";
import type { Reporter } from "../console";
import { isAlive } from "../processid";
import { privateFolder } from "../supervise/files";
import { endProcess } from "../supervise/process";
import { Records } from "../supervise/records";
import { stopRecorded, Supervisor, type ProcessSpec } from "../supervise/supervisor";
import { assign, ensurePlaces, nobodyAddress, podAddress, s3Address, writePlaces, type Places } from "./addresses";
import { graceSeconds, localContainer, type LocalContainer } from "./container";
import { entryAddress, entryProcess, entryRoutes } from "./entry";
import { podsLayout, type PodsLayout } from "./layout";
import { Names } from "./names";
import { planPods, type Plan } from "./plan";
import { isFree } from "./probe";
import type { Program } from "./programs";
import { s3Host } from "./s3";
import { beyondLoopback, listeners } from "./sockets";
import { refuseTakenPorts } from "./takenports";
import { readWorld, type World } from "./world";

/** Processes that are no pods. */
export const fixed = ["s3", "entry"] as const;
const usualEntryPort = 8443;

/** What a bring-up works with. */
export interface Room {
  readonly layout: PodsLayout;
  readonly records: Records;
  readonly places: Places;
  readonly report: Reporter;
  readonly supervisor: Supervisor;
}

/** How long something takes usually, and what is said meanwhile. */
interface Show {
  readonly text: string;
  readonly expectSeconds: number;
}

/** Opens the room, does `work`, and ends the line on the screen well or badly. */
export async function inRoom<T>(
  of: { readonly dir: string; readonly report: Reporter; readonly signal?: AbortSignal },
  step: Show,
  work: (room: Room) => Promise<T>,
): Promise<T> {
  const { dir, report, signal } = of;
  const layout = podsLayout(dir);
  for (const folder of [path.dirname(layout.state), layout.run, layout.scratch, layout.data, path.dirname(layout.logs), layout.logs])
    privateFolder(folder);
  const records = new Records(layout.processes);
  const running = Object.values(records.all()).some((record) => record !== undefined && isAlive(record));
  const places = ensurePlaces(layout, running, (block) => report.note(`Pods move to ${block}.0/24: others listen where they were.`));
  const remedy =
    "Mend the cause and run npm start again; what already runs is kept. npm start -- --objects-only brings up the objects alone.";
  const supervisor = new Supervisor({ records, report, signal, step, remedy, again: true });
  try {
    const result = await work({ layout, records, places, report, supervisor });
    supervisor.finish();
    return result;
  } catch (error) {
    supervisor.finish(error);
    throw error;
  }
}

/** Brings one process up that is no pod's. */
export async function bringUpAlone(room: Room, spec: ProcessSpec): Promise<void> {
  await room.supervisor.ensure(spec);
  await room.supervisor.ready(spec);
  await guard(room, [spec]);
}

/** What came of it. */
export interface BroughtUp {
  readonly plan: Plan;
  readonly places: Places;
  /** Processes that were started; none on a start that found all in order. */
  readonly started: readonly string[];
}

/** Makes the processes those that the API server's objects ask for. */
export async function bringUpPods(room: Room, server: string, programs: Readonly<Record<Program["tool"], string>>): Promise<BroughtUp> {
  const { layout, records, supervisor } = room;
  const api = new Api(layoutOf(layout.dir), Number(new URL(server).port));
  const world = await readWorld(api).finally(() => api.close());
  const plan = planPods(world);
  const places = await placed(room, plan);
  const containers = localContainers(layout, world, plan, places, programs);
  await endGone(room, new Set([...containers.map(({ spec }) => spec.name), ...fixed]));
  await refuseTakenPorts(containers.filter(({ name }) => !isRunning(records, name)));
  for (const container of containers) container.sync();
  const routes = entryRoutes(world, plan.pods, (pod) => podAddress(places, pod));
  const specs = [...containers.map(({ spec }) => spec), entryProcess(layout, programs.envoy, places.entryPort ?? usualEntryPort, routes)];
  const how = await all(specs.map((spec) => supervisor.ensure(spec)));
  // Those that were kept have just answered.
  const started = specs.filter((_, n) => how[n] === "started");
  await allReady(started, supervisor);
  await guard(room, specs);
  return { plan, places, started: started.map((spec) => spec.name) };
}

/** Addresses for all pods and the port of the entry, remembered. */
async function placed({ layout, records, places }: Room, plan: Plan): Promise<Places> {
  const keys = plan.pods.map((pod) => pod.key);
  return writePlaces(layout, { ...assign(places, keys), entryPort: await entryPort(places, isRunning(records, "entry")) });
}

/** 8443 if it is free, else any; then always the same, so that what clients were told stays good. */
async function entryPort(places: Places, running: boolean): Promise<number> {
  const known = places.entryPort ?? usualEntryPort;
  if (running || (await isFree(entryAddress, known))) return known;
  return (await freePorts(1))[0] ?? known;
}

function localContainers(
  layout: PodsLayout,
  world: World,
  plan: Plan,
  places: Places,
  programs: Readonly<Record<Program["tool"], string>>,
): LocalContainer[] {
  const addressOf = (pod: string) => podAddress(places, pod);
  const names = new Names(world.services, plan.pods, addressOf, nobodyAddress(places), { [s3Host]: s3Address(places) });
  const context = { layout, world, names, addressOf, programs };
  return plan.pods.flatMap((pod) => pod.containers.map((container) => localContainer(pod, container, context)));
}

function isRunning(records: Records, name: string): boolean {
  const record = records.all()[name];
  return record !== undefined && isAlive(record);
}

/** Ends the processes of pods that are no more. Their data stays, as the claims of a StatefulSet do. */
async function endGone({ layout, records, report }: Room, wanted: ReadonlySet<string>): Promise<void> {
  const gone = Object.keys(records.all()).filter((name) => !wanted.has(name));
  await Promise.all(gone.map((name) => stopRecorded(records, name, graceSeconds, report)));
  for (const name of gone)
    for (const folder of [layout.run, layout.scratch]) fs.rmSync(path.join(folder, name), { recursive: true, force: true });
}

/** Waits for all, and says how many are ready. */
async function allReady(specs: readonly ProcessSpec[], supervisor: Supervisor): Promise<void> {
  const waiting = new Set(specs.map((spec) => spec.name));
  await all(
    specs.map(async (spec) => {
      await supervisor.ready(spec);
      waiting.delete(spec.name);
      if (supervisor.isShown && waiting.size > 0)
        supervisor.progress(`${specs.length - waiting.size} of ${specs.length} ready; waiting for ${[...waiting].join(", ")}`);
    }),
  );
}

/** What all came to, once none is under way any more. One that fails is not the end of the others: all that failed are told together. */
async function all<T>(work: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(work);
  const failures = results.flatMap((result) => (result.status === "rejected" ? [result.reason as Error] : []));
  const [first] = failures;
  if (first === undefined) return results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const messages = [...new Set(failures.map((error) => error.message))];
  throw messages.length === 1 ? first : new Error(messages.join("\n\n"), { cause: first });
}

/** Nothing of ours may be reached from other machines, whatever a configuration says: such a process is ended at once. */
async function guard({ records }: Room, specs: readonly ProcessSpec[]): Promise<void> {
  const known = records.all();
  const everywhere = listeners();
  const seen = specs.flatMap((spec) => {
    const record = known[spec.name];
    const open = record === undefined ? [] : beyondLoopback(record.pid, everywhere);
    return record === undefined || open.length === 0 ? [] : [{ spec, record, open }];
  });
  if (seen.length === 0) return;
  await Promise.all(seen.map(({ spec, record }) => endProcess(record, spec.grace * 1_000)));
  const lines = seen.map(
    ({ spec, open }) => `  ${spec.name}: ${open.map((one) => `${one.protocol} ${one.address}:${one.port}`).join(", ")}`,
  );
  throw new Error(
    `Processes listened beyond 127.0.0.0/8, where other machines reach them, and were ended:\n${lines.join("\n")}\nMove these listeners in embedded/pods/programs.ts or in what the stack renders.`,
  );
}
