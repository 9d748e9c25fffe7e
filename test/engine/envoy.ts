import { spawn, type ChildProcess } from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { files, type GatewayInput, type Places } from "../../components/tenant/gateway/input";
import { renderGateway, type Rendered } from "../../components/tenant/gateway/render";
import { MountedFolder } from "../../embedded/pods/mount";
import { ensureTools, type ToolName } from "../../embedded/toolchain";

/** Path of a program of the tool chain; found, downloaded or made by it. */
export async function toolPath(name: ToolName): Promise<string> {
  const step = () => ({ done() {}, fail() {}, progress() {} });
  const tool = (await ensureTools([name], { report: { step, note() {} } })).get(name);
  if (tool === undefined) throw new Error(`the tool chain gave no ${name}`);
  return tool.path;
}

/** Path of the real Envoy. */
export const envoyPath = () => toolPath("envoy");

/** Ports that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<net.Server>((ok, no) => {
          const server = net
            .createServer()
            .once("error", no)
            .listen(0, "127.0.0.1", () => ok(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as net.AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}

/** A tenant's files in a scratch folder, laid out as in its pods. */
export interface Laid {
  readonly root: string;
  readonly places: Places;
  readonly mounts: Readonly<Record<keyof Places["folders"], MountedFolder>>;
}

/** A certificate and its private key, PEM. */
export interface CertificatePair {
  readonly cert: string;
  readonly key: string;
}

/** Writes all that a gateway reads at start. */
export async function layOut(input: GatewayInput, jwks: string, tls: CertificatePair): Promise<Laid> {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), "gateway-"));
  const [https = 0, health = 0, metrics = 0] = await freePorts(3);
  const at = (name: string): string => path.join(root, name);
  const folders = { config: at("config"), routes: at("routes"), keys: at("keys"), tls: at("tls") };
  const places: Places = { address: "127.0.0.1", ports: { https, health, metrics }, folders, adminSocket: at("admin.sock") };
  const mount = (folder: string): MountedFolder => new MountedFolder(folder);
  const mounts = { config: mount(folders.config), routes: mount(folders.routes), keys: mount(folders.keys), tls: mount(folders.tls) };
  const text = renderGateway(input, jwks, places);
  mounts.config.publish({ [files.bootstrap]: text.bootstrap, [files.certificates]: text.certificates });
  mounts.routes.publish(routesFolder(text));
  mounts.keys.publish({ [files.keys]: text.keys });
  mounts.tls.publish({ "tls.crt": tls.cert, "tls.key": tls.key });
  return { root, places, mounts };
}

type Routes = Pick<Rendered, "routes" | "metrics" | "clusters">;

/** The files of one object. */
function routesFolder({ routes, metrics, clusters }: Routes): Record<string, string> {
  return { [files.routes]: routes, [files.metrics]: metrics, [files.clusters]: clusters };
}

/** A running Envoy. */
export class Envoy {
  private out = "";
  private constructor(
    public readonly laid: Laid,
    private readonly child: ChildProcess,
  ) {
    const take = (data: Buffer): void => void (this.out += data.toString());
    child.stdout?.on("data", take);
    child.stderr?.on("data", take);
  }

  /** Starts Envoy as its pod does and waits until its probe answers; at most 20 s. */
  public static async start(laid: Laid): Promise<Envoy> {
    const bootstrap = path.join(laid.places.folders.config, files.bootstrap);
    const args = ["--config-path", bootstrap, "--concurrency", "1", "--disable-hot-restart", "--log-level", "warning"];
    const child = spawn(await envoyPath(), [...args, "--file-flush-interval-msec", "50"], { stdio: ["ignore", "pipe", "pipe"] });
    const envoy = new Envoy(laid, child);
    try {
      await within(
        20_000,
        "Envoy's probe to answer",
        async () => (await plain(laid.places.ports.health, "/ready").catch(() => undefined))?.status === 200 || envoy.ended(),
      );
      if (envoy.rejected !== undefined) throw new Error(envoy.rejected);
    } catch (error) {
      await envoy.stop();
      throw new Error(`${String(error)}\n${envoy.log}`);
    }
    return envoy;
  }

  /** Envoy starts, and its probe answers, with live files that it rejects; it says so only in its log. */
  public get rejected(): string | undefined {
    return /^.*(update rejected|gRPC config for).*$/m.exec(this.out)?.[0];
  }

  private ended(): false {
    if (this.child.exitCode !== null) throw new Error(`Envoy ended with ${this.child.exitCode}`);
    return false;
  }

  /** All that Envoy wrote: its log and the access log. */
  public get log(): string {
    return this.out;
  }

  /** Publishes what changed for another input or other keys, as `pulumi up` and the kubelet would. */
  public update(text: Routes | Pick<Rendered, "keys">): void {
    if ("routes" in text) this.laid.mounts.routes.publish(routesFolder(text));
    else this.laid.mounts.keys.publish({ [files.keys]: text.keys });
  }

  /** Ends Envoy and removes its files. */
  public async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const ended = new Promise((done) => this.child.once("exit", done));
      this.child.kill("SIGTERM");
      await Promise.race([ended, sleep(5000, undefined, { ref: false }).then(() => this.child.kill("SIGKILL"))]);
    }
    fs.rmSync(this.laid.root, { recursive: true, force: true });
  }
}

/** Waits until `check` is true, looking ten times a second; throws after `limit` milliseconds. Returns the milliseconds it took. */
export async function within(limit: number, what: string, check: () => Promise<boolean> | boolean): Promise<number> {
  const start = Date.now();
  for (;;) {
    if (await check()) return Date.now() - start;
    if (Date.now() - start > limit) throw new Error(`waited ${limit} ms for ${what}`);
    await sleep(100);
  }
}

/** GET over plain HTTP on loopback. */
export function plain(port: number, target: string, method = "GET"): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: "127.0.0.1", port, path: target, method, timeout: 5000, agent: false }, (response) => {
      let text = "";
      response.on("data", (data: Buffer) => (text += data.toString()));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    request
      .once("timeout", () => request.destroy(new Error("no answer in 5 s")))
      .once("error", reject)
      .end();
  });
}
