import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import type { Recorded } from "../../planning/record";
import { matches, objects, workloads } from "../unit/observability-kit";

/** Pods of a recording as processes of this machine: a small kubelet for tests of one system. Every pod has a loopback address of its own. */

interface EnvVar {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: {
    readonly fieldRef?: { readonly fieldPath: string };
    readonly secretKeyRef?: { readonly name: string; readonly key: string };
  };
}

interface Container {
  readonly name: string;
  readonly args: readonly string[];
  readonly env?: readonly EnvVar[];
  readonly volumeMounts?: readonly { readonly mountPath: string }[];
}

/** A container of a pod, and where it runs. */
export interface Placed {
  readonly pod: string;
  /** The workload's name, with a number from its second pod on, or the name of a container beside the first. */
  readonly name: string;
  readonly container: Container;
  readonly labels: Readonly<Record<string, string>>;
  readonly serviceAccount: string;
  readonly address: string;
  /** Folder that stands for the pod's root: `/data`, `/etc/...` lie below it. */
  readonly root: string;
}

const secretKey = "4dabf18193072939515e22adb298388d";

/** A value without the mark by which the engine knows secrets. */
function plain(value: unknown): unknown {
  if (value === null || typeof value !== "object") return value;
  if (secretKey in value) return plain((value as unknown as { value: unknown }).value);
  return Array.isArray(value) ? value.map(plain) : Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plain(v)]));
}

/** The first pod of every workload whose containers are of one image, with addresses out of a block that nobody else has. */
export class Machine {
  public readonly folder = fs.mkdtempSync(path.join(os.tmpdir(), "pods-"));
  private readonly block = `127.${64 + Math.floor(Math.random() * 128)}.${Math.floor(Math.random() * 256)}`;
  public readonly placed: readonly Placed[];

  /** @param whole StatefulSets of which every pod runs: one alone would keep no quorum */
  public constructor(
    private readonly resources: readonly Recorded[],
    image: string,
    whole: readonly string[] = [],
  ) {
    let host = 10;
    this.placed = workloads(resources).flatMap(({ kind, metadata, spec, template }) => {
      const containers = (template.spec.containers as unknown as (Container & { image: string })[]).filter((one) => one.image === image);
      const count = whole.includes(metadata.name) ? (spec.replicas as number) : 1;
      return Array.from({ length: count }, (_, index) => {
        const address = `${this.block}.${host++}`;
        const pod = kind === "StatefulSet" ? `${metadata.name}-${index}` : `${metadata.name}-5d8f7-x`;
        const serviceAccount = template.spec.serviceAccountName as string;
        const of = { pod, labels: template.metadata.labels, serviceAccount, address, root: path.join(this.folder, pod) };
        const name = index === 0 ? metadata.name : pod;
        return containers.map((container, n) => ({ ...of, container, name: n === 0 ? name : container.name }));
      }).flat();
    });
  }

  public get(name: string): Placed {
    const found = this.placed.find((one) => one.name === name);
    if (found === undefined) throw new Error(`there is no ${name} among ${this.placed.map((one) => one.name).join(", ")}`);
    return found;
  }

  /** An address of the block for what is no pod. */
  public other(host: number): string {
    return `${this.block}.${host}`;
  }

  /** The address of everything that a text names and that no pod of the image is: nobody listens there, unless the test does. */
  public get elsewhere(): string {
    return this.other(254);
  }

  /** Addresses of the pods behind a Service; where none of them runs, or it is a system's that is not declared, `elsewhere`. */
  private behind(name: string, namespace: string): string[] {
    if (!objects(this.resources, "Namespace").some((one) => one.metadata.name === namespace)) return [this.elsewhere];
    const service = objects(this.resources, "Service").find((one) => one.metadata.name === name);
    if (service === undefined) throw new Error(`a text names ${name}, which is no Service`);
    const pods = this.placed.filter((one) => matches({ ...one.labels }, service.spec.selector as never)).map((one) => one.address);
    return pods.length > 0 ? [...new Set(pods)] : [this.elsewhere];
  }

  /** A text with addresses in place of Services; an item of a list becomes one for each pod of a headless Service, as its DNS name would. */
  private local(text: string, { address }: Placed): string {
    // Inside a pod this is the pod itself.
    const own = text.replaceAll("127.0.0.1", address);
    const host = /\b([a-z0-9-]+)\.([a-z]+)\.svc\b/;
    return own
      .split("\n")
      .flatMap((line) => {
        const [whole, name, namespace = ""] = host.exec(line) ?? [];
        if (whole === undefined || name === undefined) return [line];
        const addresses = this.behind(name, namespace);
        // `dns+` asks DNS, which knows no addresses.
        return (/^\s*- /.test(line) ? addresses : addresses.slice(0, 1)).map((ip) => line.replace(whole, ip).replace(`dns+${ip}`, ip));
      })
      .join("\n");
  }

  /** Writes the ConfigMaps of a pod below its root, under the paths that its arguments name. */
  public layOut(placed: Placed, files: Readonly<Record<string, { readonly map: string; readonly at: string }>>): void {
    const { root } = placed;
    for (const { map, at } of Object.values(files)) {
      const { data } = objects(this.resources, "ConfigMap").find((one) => one.metadata.name === map) ?? {};
      fs.mkdirSync(path.join(root, at), { recursive: true });
      for (const [file, text] of Object.entries(data ?? {}))
        fs.writeFileSync(path.join(root, at, file), this.rooted(this.local(text, placed), placed));
    }
    fs.mkdirSync(path.join(root, "data"), { recursive: true });
  }

  /** Folders of the pod below its root. Where nothing is mounted at `/data`, nothing can be written, not even by root. */
  private rooted(text: string, { root, container }: Placed): string {
    const hasData = (container.volumeMounts ?? []).some((mount) => mount.mountPath === "/data");
    const below = (folder: string) => (folder === "data" && !hasData ? "/proc/not-mounted" : `${root}/${folder}`);
    return text.replace(/(?<![\w.])\/(data|etc)\b/g, (_, folder: string) => below(folder));
  }

  /** Arguments as the pod gets them, with local addresses and folders. */
  public argsOf(placed: Placed): string[] {
    return placed.container.args.map((arg) => this.rooted(this.local(arg, placed), placed));
  }

  public envOf({ container, pod, address }: Placed): Record<string, string> {
    const fields: Readonly<Record<string, string>> = { "status.podIP": address, "metadata.name": pod };
    return Object.fromEntries((container.env ?? []).map((one) => [one.name, one.value ?? this.from(one, fields)]));
  }

  private from({ name, valueFrom }: EnvVar, fields: Readonly<Record<string, string>>): string {
    const { fieldRef, secretKeyRef } = valueFrom ?? {};
    const field = fieldRef && fields[fieldRef.fieldPath];
    if (field !== undefined) return field;
    const secret = objects(this.resources, "Secret").find((one) => one.metadata.name === secretKeyRef?.name);
    const value = (plain(secret?.data) as Record<string, string> | undefined)?.[secretKeyRef?.key ?? ""];
    if (value === undefined) throw new Error(`nothing gives the variable ${name}`);
    return Buffer.from(value, "base64").toString();
  }

  public remove(): void {
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}
