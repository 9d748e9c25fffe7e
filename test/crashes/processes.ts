import fs from "node:fs";
import path from "node:path";
import { startOf, type ProcessId } from "../../embedded/processid";

/** A process with what it was started with. */
export interface Found extends ProcessId {
  readonly args: readonly string[];
}

/** All processes below `pid`, each with its own start, so that a number that is used again is not taken for it. */
export function processTree(pid: number): Found[] {
  const children = new Map<number, number[]>();
  for (const name of fs.readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    const parent = parentOf(Number(name));
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const below = (of: number): number[] => (children.get(of) ?? []).flatMap((child) => [child, ...below(child)]);
  return below(pid).flatMap((one) => found(one) ?? []);
}

function parentOf(pid: number): number | undefined {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return undefined;
  }
}

function found(pid: number): Found | undefined {
  const started = startOf(pid);
  try {
    const args = fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    return started === undefined ? undefined : { pid, started, args };
  } catch {
    return undefined;
  }
}

/** What is killed: three processes below `npm start`, and two parts of the embedded cluster. */
export const victims = ["program", "language host", "engine", "kube-apiserver", "etcd"] as const;
export type Victim = (typeof victims)[number];

const isVictim: Readonly<Record<"program" | "language host" | "engine", (args: readonly string[]) => boolean>> = {
  program: (args) => args.some((arg) => arg.includes("@pulumi/pulumi/cmd/run")),
  "language host": ([program = ""]) => path.basename(program) === "pulumi-language-nodejs",
  engine: ([program = ""]) => path.basename(program) === "pulumi",
};

/** Whether a process is one of those below `npm start`. */
export function isOne(victim: keyof typeof isVictim, { args }: Found): boolean {
  return isVictim[victim](args);
}

/** The process number of a victim; undefined while it does not run. */
export function pidOf(victim: Victim, start: number, state: string): number | undefined {
  if (victim === "kube-apiserver" || victim === "etcd") {
    const records = JSON.parse(fs.readFileSync(path.join(state, "processes.json"), "utf8")) as Partial<Record<string, ProcessId>>;
    const record = records[victim];
    return record !== undefined && startOf(record.pid) === record.started ? record.pid : undefined;
  }
  return processTree(start).find(({ args }) => isVictim[victim](args))?.pid;
}
