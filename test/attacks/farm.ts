import { spawn, type ChildProcess } from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parse } from "yaml";
import { files } from "../../components/tenant/gateway/input";
import { isFree } from "../../embedded/cluster/ports";
import { MountedFolder } from "../../embedded/pods/mount";
import { envoyPath, within, type Laid } from "../engine/envoy";
import type { Listener } from "../engine/gateway-whole";

/** What became of a listener: the port it listens on, or why Envoy refused it. */
export type Grown = { readonly port: number } | { readonly refused: string };

/** Below the ports that the system gives to connections, of which a run makes thousands. */
let lastPort = 20_000 + (process.pid % 8_000);
async function nextPort(): Promise<number> {
  const port = ++lastPort;
  return (await isFree(port)) ? port : nextPort();
}

const listenersFile = "listeners.json";

/**
 * One Envoy with any number of listeners, each a gateway of its own: a mutant costs some milliseconds instead of a process. Listeners are delivered
 * as a file that Envoy reads again when it changes.
 */
export class Farm {
  private out = "";
  private readonly lds: MountedFolder;
  private readonly root = fs.mkdtempSync(path.join(os.tmpdir(), "farm-"));
  private version = 0;
  private child: ChildProcess | undefined;

  public constructor(private readonly laid: Laid) {
    this.lds = new MountedFolder(path.join(this.root, "lds"));
  }

  private get admin(): string {
    return path.join(this.root, "admin.sock");
  }

  /** Starts Envoy with clusters and no listener. */
  public async start(clusters: readonly unknown[]): Promise<void> {
    const source = {
      path_config_source: { path: path.join(this.lds.folder, listenersFile), watched_directory: { path: this.lds.folder } },
    };
    const bootstrap = {
      ...(parse(fs.readFileSync(path.join(this.laid.places.folders.config, files.bootstrap), "utf8")) as Record<string, unknown>),
      admin: { address: { pipe: { path: this.admin } } },
      static_resources: { clusters },
      dynamic_resources: { lds_config: { resource_api_version: "V3", ...source } },
    };
    this.publish([]);
    const file = path.join(this.root, "envoy.json");
    fs.writeFileSync(file, JSON.stringify(bootstrap));
    const args = ["--config-path", file, "--concurrency", "1", "--disable-hot-restart", "--log-level", "warning"];
    this.child = spawn(await envoyPath(), [...args, "--drain-time-s", "1", "--file-flush-interval-msec", "20"], { stdio: "pipe" });
    for (const stream of [this.child.stdout, this.child.stderr]) stream?.on("data", (data: Buffer) => (this.out += data.toString()));
    await within(20_000, `the farm\n${this.out}`, async () => (await this.ask("/ready").catch(() => "")).startsWith("LIVE"));
  }

  /** The access log of one listener. */
  public accessLog(name: string): string {
    try {
      return fs.readFileSync(this.logFile(name), "utf8");
    } catch {
      // Nothing was logged.
      return "";
    }
  }

  private logFile(name: string): string {
    return path.join(this.root, `${name}.log`);
  }

  /**
   * Replaces all listeners. A listener that Envoy cannot even read makes it refuse the whole file; then halves are tried, down to the one. Names are
   * the callers' and must differ from those before.
   */
  public async grow(listeners: readonly Listener[]): Promise<Map<string, Grown>> {
    const grown = new Map<string, Grown>();
    const bad: [Listener, string][] = [];
    let good: readonly Listener[] = await Promise.all(listeners.map((one) => this.place(one)));
    for (;;) {
      const refusal = await this.offer(good);
      if (refusal === undefined) break;
      const { culprit, why } = await this.culprit(good, refusal);
      bad.push([culprit, why]);
      good = good.filter((one) => one !== culprit);
    }
    for (const [one, why] of bad) grown.set(one.name, { refused: why });
    const ports = await this.ports();
    for (const { name } of good) {
      const port = ports.get(name);
      grown.set(name, port === undefined ? { refused: await this.refusal(name) } : { port });
    }
    return grown;
  }

  /**
   * The listener on a port of its own, with its access log in a file of its own. No two get the same port, nor port 0: Envoy gives a new listener the
   * socket of an old one of the same address that is about to end, and then nobody knows which of both answers.
   */
  private async place(listener: Listener): Promise<Listener> {
    const copy: Listener = { ...structuredClone(listener), enable_reuse_port: false };
    const address = copy["address"] as { socket_address?: Record<string, unknown> } | undefined;
    if (address?.socket_address?.["port_value"] !== undefined) address.socket_address["port_value"] = await nextPort();
    const manager = copy.filter_chains?.[0]?.filters?.[0]?.typed_config;
    for (const { typed_config: log } of (manager?.["access_log"] ?? []) as { typed_config?: Record<string, unknown> }[]) {
      if (log === undefined) continue;
      log["@type"] = "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog";
      log["path"] = this.logFile(copy.name);
    }
    return copy;
  }

  /** Publishes and waits until Envoy took it up; says why it refused the file as a whole. */
  private async offer(listeners: readonly Listener[]): Promise<string | undefined> {
    const before = await this.updates();
    const said = this.out.length;
    this.publish(listeners);
    // One file may be read twice. An answer to the first reading would be taken for that of the next file.
    let now = await this.updates();
    for (let quiet = 0; quiet < 3;) {
      await sleep(40);
      const then = now;
      now = await this.updates();
      quiet = now.read === then.read && now.read > before.read ? quiet + 1 : 0;
      if (this.child?.exitCode !== null) throw new Error(`the farm ended:\n${this.out.slice(-2000)}`);
    }
    if (now.refused === before.refused) return undefined;
    const lines = (): string[] => this.out.slice(said).match(/^.*update rejected.*$/gm) ?? [];
    await within(5000, "Envoy to say why", () => lines().length > 0);
    // What it says of single listeners, their states say too.
    return lines().find((line) => !line.includes("Error adding/updating listener"));
  }

  /** The first listener of a refused list for which the refusal holds by itself. */
  private async culprit(listeners: readonly Listener[], why: string): Promise<{ culprit: Listener; why: string }> {
    let [list, said] = [listeners, why];
    while (list.length > 1) {
      const half = list.slice(0, Math.ceil(list.length / 2));
      const refusal = await this.offer(half);
      list = refusal === undefined ? list.slice(half.length) : half;
      said = refusal ?? said;
    }
    const [culprit] = list;
    if (culprit === undefined) throw new Error(`Envoy refuses an empty list: ${said}`);
    return { culprit, why: said };
  }

  private publish(listeners: readonly Listener[]): void {
    const resources = listeners.map((one) => ({ "@type": "type.googleapis.com/envoy.config.listener.v3.Listener", ...one }));
    this.lds.publish({ [listenersFile]: JSON.stringify({ version_info: String(++this.version), resources }) });
  }

  /** Files that Envoy has read, and of these refused, at least in part. */
  private async updates(): Promise<{ readonly read: number; readonly refused: number }> {
    const stats = await this.ask("/stats?filter=^listener_manager.lds.update");
    const of = (name: string): number => Number(new RegExp(`update_${name}: (\\d+)`).exec(stats)?.[1] ?? 0);
    const refused = of("rejected") + of("failure");
    return { read: of("success") + refused, refused };
  }

  /** Why a listener that Envoy could read does not listen. A mutant counts as refused only for what it lacks, so that a port which is taken is an error. */
  private async refusal(name: string): Promise<string> {
    const why = (): string | undefined => new RegExp(`lds: listener '${name}' config rejected: (.*)`).exec(this.out)?.[1];
    await within(5000, `Envoy to say why ${name} is not there`, () => why() !== undefined);
    if (/cannot bind|in use|duplicate address/.test(why() ?? "")) throw new Error(`listener ${name}: ${why()}`);
    return why() ?? "";
  }

  private async ports(): Promise<Map<string, number>> {
    const { listener_statuses = [] } = JSON.parse(await this.ask("/listeners?format=json")) as {
      listener_statuses?: { name: string; local_address: { socket_address?: { port_value: number } } }[];
    };
    return new Map(listener_statuses.map(({ name, local_address }) => [name, local_address.socket_address?.port_value ?? 0]));
  }

  private ask(target: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const request = http.get({ socketPath: this.admin, path: target, agent: false, timeout: 20_000 }, (response) => {
        let text = "";
        response.on("data", (data: Buffer) => (text += data.toString()));
        response.on("end", () => resolve(text));
      });
      request.once("error", reject).once("timeout", () => request.destroy(new Error("Envoy's admin interface is silent")));
    });
  }

  public async stop(): Promise<void> {
    if (this.child?.exitCode === null) {
      const ended = new Promise((done) => this.child?.once("exit", done));
      this.child.kill("SIGKILL");
      await ended;
    }
    for (const folder of [this.root, this.laid.root]) fs.rmSync(folder, { recursive: true, force: true });
  }
}
