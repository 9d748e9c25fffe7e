import fs from "node:fs";
import http from "node:http";
import net from "node:net";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { parse, stringify } from "yaml";
import { platformTenant, tenantNamespace } from "../../model/names";
import { toolPath, within } from "../engine/envoy";
import { ask, Program, ready } from "./program";
import type { LiveLab } from "./pods-kit";
import { Listener } from "./servers";

/** Kubernetes' words for a pod. */
interface Pod {
  readonly metadata: { readonly name: string; readonly namespace: string };
}

interface ScrapeConfig {
  readonly kubernetes_sd_configs: readonly object[];
  readonly relabel_configs: readonly object[];
}

interface Config {
  readonly global: object;
  readonly scrape_configs: readonly ScrapeConfig[];
  readonly remote_write: readonly object[];
  readonly alerting: { readonly alertmanagers: readonly object[] };
}

/** A series of an answer. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

const home = tenantNamespace(platformTenant);
const object = `prometheus-${platformTenant}-prometheus`;

/**
 * The platform's Prometheus, for real: the configuration and the rule files that the operator made of the PodMonitors, rules and Prometheus that `up`
 * declared, discovery by the API server with the rights of its service account, scrapes of the processes that stand for the pods, remote write and
 * alerts through the gateway. What differs: addresses, paths, and all is done more often.
 */
export class PlatformPrometheus {
  private constructor(
    private readonly program: Program,
    private readonly proxy: Listener,
    private readonly url: string,
    /** Host and port. */
    public readonly address: string,
  ) {}

  /**
   * @param seconds between two scrapes. All groups of rules run twice as often: the one that looks at the last two scrapes must not miss any.
   */
  public static async start(lab: LiveLab, seconds: number): Promise<PlatformPrometheus> {
    const [interval, between] = [`${seconds}s`, `${seconds * 500}ms`];
    const { pods, authority, kubeconfig } = lab.up;
    if (pods === undefined || authority === undefined) throw new Error("the lab has no pods");
    const dir = path.join(lab.dir, "prometheus");
    fs.mkdirSync(path.join(dir, "rules"), { recursive: true });
    const address = `${Object.values(pods.addresses)[0]?.split(".").slice(0, 3).join(".")}.253:9090`;
    const json = async <T>(...args: string[]) => JSON.parse(await lab.kubectl(["get", ...args, "-o", "json"])) as T;

    const { items } = await json<{ items: { metadata: { name: string }; data?: Record<string, string> }[] }>("configmaps", "-n", home);
    for (const { data } of items.filter(({ metadata }) => metadata.name.startsWith(`${object}-rulefiles-`)))
      for (const [name, text] of Object.entries(data ?? {}))
        fs.writeFileSync(path.join(dir, "rules", name), text.replace(/\binterval: .*$/gm, `interval: ${between}`));

    const user = path.join(dir, "kubeconfig");
    const known = parse(fs.readFileSync(kubeconfig, "utf8")) as { users: { user: object }[] };
    const as = { as: `system:serviceaccount:${home}:prometheus` };
    fs.writeFileSync(user, stringify({ ...known, users: known.users.map((one) => ({ ...one, user: { ...one.user, ...as } })) }));

    const { data } = await json<{ data: Record<string, string> }>("secret", object, "-n", home);
    const text = gunzipSync(Buffer.from(data["prometheus.yaml.gz"] ?? "", "base64")).toString();
    const local = text
      // As its sidecar fills it in.
      .replaceAll("$(SHARD)", "0")
      .replace(/ca_file: .*/g, `ca_file: ${authority}`)
      .replace(`/etc/prometheus/rules/${object}-rulefiles-0`, path.join(dir, "rules"))
      .replace(/scrape_interval: .*/g, `scrape_interval: ${interval}`);
    const config = parse(local) as Config;
    const { items: all } = await json<{ items: Pod[] }>("pods", "--all-namespaces");
    const places = [...placesOf(all, pods.addresses), ...placesOf(all, { [`${home}/${object}-0`]: address.split(":")[0] ?? "" })];
    const proxy = await gatewayProxy(address.split(":")[0] ?? "", pods.entry);
    const proxied = (clients: readonly object[]) => clients.map((one) => ({ ...one, proxy_url: proxy.url }));
    const changed = {
      ...config,
      remote_write: proxied(config.remote_write),
      alerting: { ...config.alerting, alertmanagers: proxied(config.alerting.alertmanagers) },
      global: { ...config.global, scrape_interval: interval, evaluation_interval: between, scrape_timeout: interval },
      scrape_configs: config.scrape_configs.map((one) => ({
        ...one,
        kubernetes_sd_configs: one.kubernetes_sd_configs.map((sd) => ({ ...sd, kubeconfig_file: user })),
        relabel_configs: [...one.relabel_configs, ...places, { source_labels: ["__address__"], regex: "127\\..*", action: "keep" }],
      })),
    };
    fs.writeFileSync(path.join(dir, "prometheus.yaml"), stringify(changed));
    const args = [
      `--config.file=${path.join(dir, "prometheus.yaml")}`,
      `--storage.tsdb.path=${path.join(dir, "data")}`,
      `--web.listen-address=${address}`,
      "--rules.alert.resend-delay=1s",
    ];
    const program = new Program("prometheus", { file: await toolPath("prometheus"), args }, dir).start();
    const url = `http://${address}`;
    await ready(`${url}/-/ready`, program, 20_000);
    return new PlatformPrometheus(program, proxy.server, url, address);
  }

  private async api<T>(target: string, parameters: Readonly<Record<string, string>> = {}): Promise<T> {
    const { status, text } = await ask(`${this.url}/api/v1/${target}?${new URLSearchParams(parameters).toString()}`);
    if (status !== 200) throw new Error(`${target} ${JSON.stringify(parameters)}: ${status} ${text}`);
    return (JSON.parse(text) as { data: T }).data;
  }

  /** An instant query. */
  public async query(query: string): Promise<readonly Series[]> {
    return (await this.api<{ result: readonly Series[] }>("query", { query })).result;
  }

  /** Names of all series. */
  public names(): Promise<readonly string[]> {
    return this.api("label/__name__/values");
  }

  /** Names of a metric's labels. */
  public labels(metric: string): Promise<readonly string[]> {
    return this.api("labels", { "match[]": metric });
  }

  /** The syntax tree of an expression, as Prometheus reads it. */
  public parsed(query: string): Promise<unknown> {
    return this.api("parse_query", { query });
  }

  public async rules(): Promise<readonly Rule[]> {
    return (await this.api<{ groups: { rules: Rule[] }[] }>("rules")).groups.flatMap(({ rules }) => rules);
  }

  public async targets(): Promise<readonly Target[]> {
    return (await this.api<{ activeTargets: Target[] }>("targets", { state: "active" })).activeTargets;
  }

  /** Waits until all that it discovers has been scraped; discovery takes some seconds. */
  public async scraping(): Promise<void> {
    await within(60_000, "first scrapes", async () => {
      const targets = await this.targets();
      return targets.length > 10 && targets.every(({ health }) => health !== "unknown");
    });
  }

  public async end(): Promise<void> {
    await this.program.end("SIGTERM", 5_000);
    this.proxy.close();
  }
}

/** A rule and how it went the last time. */
export interface Rule {
  readonly name: string;
  readonly type: "recording" | "alerting";
  readonly health: string;
  readonly lastError?: string;
  readonly state?: "inactive" | "pending" | "firing";
  readonly alerts?: readonly { readonly labels: Readonly<Record<string, string>>; readonly state: string }[];
}

export interface Target {
  readonly labels: Readonly<Record<string, string>>;
  readonly health: string;
  readonly lastError: string;
  readonly scrapeUrl: string;
}

/**
 * What stands for the cluster's DNS: clients keep the gateway's Service in their URLs, and connections to it come to the entry, which leads them on by
 * the server name of their handshake.
 */
async function gatewayProxy(
  address: string,
  entry: { readonly address: string; readonly port: number },
): Promise<{ url: string; server: Listener }> {
  const port = 3128;
  const server = http.createServer((_, response) => response.writeHead(405).end());
  server.on("connect", (request: http.IncomingMessage, client: net.Socket) => {
    if (request.url !== `cortex-api.${home}.svc:443`) return void client.end("HTTP/1.1 403 Forbidden\r\n\r\n");
    const upstream = net.connect(entry.port, entry.address, () => {
      client.write("HTTP/1.1 200 OK\r\n\r\n");
      client.pipe(upstream).pipe(client);
    });
    upstream.on("error", () => client.destroy());
    client.on("error", () => upstream.destroy()).on("close", () => upstream.destroy());
  });
  return { url: `http://${address}:${port}`, server: await Listener.on(server, address, port) };
}

/** Steps that lead discovered pods to the addresses of their processes. */
function placesOf(pods: readonly Pod[], addresses: Readonly<Record<string, string>>): object[] {
  return Object.entries(addresses).flatMap(([key, address]) => {
    const [namespace = "", name = ""] = key.split("/");
    const [, workload = "", ordinal = "0"] = /^(.*)-(\d+)$/.exec(name) ?? [];
    // A Deployment's pods have names of chance.
    const isOf = new RegExp(`^${workload}-[0-9a-z]{8,10}-[0-9a-z]{5}$`);
    const own = pods.filter(({ metadata }) => metadata.namespace === namespace).map(({ metadata }) => metadata.name);
    const pod = own.includes(name) ? name : own.filter((one) => isOf.test(one)).sort()[Number(ordinal)];
    if (pod === undefined) throw new Error(`the API server has no pod for ${key}: ${own.join(", ")}`);
    return [
      {
        source_labels: ["__meta_kubernetes_namespace", "__meta_kubernetes_pod_name", "__address__"],
        regex: `${namespace};${pod};[^:]+(:\\d+)?`,
        target_label: "__address__",
        replacement: `${address}$1`,
      },
    ];
  });
}
