import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import type { Storage } from "../../components/contracts";
import { replicationFactor } from "../../model/capacity-figures";
import { ensureTools } from "../../embedded/toolchain";
import type { Recorded } from "../../planning/record";
import { within } from "../engine/envoy";
import { s3 as someS3, type Workload } from "../unit/observability-kit";
import { FakeMemcached, FakePrometheus } from "./fakes-kit";
import { LocalPods, type LocalPod } from "./thanos-pods";
import { Processes } from "./processes-kit";

export const bucket = "example-thanos";
/** The bucket of these tests, by a name that is replaced by the S3 server's address. */
export const s3: Storage = { ...(someS3 as Extract<Storage, { kind: "s3" }>), bucket, endpoint: "s3.storage.svc:9000", insecure: true };
const keys = { AWS_ACCESS_KEY_ID: "access-key-of-tests", AWS_SECRET_ACCESS_KEY: "secret-key-of-tests" };

export async function tool(name: "thanos" | "thanos-before" | "versitygw"): Promise<string> {
  const step = () => ({ done() {}, fail() {}, progress() {} });
  const found = (await ensureTools([name], { report: { step, note() {} } })).get(name);
  if (found === undefined) throw new Error(`the tool chain gave no ${name}`);
  return found.path;
}

/** How many pods of a workload run: all of those that hold or serve data, one of the others. */
function count({ metadata, spec, template }: Workload): number {
  if (metadata.name.startsWith("memcached")) return 0;
  const part = template.metadata.labels["app.kubernetes.io/name"] ?? "";
  return ["receive-ingestor", "store"].includes(part) ? (spec.replicas as number) : 1;
}

/** Ports of the containers. */
export const port = { http: 10902, grpc: 10901, write: 19291 };

/** Thanos as recorded, running on loopback with an S3 server. */
export class ThanosLab {
  public readonly dir = fs.mkdtempSync(path.join(os.tmpdir(), "thanos-"));
  public readonly processes = new Processes(path.join(this.dir, "logs"));
  public readonly results = new FakeMemcached();
  public readonly blocks = new FakeMemcached();
  public readonly prometheus: FakePrometheus;
  public readonly local: LocalPods;
  private readonly net = LocalPods.freshNet();
  private thanos = "";

  /** @param extra more arguments for a pod: what makes a test's minutes out of hours, never what a pod would not have. */
  public constructor(
    resources: readonly Recorded[],
    private readonly extra: (pod: LocalPod) => string[] = () => [],
  ) {
    const at = (last: number, port: number) => `${this.net}.${last}:${port}`;
    const hosts = {
      "s3.storage.svc:9000": at(240, 9000),
      "memcached-results.thanos.svc:11211": at(241, 11211),
      "memcached-blocks.thanos.svc:11211": at(242, 11211),
      "prometheus.system-tenant.svc:9090": at(243, 9090),
    };
    this.local = new LocalPods(resources, this.dir, count, keys, hosts, this.net);
    const heads = () => [...this.local.of("receive-ingestor"), ...this.local.of("receive")].map((pod) => this.http(pod));
    this.prometheus = new FakePrometheus(heads, "prometheus_tsdb_head_series", this.local.of("receive").length > 0 ? 1 : replicationFactor);
  }

  /** Folder of the bucket on disk. */
  public get bucket(): string {
    return path.join(this.dir, "s3/buckets", bucket);
  }

  public async start(parts: (pod: LocalPod) => boolean = () => true): Promise<void> {
    this.thanos = await tool("thanos");
    fs.mkdirSync(this.bucket, { recursive: true });
    fs.mkdirSync(path.join(this.dir, "s3/meta"));
    await Promise.all([
      this.results.listen(`${this.net}.241`, 11211),
      this.blocks.listen(`${this.net}.242`, 11211),
      this.prometheus.listen(`${this.net}.243`, 9090),
    ]);
    const folders = ["posix", "--sidecar", path.join(this.dir, "s3/meta"), path.join(this.dir, "s3/buckets")];
    const args = ["--port", `${this.net}.240:9000`, "--region", "eu-west-1", "--health", "/health", "--quiet", ...folders];
    const env = { ROOT_ACCESS_KEY_ID: keys.AWS_ACCESS_KEY_ID, ROOT_SECRET_ACCESS_KEY: keys.AWS_SECRET_ACCESS_KEY };
    this.processes.start({ name: "s3", program: await tool("versitygw"), args, env });
    await within(20_000, "the S3 server", async () => (await get(`http://${this.net}.240:9000/health`)).status === 200);
    await this.run(this.local.pods.filter(parts));
  }

  /** Starts pods all at once, as a cluster does, and waits until each is ready. */
  public async run(pods: readonly LocalPod[]): Promise<void> {
    for (const pod of pods)
      this.processes.start({ name: pod.name, program: this.thanos, args: [...pod.args, ...this.extra(pod)], env: pod.env });
    await Promise.all(pods.map((pod) => this.ready(pod)));
  }

  public async ready(pod: LocalPod): Promise<void> {
    await within(120_000, `${pod.name} to be ready:\n${pod.args.join(" ")}`, async () => {
      if (!this.processes.isRunning(pod.name)) throw new Error(`${pod.name} ended:\n${this.processes.log(pod.name).slice(-3000)}`);
      return (await get(`http://${this.http(pod)}/-/ready`)).status === 200;
    });
  }

  public http(pod: LocalPod): string {
    return `${pod.address}:${pod.port(port.http)}`;
  }

  public async stop(): Promise<void> {
    await this.processes.stopAll();
    this.results.close();
    this.blocks.close();
    this.prometheus.close();
    fs.rmSync(this.dir, { recursive: true, force: true });
  }

  /** Writes one sample of each series at each time, as OTLP; the status of the answer. */
  public async write(tenant: string | undefined, series: readonly Sample[], to = this.writer()): Promise<number> {
    const gauge = (one: Sample) => ({
      name: one.name,
      gauge: {
        dataPoints: [
          {
            timeUnixNano: `${one.time ?? Date.now()}000000`,
            asDouble: one.value,
            attributes: Object.entries(one.labels ?? {}).map(([key, value]) => ({ key, value: { stringValue: value } })),
          },
        ],
      },
    });
    const body = { resourceMetrics: [{ scopeMetrics: [{ metrics: series.map(gauge) }] }] };
    const headers = { "content-type": "application/json", ...(tenant !== undefined && { "THANOS-TENANT": tenant }) };
    const answer = await fetch(`http://${to.address}:${to.port(port.write)}/api/v1/otlp`, {
      method: "POST",
      headers,
      body: JSON.stringify(body),
    });
    await answer.text();
    return answer.status;
  }

  private writer(): LocalPod {
    return [...this.local.of("receive-router"), ...this.local.of("receive")][0] as LocalPod;
  }

  /** The answer of an API path of a pod, with the data of it. */
  public async ask(pod: LocalPod, path: string, query: Query, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const search = new URLSearchParams(query as [string, string][]).toString();
    const answer = await fetch(`http://${this.http(pod)}${path}?${search}`, { headers });
    const text = await answer.text();
    const { data = undefined, warnings = [] } = answer.headers.get("content-type")?.includes("json")
      ? (JSON.parse(text) as Partial<Answer>)
      : {};
    return { status: answer.status, data, warnings, text };
  }
}

export type Query = readonly (readonly [string, string])[];
export interface Answer {
  readonly status: number;
  readonly data: unknown;
  readonly warnings: readonly string[];
  readonly text: string;
}
export interface Sample {
  readonly name: string;
  readonly value: number;
  readonly labels?: Readonly<Record<string, string>>;
  /** Milliseconds; now unless given. */
  readonly time?: number;
}

/** Status and text of a GET; 0 when nobody answers. */
export async function get(url: string): Promise<{ status: number; text: string }> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(5_000) });
    return { status: answer.status, text: await answer.text() };
  } catch {
    return { status: 0, text: "" };
  }
}
