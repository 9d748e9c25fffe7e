import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { parse, stringify } from "yaml";
import { cortexConfig } from "../../components/observability/cortex/config";
import { lokiConfig } from "../../components/observability/loki/config-single";
import { limitsPath, receiveArgs } from "../../components/observability/thanos/receive-config";
import { limitEntries } from "../../model/limits";
import type { LimitsFile } from "../../model/limits";
import { plainTenant } from "../../model/plain";
import { freePorts, toolPath } from "../engine/envoy";
import { ask, Program, ready, type Answer } from "./program";

/** One process of a real store on loopback, from the configuration that pods of size single get: other addresses, folders and a reload each second. */

type Files = readonly Pick<LimitsFile, "file" | "text">[];
type Yaml = Record<string, Record<string, unknown>>;

/** All options of Loki that the mapping knows, so that `/config/tenant/v1/limits` tells them. */
const lokiOptions = [
  ...new Set(limitEntries(plainTenant("small")).map(({ option }) => option)),
  "block_ingestion_until",
  "block_ingestion_status_code",
];

/** A folder with the runtime files in it, and an empty one for data. */
function laid(name: string, limits: Files): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), `${name}-`));
  fs.mkdirSync(path.join(folder, "data"));
  for (const { file, text } of limits) fs.writeFileSync(path.join(folder, file), text);
  return folder;
}

export class Store {
  private constructor(
    private readonly program: Program,
    public readonly url: string,
    private readonly folder: string,
    private readonly probe: string,
  ) {}

  /** @param more settings of the main configuration, group by group, in the place of its own. */
  public static async cortex(limits: Files, more: Yaml = {}): Promise<Store> {
    return Store.configured("cortex", limits, () => cortexConfig({ size: "single", storage: { kind: "volume" } }), more);
  }

  public static async loki(limits: Files, more: Yaml = {}): Promise<Store> {
    const render = (files: readonly string[]) => lokiConfig({ kind: "volume" }, files, { host: "127.0.0.1", port: 1 });
    return Store.configured("loki", limits, render, more, { tenant_limits_allow_publish: lokiOptions });
  }

  /** Receive as a single process runs it, but for its addresses; `writes` is where samples go. */
  public static async receive(limits: Files): Promise<Store & { readonly writes: string }> {
    const folder = laid("thanos", limits);
    const [http = 0, grpc = 0, remoteWrite = 0] = await freePorts(3);
    const here = (port: number) => `127.0.0.1:${port}`;
    const args = receiveArgs({ kind: "volume" })
      .map((arg) => arg.replace("=/data", `=${folder}/data`).replace("$(NAME)", "receive-0").replace(limitsPath, folder))
      .map((arg) =>
        arg
          .replaceAll("0.0.0.0:10902", here(http))
          .replaceAll(/[\d.]+:10901/g, here(grpc))
          .replaceAll("0.0.0.0:19291", here(remoteWrite)),
      );
    const program = new Program("thanos", { file: await toolPath("thanos"), args }, folder);
    const store = await new Store(program, `http://${here(http)}`, folder, "/-/ready").started();
    return Object.assign(store, { writes: `http://${here(remoteWrite)}` });
  }

  private static async configured(
    name: "cortex" | "loki",
    limits: Files,
    render: (files: readonly string[]) => string,
    more: Yaml,
    top: object = {},
  ): Promise<Store> {
    const folder = laid(name, limits);
    const [http = 0, grpc = 0, gossip = 0] = await freePorts(3);
    const files = limits.map(({ file }) => path.join(folder, file));
    const text = render(files)
      .replaceAll(/(["' ])\/data\b/g, `$1${folder}/data`)
      .replaceAll("127.0.0.1:9095", `127.0.0.1:${grpc}`);
    const config = parse(text) as Yaml;
    const loopback = { http_listen_address: "127.0.0.1", http_listen_port: http, grpc_listen_address: "127.0.0.1", grpc_listen_port: grpc };
    const merged = Object.entries(more).map(([group, values]) => [group, { ...config[group], ...values }] as const);
    const changed = {
      ...config,
      ...Object.fromEntries(merged),
      memberlist: {
        ...config["memberlist"],
        bind_addr: ["127.0.0.1"],
        bind_port: gossip,
        advertise_addr: "127.0.0.1",
        advertise_port: gossip,
      },
      server: { ...config["server"], ...loopback },
      runtime_config: { file: files.join(","), period: "1s" },
      ...top,
    };
    fs.writeFileSync(path.join(folder, "config.yaml"), stringify(changed));
    const sooner = name === "loki" ? ["-ingester.min-ready-duration=0s", "-frontend.scheduler-dns-lookup-period=1s"] : [];
    const args = [`-config.file=${path.join(folder, "config.yaml")}`, ...sooner];
    const program = new Program(name, { file: await toolPath(name), args }, folder);
    return new Store(program, `http://127.0.0.1:${http}`, folder, "/ready").started();
  }

  private async started(): Promise<this> {
    try {
      await ready(this.url + this.probe, this.program.start(), 60_000);
    } catch (error) {
      await this.stop();
      throw error;
    }
    return this;
  }

  public get log(): string {
    return this.program.log;
  }

  /** Other runtime files; in effect within a second or two. */
  public limits(files: Files): void {
    for (const { file, text } of files) {
      fs.writeFileSync(path.join(this.folder, "next"), text);
      fs.renameSync(path.join(this.folder, "next"), path.join(this.folder, file));
    }
  }

  /** The sum of a metric over its labels; NaN where there is none. */
  public async metric(name: string): Promise<number> {
    const { text } = await this.ask("/metrics");
    const values = text.split("\n").filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
    return values.length === 0 ? NaN : values.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
  }

  public async ask(target: string, { tenant, ...init }: RequestInit & { tenant?: string } = {}): Promise<Answer> {
    const headers = { ...(init.headers as Record<string, string> | undefined), ...(tenant !== undefined && { "X-Scope-OrgID": tenant }) };
    return ask(this.url + target, { ...init, headers });
  }

  public async stop(): Promise<void> {
    await this.program.end();
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

/** OTLP in JSON: `count` series of one metric. */
export function otlp(metric: string, count: number, from = 0): string {
  const now = `${Date.now()}000000`;
  const dataPoints = Array.from({ length: count }, (_, n) => ({
    asDouble: 1,
    timeUnixNano: now,
    attributes: [{ key: "n", value: { stringValue: String(from + n) } }],
  }));
  return JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: metric, gauge: { dataPoints } }] }] }] });
}
