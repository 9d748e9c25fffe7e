import type { Scene } from "../../planning/network-examples";
import { distributed } from "./network-distributed";

/** Who reaches whom as the design draws it, written without a look at the policies: lines as `arrowText` makes them. */

type Ports = Readonly<Record<string, string>>;

/** What a size of the shared cluster has. */
export interface Shared {
  readonly pods: readonly string[];
  /** Everything that leaves the pods but for DNS. */
  readonly ways: readonly string[];
  readonly bucketOwners: readonly string[];
  /** What the platform's Prometheus reads. */
  readonly scraped: Ports;
  /** Where gateways send logs, and metrics of either kind; queries of Thanos are the same in every size. */
  readonly logs: Ports;
  readonly metrics: Readonly<Record<"cortex" | "receive", Ports>>;
  /** Who asks the platform's Prometheus how many series tenants have. */
  readonly series: readonly string[];
  /** Who reaches Thanos' querier without tenancy. */
  readonly operatorsQuerier: readonly string[];
  /** Ways of gRPC, `from -> to`. */
  readonly grpc: RegExp;
}

export const tenants = ["alpha", "beta", "gamma", "system"];
export const others = (t: string) => tenants.filter((x) => x !== t);
const parts = ["gateway", "grafana", "prometheus"];
const collector = "platform-logs/log-collector";

const from = (a: string, to: Ports) => Object.entries(to).map(([b, ports]) => `${a} -> ${b}: ${ports}`);
const each = (ids: readonly string[], ports: string): Ports => Object.fromEntries(ids.map((id) => [id, ports]));

function single(s3: boolean): Shared {
  const bucket = { internet: "443", "workload identity": "80" };
  // One compactor for the class of `beta` and `gamma`, one for all others.
  const withBucket = s3 ? ["thanos/store", "thanos/compactor-30d", "thanos/compactor-default"] : [];
  const stores = { "thanos/receive": "10901", ...(s3 && { "thanos/store": "10901" }) };
  const scrapedThanos = ["thanos/query", "thanos/query-frontend", "thanos/receive", ...withBucket];
  return {
    pods: [
      "cortex/cortex",
      "loki/loki",
      ...withBucket,
      ...["receive", "query", "query-frontend", "query-operators", "dedicated-gamma-frontend", "dedicated-gamma-query"].map(
        (p) => `thanos/${p}`,
      ),
    ],
    ways: [
      ...from("cortex/cortex", { internet: "443 465 587", ...(s3 && { "workload identity": "80" }) }),
      ...from("loki/loki", { "cortex/cortex": "8080", ...(s3 && bucket) }),
      ...from("thanos/receive", { "system-tenant/prometheus": "9090", ...(s3 && bucket) }),
      ...withBucket.flatMap((pod) => from(pod, bucket)),
      ...from("thanos/query-frontend", { "thanos/query": "10902" }),
      ...from("thanos/query", stores),
      ...from("thanos/query-operators", stores),
      ...from("thanos/dedicated-gamma-frontend", { "thanos/dedicated-gamma-query": "10902" }),
      ...from("thanos/dedicated-gamma-query", stores),
    ],
    bucketOwners: s3 ? ["cortex/cortex", "loki/loki", "thanos/receive", ...withBucket] : [],
    scraped: { ...each(scrapedThanos, "10902"), "cortex/cortex": "8080", "loki/loki": "3100" },
    logs: { "loki/loki": "3100" },
    metrics: { cortex: { "cortex/cortex": "8080" }, receive: { "thanos/receive": "19291" } },
    series: ["thanos/receive"],
    operatorsQuerier: [],
    grpc: /^thanos\/(query|query-operators|dedicated-gamma-query) -> thanos\/(receive|store)$/,
  };
}

export const sharedOf = (scene: Scene["name"]): Shared => (scene === "distributed" ? distributed : single(scene === "blocks in S3"));

/** Every pod that the program declares. */
export function ours(scene: Scene["name"]): string[] {
  return [...tenants.flatMap((t) => parts.map((p) => `${t}-tenant/${p}`)), collector, ...sharedOf(scene).pods];
}

/** Pods that the program does not declare, wherever; DNS aside. */
function foreign(scene: Scene["name"]): string[] {
  const proxies = scene === "edge: none" ? [] : ["edge proxies"];
  const copied = [...ours(scene), ...proxies, "cluster DNS"].map((id) => `forged ${id}`);
  return ["any other pod", ...proxies, ...copied, ...tenants.map((t) => `applications of ${t}`)];
}

/** Every way that is drawn, sorted. */
export function design(scene: Scene["name"]): string[] {
  const namespaces = [...tenants.map((t) => `${t}-tenant`), "cortex", "loki", "thanos", "platform-logs"];
  return [
    ...[...ours(scene), ...namespaces.map((n) => `${n}/stray`)].flatMap((id) => from(id, { "cluster DNS": "53 53/UDP" })),
    ...tenants.flatMap((t) => tenantDesign(t, scene)),
    ...from(collector, { "system-tenant/gateway": "8443" }),
    ...sharedOf(scene).ways,
  ].sort();
}

/** `alpha` and `system` keep metrics in Cortex, `beta` and `gamma` in Thanos, the latter with a querier of its own. */
function metricsOf(t: string, { metrics: { cortex, receive } }: Shared): Ports {
  if (t === "beta") return { ...receive, "thanos/query-frontend": "10902" };
  if (t === "gamma") return { ...receive, "thanos/dedicated-gamma-frontend": "10902" };
  return cortex;
}

function tenantDesign(t: string, scene: Scene["name"]): string[] {
  const shared = sharedOf(scene);
  const [gateway, grafana, prometheus] = parts.map((p) => `${t}-tenant/${p}`) as [string, string, string];
  const anywhere = [...foreign(scene), "cluster DNS", "internet", "private network", "cloud metadata", "workload identity"];
  const clients = scene === "edge: none" ? anywhere : ["edge proxies"];
  const datadog = t === "system" ? {} : { [prometheus]: "8126" };
  const gateways = others("system").map((other) => `${other}-tenant/gateway`);
  return [
    ...clients.flatMap((id) => from(id, { [gateway]: "8443" })),
    ...from(gateway, {
      [grafana]: "3000",
      ...datadog,
      ...shared.logs,
      ...metricsOf(t, shared),
      ...(t !== "system" && { "system-tenant/prometheus": "9090" }),
    }),
    ...from(grafana, { [gateway]: "8443", ...(t === "alpha" && { internet: "443" }) }),
    ...from(prometheus, {
      // The API server, whose address nobody can know beforehand.
      ...each([...foreign(scene), "internet", "private network"], "443 6443"),
      [gateway]: "8443 9902",
      [`applications of ${t}`]: "any",
      ...(t === "system" && { ...each(gateways, "9902"), ...shared.scraped, [collector]: "8888" }),
    }),
  ];
}
