import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import type { Recorded } from "../../planning/record";
import { objects } from "../unit/observability-kit";
import { fileOf, lokiPods } from "./loki-pods";
import type { LokiPod } from "./loki-pods";
import { ask, Program, scratchFolder, toolPath, until } from "./program-kit";
import type { Answer, Ask } from "./program-kit";

/** Addresses of this test alone: each process has one of its own, as each pod has. */
const net = `127.${1 + crypto.randomInt(254)}.${crypto.randomInt(255)}`;
let given = 10;
export const freshAddress = (): string => `${net}.${given++}`;

export interface SceneOptions {
  /** Flags for tests only, by part: shorter waits. */
  readonly flags?: (pod: LokiPod) => readonly string[];
  /** Environment besides the declared one. */
  readonly env?: (pod: LokiPod) => Readonly<Record<string, string>>;
  /** Names of the rendered text that are not Loki's own pods: `host` -> `address:port`. */
  readonly others?: Readonly<Record<string, string>>;
}

/** Loki's declared pods as processes on loopback, from the rendered files: only addresses and folders are those of this machine. */
export class Scene {
  public readonly folder = scratchFolder("loki");
  public readonly pods: ReadonlyMap<string, { readonly pod: LokiPod; readonly address: string; readonly program: Program }>;

  private constructor(resources: readonly Recorded[], binary: string, options: SceneOptions) {
    const pods = lokiPods(resources).map((pod) => ({ pod, address: freshAddress() }));
    const text = withAddresses(fileOf(resources, "loki-config", "loki.yaml"), pods, options.others ?? {});
    for (const { metadata, data } of objects(resources, "ConfigMap"))
      if (metadata.name.startsWith("loki-limits")) for (const [file, limits] of Object.entries(data)) this.publish(limits, file);
    this.pods = new Map(
      pods.map(({ pod, address }) => {
        const root = path.join(this.folder, pod.name);
        fs.mkdirSync(path.join(root, "data"), { recursive: true });
        // Where nothing is mounted, nothing can be written, not even by root.
        const data = pod.hasData ? path.join(root, "data") : "/proc/nothing-is-mounted";
        const here = (file: string) => file.replaceAll("/etc/loki-limits", this.limits).replaceAll("/etc/loki", root);
        // The flag of this option would be taken twice.
        const bound = text.replace(/^memberlist:$/m, `memberlist:\n  bind_addr: [${address}]`).replaceAll("127.0.0.1", address);
        fs.writeFileSync(path.join(root, "loki.yaml"), here(bound).replaceAll("/data", data));
        const args = [
          ...pod.args.map(here),
          `-server.http-listen-address=${address}`,
          `-server.grpc-listen-address=${address}`,
          ...(options.flags?.(pod) ?? []),
        ];
        const own = { ...("POD_NAME" in pod.env ? { POD_NAME: pod.name, POD_IP: address } : {}) };
        const program = new Program(pod.name, { file: binary, args, env: { ...pod.env, ...own, ...options.env?.(pod) } }, this.folder);
        return [pod.name, { pod, address, program }];
      }),
    );
  }

  public static async of(resources: readonly Recorded[], options: SceneOptions = {}): Promise<Scene> {
    return new Scene(resources, await toolPath("loki"), options);
  }

  private get limits(): string {
    return path.join(this.folder, "limits");
  }

  /** Replaces a runtime file, as an updated ConfigMap does; size single has one. */
  public publish(limits: string, file = "overrides.yaml"): void {
    fs.mkdirSync(this.limits, { recursive: true });
    fs.writeFileSync(path.join(this.limits, "next"), limits);
    fs.renameSync(path.join(this.limits, "next"), path.join(this.limits, file));
  }

  public at(name: string): { readonly address: string; readonly program: Program } {
    const found = this.pods.get(name);
    if (found === undefined) throw new Error(`no pod ${name}: ${[...this.pods.keys()].join(" ")}`);
    return found;
  }

  public start(...names: string[]): void {
    for (const name of names.length > 0 ? names : this.pods.keys()) this.at(name).program.start();
  }

  /** Waits until all of them are; every one, unless named. */
  public async ready(limit: number, ...names: string[]): Promise<void> {
    const isReady = async (name: string) => (await this.ask(name, "/ready")).status === 200;
    const one = (name: string) =>
      until(
        limit,
        `${name} to be ready`,
        () => isReady(name),
        () => this.at(name).program.log.slice(-4000),
      );
    await Promise.all((names.length > 0 ? names : [...this.pods.keys()]).map(one));
  }

  public ask(name: string, target: string, how: Ask & { readonly tenant?: string } = {}): Promise<Answer> {
    const headers = { ...(how.tenant !== undefined && { "X-Scope-OrgID": how.tenant }), ...how.headers };
    return ask(`http://${this.at(name).address}:3100${target}`, { ...how, headers });
  }

  public async end(): Promise<void> {
    await Promise.all([...this.pods.values()].map(({ program }) => program.kill()));
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The addresses of Services: of the pod behind each, all of them for the ring. */
function withAddresses(text: string, pods: readonly { pod: LokiPod; address: string }[], others: Readonly<Record<string, string>>): string {
  const members = pods.filter(({ pod }) => "tenantstack.dev/ring" in pod.labels).map(({ address }) => address);
  const gossip = text.replace(/^( *)- dns\+gossip-ring\.loki\.svc(:\d+)$/m, (_, space: string, port: string) =>
    members.map((address) => `${space}- ${address}${port}`).join("\n"),
  );
  const named = pods.reduce((so, { pod, address }) => so.replaceAll(`${pod.part}.loki.svc`, address), gossip);
  return Object.entries(others).reduce((so, [name, address]) => so.replaceAll(name, address), named);
}
