import { setTimeout as sleep } from "node:timers/promises";
import { isAlive } from "../../embedded/processid";
import type { Checkout, Running } from "./checkout";
import { isOne, pidOf, processTree, type Found, type Victim } from "./processes";

/** When to strike: after this many operations on resources have begun; undefined: while the program is loading. */
export type Moment = number | undefined;

/** Operations on resources that a run has begun, by what it printed. */
export function begun(text: string): number {
  return text.match(/ (creating|updating|deleting|replacing) \(0s\)/g)?.length ?? 0;
}

/** What became of a start in which a process was killed. */
export interface Struck {
  readonly code: number;
  readonly text: string;
  /** Operations that had begun when it was killed. */
  readonly begun: number;
  /** Seconds from the kill to the end of `npm start`. */
  readonly seconds: number;
}

/**
 * Kills the victim of a running `npm start` at a moment, and waits for the end of `npm start` and of everything below it. Throws where the start ended
 * before the moment came.
 */
export async function strike(checkout: Checkout, running: Running, victim: Victim, moment: Moment): Promise<Struck> {
  const pid = await awaitMoment(checkout, running, victim, moment);
  const below = processTree(running.pid);
  const at = Date.now();
  const begunThen = begun(running.text());
  process.kill(pid, "SIGKILL");
  const { code, text } = await running.done;
  const seconds = (Date.now() - at) / 1000;
  await awaitEnd(checkout, below);
  return { code, text, begun: begunThen, seconds };
}

async function awaitMoment(checkout: Checkout, running: Running, victim: Victim, moment: Moment): Promise<number> {
  let ended = false;
  void running.done.then(() => (ended = true));
  for (;;) {
    if (ended) throw new Error(`npm start ended before ${moment ?? "the first"} operations had begun:\n${running.text().slice(-3000)}`);
    // The program is there from its first line on; before that only the cluster comes up.
    const due = moment === undefined ? pidOf("program", running.pid, checkout.state) !== undefined : begun(running.text()) >= moment;
    const pid = due ? pidOf(victim, running.pid, checkout.state) : undefined;
    if (pid !== undefined) return pid;
    await sleep(10);
  }
}

/**
 * What a start has started for itself must not outlive it for long: an engine or a provider that still works would do so beside the next start. A language
 * host whose engine was killed sees so within five minutes and does nothing until then, so it is not waited for.
 */
async function awaitEnd(checkout: Checkout, below: readonly Found[]): Promise<void> {
  const until = Date.now() + 15_000;
  const isPart = ({ args }: Found) =>
    args.some((arg) => [`${checkout.state}/pki`, `${checkout.state}/config`].some((dir) => arg.includes(dir)));
  for (;;) {
    const left = below.filter((one) => isAlive(one) && !isPart(one));
    const working = left.filter((one) => !isOne("language host", one));
    if (working.length === 0) return left.forEach(({ pid }) => process.kill(pid, "SIGKILL"));
    if (Date.now() > until)
      throw new Error(
        `still running 15 s after npm start has ended:\n${working.map((one) => `${one.pid} ${one.args.join(" ").slice(0, 200)}`).join("\n")}`,
      );
    await sleep(100);
  }
}
