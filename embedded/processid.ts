import { spawnSync } from "node:child_process";
import fs from "node:fs";

/** A process that cannot be mistaken for another one: numbers of processes are used again, number and start time together are not. */
export interface ProcessId {
  readonly pid: number;
  /** Opaque: when the kernel started it, as the system tells it. */
  readonly started: string;
}

function linuxStart(pid: number): string | undefined {
  let stat: string;
  try {
    stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  // The second field is the program's name and may hold spaces and brackets, so fields are counted from the last bracket on.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  // A zombie is dead; only its parent has not asked yet.
  if (fields[0] === "Z" || fields[0] === "X") return undefined;
  // proc(5): field 22, ticks since boot; the boot's id tells a restart of the machine.
  return `${bootId()}/${fields[19] ?? ""}`;
}

let boot: string | undefined;
function bootId(): string {
  boot ??= fs.readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  return boot;
}

function posixStart(pid: number): string | undefined {
  const out = spawnSync("ps", ["-o", "stat=,lstart=", "-p", String(pid)], { encoding: "utf8", timeout: 5_000 });
  const line = (out.stdout ?? "").trim();
  if (line === "" || line.startsWith("Z")) return undefined;
  return line.replace(/^\S+\s+/, "");
}

/** When the process `pid` was started, as an opaque text; undefined where no such process lives. */
export function startOf(pid: number): string | undefined {
  return process.platform === "linux" ? linuxStart(pid) : posixStart(pid);
}

/** Whether exactly this process still lives. */
export function isAlive(id: ProcessId): boolean {
  return startOf(id.pid) === id.started;
}

/** The running process itself. */
export function self(): ProcessId {
  return { pid: process.pid, started: startOf(process.pid) ?? "" };
}
