import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client, type Answer } from "../../cli/client";
import { root } from "../../cli/paths";
import { tokenOf } from "../../cli/proof";
import { MountedFolder } from "../../embedded/pods/mount";
import { platformTenant } from "../../model/names";
import type { Scope } from "../../model/routes";
import { Lab } from "../engine/stack-kit";

/** A tenant's file with what is required and no more. */
export function tenantFile(metrics: "cortex" | "thanos", more = ""): string {
  return `owner: lab@example.com\ndescription: A tenant for tests\nmetrics: ${metrics}\napis: [metrics, logs]\nkeys: [2026-11]\n${more}`;
}

/** A lab with only these tenants, and the platform's own beside them, whose endpoints answer. */
export class LiveLab extends Lab {
  private readonly systems: Readonly<Record<string, "cortex" | "thanos">>;

  public constructor(systems: Readonly<Record<string, "cortex" | "thanos">>) {
    super();
    this.systems = { [platformTenant]: "cortex", ...systems };
    for (const name of fs.readdirSync(this.tenants)) if (/^[a-z].*\.yaml$/.test(name)) fs.rmSync(path.join(this.tenants, name));
    fs.copyFileSync(path.join(root, "tenants", `${platformTenant}.yaml`), this.file(platformTenant));
    for (const [name, system] of Object.entries(systems)) fs.writeFileSync(this.file(name), tenantFile(system));
  }

  public get client(): Client {
    const { pods, authority } = this.up;
    if (pods === undefined || authority === undefined) throw new Error("the lab has no pods");
    return new Client(pods.entry, fs.readFileSync(authority, "utf8"));
  }

  public token(tenant: string, ...scopes: Scope[]): string {
    return tokenOf(this.up, tenant, scopes.length > 0 ? scopes : undefined);
  }

  private get zone(): string {
    const { zone } = this.overrides;
    return typeof zone === "string" ? zone : "obs.localhost";
  }

  /** Public URL of a tenant's metrics or logs. */
  public url(tenant: string, of: "metrics" | "logs", path: string): string {
    const host = of === "logs" ? "loki" : this.systems[tenant];
    const prefix = of === "metrics" && host === "cortex" && path.startsWith("/api/v1/query") ? "/prometheus" : "";
    return `https://${host}.${tenant}.${this.zone}${prefix}${path}`;
  }

  /** Pushes one sample of a gauge with the same name and labels for every tenant. */
  public async pushSample(tenant: string, value: number, headers: Headers = {}, token = this.token(tenant)): Promise<Answer> {
    const path = this.systems[tenant] === "cortex" ? "/api/v1/otlp/v1/metrics" : "/api/v1/otlp";
    const point = { asDouble: value, timeUnixNano: `${Date.now()}000000`, attributes: [{ key: "zone", value: { stringValue: "a" } }] };
    const resource = { attributes: [{ key: "service.name", value: { stringValue: "lab" } }] };
    const scopeMetrics = [{ metrics: [{ name: "same_name", gauge: { dataPoints: [point] } }] }];
    const body = () => JSON.stringify({ resourceMetrics: [{ resource, scopeMetrics }] });
    return this.client.ask({ url: this.url(tenant, "metrics", path), token, headers, body });
  }

  /** All values of that gauge that a tenant reads, sorted. */
  public async samples(tenant: string, headers: Headers = {}, token = this.token(tenant)): Promise<string[]> {
    const url = this.url(tenant, "metrics", `/api/v1/query?query=${encodeURIComponent('same_name{zone="a"}')}`);
    const answer = await this.client.ask({ url, token, headers });
    const read = JSON.parse(answer.text) as { data: { result: { value: [number, string] }[] } };
    return read.data.result.map(({ value }) => value[1]).sort();
  }

  public async pushLine(tenant: string, line: string, headers: Headers = {}, token = this.token(tenant)): Promise<Answer> {
    const body = () => JSON.stringify({ streams: [{ stream: { job: "lab" }, values: [[`${Date.now()}000000`, line]] }] });
    return this.client.ask({ url: this.url(tenant, "logs", "/loki/api/v1/push"), token, headers, body });
  }

  /** All lines of that stream that a tenant reads, sorted. */
  public async lines(tenant: string, headers: Headers = {}, token = this.token(tenant)): Promise<string[]> {
    const query = `limit=100&query=${encodeURIComponent('{job="lab"}')}`;
    const answer = await this.client.ask({ url: this.url(tenant, "logs", `/loki/api/v1/query_range?${query}`), token, headers });
    const read = JSON.parse(answer.text) as { data: { result: { values: [string, string][] }[] } };
    return read.data.result.flatMap(({ values }) => values.map(([, line]) => line)).sort();
  }

  /** A page of a pod, asked as an operator with a port forward would, where it matters as a tenant. */
  public async page(pod: string, port: number, path: string, tenant?: string): Promise<string> {
    const host = this.up.pods?.addresses[pod];
    const headers = tenant === undefined ? {} : { "X-Scope-OrgID": tenant };
    return new Promise((resolve, reject) => {
      const request = http.get({ host, port, path, headers, timeout: 5_000, agent: false }, (response) => {
        let text = "";
        response.on("data", (data: Buffer) => (text += data.toString()));
        response.on("end", () => resolve(text));
      });
      request.once("timeout", () => request.destroy(new Error(`${pod}:${port}${path} did not answer in 5 s`))).once("error", reject);
    });
  }

  /** Value of a metric without labels, or of the first series whose labels contain `labels`. */
  public async metric(pod: string, port: number, name: string, labels = ""): Promise<number | undefined> {
    const line = (await this.page(pod, port, "/metrics")).split("\n").find((one) => one.startsWith(name) && one.includes(labels));
    return line === undefined ? undefined : Number(line.split(" ").at(-1));
  }

  /** Process numbers by name. */
  public get pids(): Readonly<Record<string, number | undefined>> {
    return Object.fromEntries((this.up.pods?.processes ?? []).map(({ name, pid }) => [name, pid]));
  }

  /** A mounted ConfigMap as a container has it: its folder, its files, and the first of them. */
  public mounted(
    container: string,
    mountPath: string,
  ): { folder: MountedFolder; file: string; text: string; files: Record<string, string> } {
    const place = path.join(this.state, "pods", "run", container, mountPath);
    const names = fs.readdirSync(place).filter((name) => !name.startsWith(".."));
    const files = Object.fromEntries(names.map((name) => [name, fs.readFileSync(path.join(place, name), "utf8")]));
    const [file = ""] = names;
    return { folder: new MountedFolder(place), file, text: files[file] ?? "", files };
  }
}

type Headers = Readonly<Record<string, string>>;

/** Seconds until something holds; fails after `limit` seconds with what it was last. */
export async function secondsUntil<T>(limit: number, look: () => Promise<T>, holds: (seen: T) => boolean): Promise<number> {
  const began = Date.now();
  for (;;) {
    const seen = await look();
    const seconds = (Date.now() - began) / 1000;
    if (holds(seen)) return seconds;
    if (seconds > limit) throw new Error(`still ${JSON.stringify(seen)} after ${limit} s`);
    await sleep(200);
  }
}
