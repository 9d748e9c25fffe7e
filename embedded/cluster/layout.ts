import path from "node:path";

/** The parts of the control plane, in the order in which they start; they stop in the reverse order. */
export const partNames = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok", "prometheus-operator"] as const;

/** Name of one part; also the name of its program and of its log file. */
export type PartName = (typeof partNames)[number];

/** Where everything of one embedded cluster lies. All of it is below `dir`; nothing else on the machine is written. */
export interface Layout {
  readonly dir: string;
  /** Certificates and keys, made once per cluster. */
  readonly pki: string;
  /** etcd's data: the cluster's memory. */
  readonly etcd: string;
  readonly logs: string;
  /** Rendered configuration of the parts. */
  readonly config: string;
  /** Ports and identity. */
  readonly cluster: string;
  /** Process ids with start times. */
  readonly processes: string;
  readonly lock: string;
  /** The administrator's kubeconfig, for people and for Pulumi. */
  readonly kubeconfig: string;
}

/** Paths of the cluster whose state folder is `dir` (made absolute). */
export function layoutOf(dir: string): Layout {
  const root = path.resolve(dir);
  const at = (name: string): string => path.join(root, name);
  return {
    dir: root,
    pki: at("pki"),
    etcd: at("etcd"),
    logs: at("logs"),
    config: at("config"),
    cluster: at("cluster.json"),
    processes: at("processes.json"),
    lock: at("cluster.lock"),
    kubeconfig: at("kubeconfig"),
  };
}

/** Log file of a part; the one of the start before is kept beside it with the ending `.1`. */
export function logOf(layout: Layout, name: PartName): string {
  return path.join(layout.logs, `${name}.log`);
}
