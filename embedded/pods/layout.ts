import path from "node:path";

/** Where the pods of one state folder keep their things; all of it is below `dir`. */
export interface PodsLayout {
  /** The state folder itself. */
  readonly dir: string;
  /** Addresses and the entry's port. */
  readonly state: string;
  /** Process ids with start times. */
  readonly processes: string;
  /** A root folder per container, with what is mounted in it. Made anew from the objects. */
  readonly run: string;
  /** Volumes that live with their pods. */
  readonly scratch: string;
  /** What volumes hold, by claim, and the buckets: data, which only a reset removes. */
  readonly data: string;
  /** Root keys of the S3 server. */
  readonly s3Keys: string;
  readonly logs: string;
  /** Everything that only this room writes: what a reset removes. */
  readonly own: readonly string[];
}

/** Paths of the pods whose state folder is `dir` (made absolute). */
export function podsLayout(dir: string): PodsLayout {
  const root = path.resolve(dir);
  const at = (...names: string[]): string => path.join(root, "pods", ...names);
  const logs = path.join(root, "logs", "pods");
  return {
    dir: root,
    state: at("pods.json"),
    processes: at("processes.json"),
    run: at("run"),
    scratch: at("scratch"),
    data: at("data"),
    s3Keys: at("s3.json"),
    logs,
    own: [at(), logs],
  };
}

/** Log file of a process. Names of processes hold slashes, which folders of logs need not. */
export function podLog(layout: PodsLayout, name: string): string {
  return path.join(layout.logs, `${name.replaceAll("/", ".")}.log`);
}
