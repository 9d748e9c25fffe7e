import { randomUUID } from "node:crypto";
import fs from "node:fs";
import { z } from "zod";
import type { Reporter } from "../console";
import type { Layout, PartName } from "./layout";
import { privateFile, readJson } from "../supervise/files";
import { freePorts, isFree } from "./ports";

/** Ports of 127.0.0.1, kept from start to start so that kubeconfigs stay good. */
const portNames = ["etcd", "etcd-peer", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "prometheus-operator"] as const;
type PortName = (typeof portNames)[number];
export type Ports = Readonly<Record<PortName, number>>;

/** What a cluster keeps besides etcd's data. */
export interface ClusterState {
  /** Made with the cluster and gone with it: tells two clusters apart where addresses and names are the same. */
  readonly identity: string;
  readonly ports: Ports;
}

const schema = z.object({ identity: z.uuid(), ports: z.record(z.enum(portNames), z.int().min(1).max(65_535)) });

/** Reads `cluster.json`; undefined where there is none or where it is damaged. */
export function readState(layout: Layout): ClusterState | undefined {
  const parsed = schema.safeParse(readJson(layout.cluster));
  return parsed.success ? parsed.data : undefined;
}

function write(layout: Layout, state: ClusterState): ClusterState {
  privateFile(layout.cluster, `${JSON.stringify(state, null, 2)}\n`);
  return state;
}

/** The part that listens on a port. */
function owner(port: PortName): PartName {
  return port === "etcd-peer" ? "etcd" : port;
}

/**
 * Identity and ports of the cluster: those of the last start, except ports of parts that do not run (`running` says) which a stranger has taken
 * meanwhile. Such a port is replaced and that is said, because a kubeconfig that was copied elsewhere then needs to be copied again.
 */
export async function ensureState(layout: Layout, running: (name: PartName) => boolean, report: Reporter): Promise<ClusterState> {
  const known = readState(layout);
  // An identity is that of the data: where somebody removed the data alone, what comes up is another cluster.
  if (known === undefined || !fs.existsSync(layout.etcd)) {
    const fresh = await freePorts(portNames.length);
    const ports = Object.fromEntries(portNames.map((name, n) => [name, fresh[n]])) as unknown as Ports;
    return write(layout, { identity: randomUUID(), ports });
  }
  const moved: Partial<Record<PortName, number>> = {};
  for (const name of portNames) {
    if (running(owner(name)) || (await isFree(known.ports[name]))) continue;
    moved[name] = (await freePorts(1))[0] as number;
    report.note(`Port ${known.ports[name]} of ${owner(name)} is taken by another program; using ${moved[name]} from now on.`);
  }
  if (Object.keys(moved).length === 0) return known;
  return write(layout, { ...known, ports: { ...known.ports, ...moved } });
}
