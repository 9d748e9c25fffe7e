import fs from "node:fs";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import type { Storage } from "../../components/contracts";
import { replicationFactor } from "../../model/capacity-figures";
import type { Recorded } from "../../planning/record";
import { toolPath } from "../engine/envoy";
import { s3 as someS3, type Workload } from "../unit/observability-kit";
import { Bucket, credentials } from "./bucket";
import { ask, Program, ready } from "./program";
import { Listener, memcached, type Memcached } from "./servers";
import { LocalPods, type LocalPod } from "./thanos-pods";

export const bucket = "example-thanos";
/** The bucket of these tests, by a name that is replaced by the S3 server's address. */
export const s3: Storage = { ...(someS3 as Extract<Storage, { kind: "s3" }>), bucket, endpoint: "s3.storage.svc:9000", insecure: true };
const keys = { AWS_ACCESS_KEY_ID: credentials.accessKeyId, AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey };

/** How many pods of a workload run: all of those that hold or serve data, one of the others. */
function count({ metadata, spec, template }: Workload): number {
  if (metadata.name.startsWith("memcached")) return 0;
  const part = template.metadata.labels["app.kubernetes.io/name"] ?? "";
  return ["receive-ingestor", "store"].includes(part) ? (spec.replicas as number) : 1;
}

/** Ports of the containers. */
export const port = { http: 10902, grpc: 10901, write: 19291 };

/**
 * Receive looks for idle tenants in the first minute of every fourth hour, also while it still opens their TSDBs, and dies of the one that is not open
 * (Thanos 0.42.4, pkg/receive/multitsdb.go, `shouldBeMarkedInactive`). The kubelet starts it again until the minute is over; so does `Program`.
 */
const prunedTooSoon = /panic: [\s\S]*receive\.\(\*tenant\)\.shouldBeMarkedInactive/;

/** Thanos as recorded, running on loopback with an S3 server. */
export class ThanosLab {
  public readonly dir = fs.mkdtempSync(path.join(os.tmpdir(), "thanos-"));
  public readonly local: LocalPods;
  /** What the Prometheus of the platform's tenant was asked. */
  public readonly queries = new Set<string>();
  public caches!: Readonly<Record<"results" | "blocks", Memcached>>;
  private readonly net = LocalPods.freshNet();
  private readonly programs = new Map<string, Program>();
  private readonly servers: Listener[] = [];
  private readonly s3 = new Bucket([bucket]);
  private thanos = "";

  /** @param extra more arguments for a pod: what makes seconds out of a test's hours, never what a pod would not have. */
  public constructor(
    resources: readonly Recorded[],
    private readonly extra: (pod: LocalPod) => string[] = () => [],
  ) {
    const hosts = {
      "s3.storage.svc:9000": this.s3.address,
      "memcached-results.thanos.svc:11211": `${this.net}.241:11211`,
      "memcached-blocks.thanos.svc:11211": `${this.net}.242:11211`,
      "prometheus.system-tenant.svc:9090": `${this.net}.243:9090`,
    };
    this.local = new LocalPods(resources, this.dir, count, keys, hosts, this.net);
  }

  /** Folder of the bucket on disk. */
  public get bucket(): string {
    return this.s3.folderOf();
  }

  /** Starts the servers around Thanos, and the pods that `parts` picks. */
  public async start(parts: (pod: LocalPod) => boolean = () => true): Promise<void> {
    this.thanos = await toolPath("thanos");
    const [results, blocks] = await Promise.all([memcached(`${this.net}.241`), memcached(`${this.net}.242`), this.s3.start()]);
    this.caches = { results, blocks };
    this.servers.push(results.server, blocks.server, await Listener.on(this.prometheus(), `${this.net}.243`, 9090));
    await this.run(this.local.pods.filter(parts));
  }

  /** The Prometheus of the platform's tenant, which has scraped every head: answers with the sum of series by tenant, over the copies of each. */
  private prometheus(): http.Server {
    const heads = ["receive-ingestor", "receive"].flatMap((part) => this.local.of(part));
    const copies = this.local.of("receive").length > 0 ? 1 : replicationFactor;
    return http.createServer((request, response) => {
      this.queries.add(new URL(request.url ?? "", "http://x").searchParams.get("query") ?? "");
      void Promise.all(heads.map((pod) => ask(`http://${this.http(pod)}/metrics`))).then((answers) => {
        const sums = new Map<string, number>();
        for (const { text } of answers)
          for (const [, tenant = "", value] of text.matchAll(/^prometheus_tsdb_head_series\{.*?tenant="([^"]*)".*?\} (\S+)$/gm))
            sums.set(tenant, (sums.get(tenant) ?? 0) + Number(value));
        const result = [...sums].map(([tenant, sum]) => ({ metric: { tenant }, value: [Date.now() / 1000, String(sum / copies)] }));
        response.setHeader("content-type", "application/json");
        response.end(JSON.stringify({ status: "success", data: { resultType: "vector", result } }));
      });
    });
  }

  /** Starts pods all at once, as a cluster does, and waits until each is ready. */
  public async run(pods: readonly LocalPod[]): Promise<void> {
    for (const pod of pods) {
      const command = { file: this.thanos, args: [...pod.args, ...this.extra(pod)], env: pod.env };
      this.programs.set(pod.name, new Program(pod.name, command, this.dir, true));
      this.program(pod).start();
    }
    await Promise.all(pods.map((pod) => this.ready(pod)));
  }

  public program({ name }: LocalPod): Program {
    const program = this.programs.get(name);
    if (program === undefined) throw new Error(`${name} never ran`);
    return program;
  }

  /** Names of the pods that run. */
  public get running(): string[] {
    return [...this.programs.keys()];
  }

  public async ready(pod: LocalPod): Promise<void> {
    const program = this.program(pod);
    await ready(`http://${this.http(pod)}/-/ready`, program, 120_000, () => program.restarts <= 2 || prunedTooSoon.test(program.log));
  }

  public http(pod: LocalPod): string {
    return `${pod.address}:${pod.port(port.http)}`;
  }

  public async stop(): Promise<void> {
    await Promise.all([...this.programs.values()].map((program) => program.end()));
    await this.s3.end();
    for (const server of this.servers) server.close();
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
  public async api(pod: LocalPod, path: string, query: Query, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
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
