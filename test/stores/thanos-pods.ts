import { randomInt } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import type { Recorded } from "../../planning/record";
import { MountedFolder } from "../../embedded/pods/mount";
import { matches, objects, workloads, type Workload } from "../unit/observability-kit";

/** One pod of a recorded workload, as a process of this machine: an address of its own, its folders, its arguments. */
export interface LocalPod {
  readonly name: string;
  /** `app.kubernetes.io/name`. */
  readonly part: string;
  readonly address: string;
  readonly workload: Workload;
  /** Arguments with addresses and folders of this machine. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Mounted ConfigMaps by volume name. */
  readonly mounts: Readonly<Record<string, MountedFolder>>;
  /** Port on this machine of a container's port. */
  port(containerPort: number): number;
}

interface Container {
  readonly args: string[];
  readonly env?: { name: string; value?: string; valueFrom?: { fieldRef?: object } }[];
  readonly volumeMounts: { name: string; mountPath: string }[];
}
interface PodSpec {
  readonly containers: Container[];
  readonly volumes: { name: string; configMap?: { name: string } }[];
}

/**
 * Lays recorded workloads out as processes on loopback, each with an address of its own below 127.0.0.0/8 and ports that are not the usual ones,
 * so that several runs and other programs do not meet. Only names and addresses are replaced, as DNS and the kubelet would.
 */
export class LocalPods {
  public readonly pods: readonly LocalPod[];
  private readonly ports = new Map<number, number>();
  /** Ports of this process' runs; every network has all of them. */
  private static readonly base = randomInt(200, 300) * 100;

  /**
   * @param count how many pods of a workload run; none leaves it out. Names of those that do not run resolve to nothing.
   * @param env values that the cluster would give by Secrets.
   * @param hosts addresses of what no recorded Service names, by `host:port`.
   */
  public constructor(
    private readonly resources: readonly Recorded[],
    private readonly dir: string,
    count: (workload: Workload) => number,
    private readonly env: Readonly<Record<string, string>>,
    private readonly hosts: Readonly<Record<string, string>> = {},
    private readonly net = LocalPods.freshNet(),
  ) {
    const planned = workloads(resources).flatMap((workload) =>
      Array.from({ length: count(workload) }, (_, i) => ({ workload, name: `${workload.metadata.name}-${i}` })),
    );
    const places = planned.map((one, i) => ({ ...one, address: `${this.net}.${i + 1}` }));
    const resolve = (host: string) => this.resolve(host, places);
    this.pods = places.map((one) => this.layOut(one, resolve));
  }

  public of(part: string): LocalPod[] {
    return this.pods.filter((pod) => pod.part === part);
  }

  /** The first pod of a part. */
  public one(part: string): LocalPod {
    const [pod] = this.of(part);
    if (pod === undefined) throw new Error(`no pod of ${part} runs`);
    return pod;
  }

  public port(containerPort: number): number {
    const known = this.ports.get(containerPort) ?? LocalPods.base + this.ports.size;
    this.ports.set(containerPort, known);
    return known;
  }

  /** A network of 254 addresses for one run. */
  public static freshNet(): string {
    return `127.${randomInt(64, 250)}.${randomInt(1, 250)}`;
  }

  private resolve(host: string, places: readonly Place[]): string[] {
    const [first = "", second] = host.split(".");
    const service = objects(this.resources, "Service").find(
      (s) => [first, second].includes(s.metadata.name) && host.includes(`.${s.metadata.namespace}.`),
    );
    if (service === undefined) return [];
    const behind = places.filter((p) => matches(p.workload.template.metadata.labels, service.spec.selector as Record<string, string>));
    return behind.filter((p) => first === service.metadata.name || p.name === first).map((p) => p.address);
  }

  private layOut({ workload, name, address }: Place, resolve: (host: string) => string[]): LocalPod {
    const spec = workload.template.spec as unknown as PodSpec;
    const [container] = spec.containers as [Container];
    const folder = path.join(this.dir, name);
    const env = Object.fromEntries(
      (container.env ?? []).map((e) => [e.name, e.value ?? (e.valueFrom?.fieldRef ? name : (this.env[e.name] ?? ""))]),
    );
    const rewrite = (text: string) => this.rewrite(text, address, resolve);
    const mounts: Record<string, MountedFolder> = {};
    const folders: [string, string][] = [["/data", path.join(folder, "data")]];
    fs.mkdirSync(path.join(folder, "data"), { recursive: true });
    for (const mount of container.volumeMounts) {
      const source = spec.volumes.find((v) => v.name === mount.name)?.configMap?.name;
      if (source === undefined) continue;
      const place = path.join(folder, mount.mountPath);
      folders.push([mount.mountPath, place]);
      const data = objects(this.resources, "ConfigMap").find((c) => c.metadata.name === source)?.data ?? {};
      mounts[mount.name] = new MountedFolder(place);
      mounts[mount.name]?.publish(Object.fromEntries(Object.entries(data).map(([file, text]) => [file, rewrite(text)])));
    }
    const expand = (text: string) => text.replace(/\$\((\w+)\)/g, (whole, key: string) => env[key] ?? whole);
    const inFolders = (text: string) => folders.reduce((so, [from, to]) => so.replace(`=${from}`, `=${to}`), text);
    return {
      name,
      part: workload.template.metadata.labels["app.kubernetes.io/name"] ?? "",
      address,
      workload,
      args: container.args.map((arg) => inFolders(rewrite(expand(arg)))),
      env: { ...this.env, ...env },
      mounts,
      port: (containerPort) => this.port(containerPort),
    };
  }

  /** Addresses of this machine for names of the cluster; a line that asks DNS for several pods comes once for each. */
  private rewrite(text: string, own: string, resolve: (host: string) => string[]): string {
    const lines = text.split("\n").flatMap((line) => {
      const many = /dns\+([\w.-]+\.svc):(\d+)/.exec(line);
      if (many === null) return [line];
      const known = this.hosts[`${many[1]}:${many[2]}`];
      if (known !== undefined) return [line.replace(many[0], known)];
      return resolve(many[1] ?? "").map((address) => line.replace(many[0], `${address}:${this.port(Number(many[2]))}`));
    });
    return lines
      .join("\n")
      .replace(/(?:0\.0\.0\.0|127\.0\.0\.1):(\d+)/g, (_, port: string) => `${own}:${this.port(Number(port))}`)
      .replace(/([\w.-]+\.svc):(\d+)/g, (whole: string, host: string, port: string) => {
        const [address] = resolve(host);
        return this.hosts[whole] ?? (address === undefined ? whole : `${address}:${this.port(Number(port))}`);
      });
  }
}

interface Place {
  readonly workload: Workload;
  readonly name: string;
  readonly address: string;
}
