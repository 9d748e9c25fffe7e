import fs from "node:fs";
import type { Reporter } from "../console";
import { Records, statusOf, type ProcessStatus } from "../supervise/records";
import { stopRecorded } from "../supervise/supervisor";
import { podAddress } from "./addresses";
import { bringUpAlone, bringUpPods, fixed, inRoom } from "./bringup";
import { graceSeconds } from "./container";
import { entryAddress } from "./entry";
import { podLog, podsLayout, type PodsLayout } from "./layout";
import type { podTools } from "./programs";
import { s3Keys, s3Process, s3Settings, type S3Keys } from "./s3";

export { podTools } from "./programs";

export interface PodsOptions {
  /** State folder, that of the cluster. */
  readonly dir: string;
  /** Executables by tool. */
  readonly tools: Readonly<Record<(typeof podTools)[number], string>>;
  readonly report: Reporter;
  readonly signal?: AbortSignal;
}

/** Pods that run as processes of this machine. */
export interface Pods {
  /** Where clients connect; the server name of the handshake leads to the tenant. */
  readonly entry: { readonly address: string; readonly port: number };
  /** Address by pod: `cortex/cortex-0`. */
  readonly addresses: Readonly<Record<string, string>>;
  readonly processes: readonly ProcessStatus[];
  /** Names of the processes that this start started. */
  readonly started: readonly string[];
  /** Seconds until all were ready. */
  readonly seconds: number;
  /** Containers that stay simulated, because this machine has no program for them. */
  readonly leftOut: readonly string[];
}

/** Why the pods of this machine cannot run as processes; undefined where they can. */
export function podsProblem(platform: NodeJS.Platform = process.platform): string | undefined {
  if (platform === "linux") return undefined;
  return "Gateways and stores run as processes on Linux only: each pod takes a loopback address of its own, and this system has 127.0.0.1 alone. Going on as with --objects-only.";
}

/** What the stack declares for its storage, whether or not the server runs: objects must not depend on that. */
export function storage(dir: string): { readonly s3: typeof s3Settings; readonly keys: S3Keys } {
  return { s3: s3Settings, keys: s3Keys(podsLayout(dir)) };
}

/** Starts the S3 server; before `pulumi up`, so that the first pods find their buckets. */
export async function startStorage(options: PodsOptions): Promise<void> {
  await inRoom(options, { text: "Starting the S3 server", expectSeconds: 1 }, async (room) =>
    bringUpAlone(room, s3Process(room.layout, room.places, options.tools.versitygw)),
  );
}

/**
 * Runs the pods that the API server holds as processes: those that run and are unchanged are left alone, changed ConfigMaps and Secrets reach
 * them through their mounted folders, a changed template restarts its own pods, and pods that are gone are ended. Returns when all are ready.
 * One start or stop at a time: the caller holds the state folder's lock.
 * @throws Error with the last lines of the log of what failed.
 */
export async function startPods(options: PodsOptions & { /** `https://127.0.0.1:<port>` */ readonly server: string }): Promise<Pods> {
  return inRoom(options, { text: "Starting gateways and stores", expectSeconds: 25 }, async (room) => {
    const began = Date.now();
    const { plan, places, started } = await bringUpPods(room, options.server, options.tools);
    return {
      entry: { address: entryAddress, port: places.entryPort ?? 0 },
      addresses: Object.fromEntries(plan.pods.map(({ key }) => [key, podAddress(places, key)])),
      processes: podsStatus(options.dir),
      started,
      seconds: (Date.now() - began) / 1000,
      leftOut: plan.leftOut,
    };
  });
}

/** What is known of the processes, from their records and the system's table of processes; empty where none was started. Changes nothing. */
export function podsStatus(dir: string): ProcessStatus[] {
  const layout = podsLayout(dir);
  return Object.entries(new Records(layout.processes).all())
    .map(([name, record]) => statusOf(name, record, podLog(layout, name)))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The way of data: who sends first ends first, and the S3 server last. */
function stopOrder(names: readonly string[]): string[][] {
  const isTenant = (name: string) => (name.split("/")[0] ?? "").endsWith("-tenant");
  const stores = names.filter((name) => !isTenant(name) && !(fixed as readonly string[]).includes(name));
  return [["entry"], names.filter(isTenant), stores, ["s3"]];
}

async function stopAll(layout: PodsLayout, report: Reporter): Promise<void> {
  const records = new Records(layout.processes);
  const names = Object.keys(records.all());
  if (names.length === 0) return;
  const step = report.step("Stopping gateways and stores", 5);
  try {
    for (const group of stopOrder(names)) await Promise.all(group.map((name) => stopRecorded(records, name, graceSeconds, report)));
    step.done();
  } catch (error) {
    step.fail("failed");
    throw error;
  }
}

/** Ends all processes in order; data and addresses are kept for the next start. Harmless where nothing runs or nothing ever ran. */
export async function stopPods(dir: string, report: Reporter): Promise<void> {
  await stopAll(podsLayout(dir), report);
}

/** Ends all processes and removes everything that this room keeps in the folder, data included. */
export async function resetPods(dir: string, report: Reporter): Promise<void> {
  const layout = podsLayout(dir);
  await stopAll(layout, report);
  for (const target of layout.own) fs.rmSync(target, { recursive: true, force: true });
}
