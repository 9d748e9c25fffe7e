import { statfs } from "node:fs/promises";
import { clusterStatus, type Part } from "../embedded/cluster";
import type { Reporter } from "../embedded/console";
import { linked } from "../embedded/signals";
import { openCluster } from "./cluster";
import { told } from "./pending";
import { look, repair, type Engine } from "./settle";
import { leavesPending, pulumi, type LocalStack } from "./stack";

interface Start {
  readonly context?: string | undefined;
  readonly report: Reporter;
  readonly signal: AbortSignal;
}

/** The API server or its store, where it ended without being asked to: what the engine had sent it then may have been done or not. */
export function deadStore({ parts }: { readonly parts: readonly Part[] }): Part | undefined {
  return parts.find(({ name, state }) => state === "dead" && (name === "etcd" || name === "kube-apiserver"));
}

/**
 * Finds out what became of the operations of a run that was cut off, before the next one declares anything. `everything`: the API server had died, so that
 * also operations which the engine took for failed may have been done, or the state is an older one. Costs nothing where neither was.
 */
export async function goOn(stack: LocalStack, { context, report, signal }: Start, dir: string, everything: boolean): Promise<void> {
  if (!everything && !leavesPending(stack)) return;
  const engine: Engine = (args, input) => pulumi(stack, args, { signal, ...(input !== undefined && { input }) });
  const { client } = await openCluster(context, dir);
  const found = await look(engine, client);
  for (const step of found.steps) report.note(told(step));
  if (everything) report.note("Comparing all objects of the stack with its state.");
  await repair(engine, found, client, everything);
}

const lookMilliseconds = 1_000;
/** Bytes below which a disk counts as full: less than the engine and etcd write in a second. */
const fullBelow = 2 << 20;

/** Why the embedded cluster in `dir` can take no request, in a sentence; undefined where it can. */
async function trouble(dir: string): Promise<string | undefined> {
  const dead = deadStore(await clusterStatus(dir));
  if (dead) return `${dead.name} (process ${dead.pid}) died; ending the update. npm start brings it back and goes on. Its log: ${dead.log}`;
  const { bavail, bsize } = await statfs(dir);
  return bavail * bsize < fullBelow ? `The disk is full: ending the update. Free some space in ${dir} and run npm start again.` : undefined;
}

/** Does `work`, and ends it early when the embedded cluster in `dir` dies under it or cannot write: every request would else wait for its time limit. */
export async function whileAlive<T>(
  dir: string | undefined,
  { report, signal }: Start,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (dir === undefined) return work(signal);
  const died = new AbortController();
  const timer = setInterval(() => {
    void trouble(dir).then((why) => {
      if (why === undefined || died.signal.aborted) return;
      report.note(why);
      died.abort();
    });
  }, lookMilliseconds);
  const either = linked([signal, died.signal]);
  try {
    return await work(either.signal);
  } finally {
    clearInterval(timer);
    either.release();
  }
}
