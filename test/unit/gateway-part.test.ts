import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import type { SharedCluster } from "../../components/contracts";
import { gateway } from "../../components/tenant/gateway";
import { bucket } from "../../components/tenant/gateway/render-routes";
import { bytes, cores } from "../../components/tenant/gateway/workload";
import type { Tenant } from "../../model/tenant";
import { compare } from "../../planning/compare";
import { record, type Recording } from "../../planning/record";
import { tenant } from "./observability-kit";

/** What the gateway declares, and what a change of the tenant's file changes of it. */

const at = (host: string): { host: string; port: number } => ({ host: `${host}.svc`, port: 80 });
const cluster: SharedCluster = {
  cortex: { push: at("distributor.cortex"), query: at("frontend.cortex"), ruler: at("ruler.cortex"), alertmanager: at("am.cortex") },
  loki: { push: at("d.loki"), query: at("f.loki"), tail: at("q.loki"), ruler: at("r.loki"), compactor: at("c.loki") },
  thanos: { receive: at("receive.thanos"), query: at("query.thanos"), stores: [] },
  platform: { prometheus: at("prometheus.system-tenant") },
};

async function declared(more: Partial<Tenant> = {}, jwks = '{"keys":[]}'): Promise<Recording> {
  const program = (): Promise<Record<string, unknown>> => {
    const opts = { provider: new kubernetes.Provider("kubernetes", {}) };
    const place = {
      tenant: tenant("prod", more),
      settings: { stack: "dev", zone: "obs.example.com", edge: "none" as const, cluster: { size: "single" as const } },
      namespace: "prod-tenant",
      opts,
      tls: {},
    };
    return Promise.resolve({ ...gateway(place, { cluster, jwks: pulumi.output(jwks), tlsSecret: "gateway-tls" }) });
  };
  return record(program, { config: {} }, () => ({}));
}

type Deep = { [key: string]: Deep } & Deep[];
const object = ({ resources }: Recording, kind: string, objectName: string): Deep => {
  const found = resources
    .map((one) => one.inputs as unknown as Deep)
    .find((o) => String(o["kind"]) === kind && String(o["metadata"]?.["name"]) === objectName);
  if (found === undefined) throw new Error(`no ${kind} ${objectName}`);
  return found;
};
const names = ({ resources }: Recording, kind: string): string[] =>
  resources
    .filter((one) => one.inputs["kind"] === kind)
    .map((one) => (one.inputs["metadata"] as { name: string }).name)
    .sort();

test.each<[string, Partial<Tenant>, string[]]>([
  ["cortex and loki", {}, ["cortex-api", "gateway", "grafana-datasource-splitter-cortex", "grafana-datasource-splitter-loki", "loki-api"]],
  ["thanos", { metrics: "thanos", apis: ["metrics"] }, ["gateway", "thanos-api"]],
  ["logs only", { apis: ["logs"] }, ["gateway", "grafana-datasource-splitter-loki", "loki-api"]],
  ["datadog", { metrics: "thanos", apis: ["datadog", "metrics"] }, ["dd-api", "gateway", "thanos-api"]],
])("a tenant with %s has its Services", async (_name, more, expected) => expect(names(await declared(more), "Service")).toEqual(expected));

test("what may have one pod has one; more are scaled, spread and kept up", async () => {
  const small = await declared({ tier: "small" });
  expect(object(small, "Deployment", "gateway")["spec"]?.["replicas"]).toBe(1);
  expect([names(small, "HorizontalPodAutoscaler"), names(small, "PodDisruptionBudget")]).toEqual([[], []]);
  const medium = await declared({ tier: "medium" });
  const spec = object(medium, "Deployment", "gateway")["spec"];
  expect(spec).not.toHaveProperty("replicas");
  expect(spec?.["template"]?.["spec"]?.["topologySpreadConstraints"]?.length).toBe(2);
  expect(object(medium, "HorizontalPodAutoscaler", "gateway")["spec"]).toMatchObject({ minReplicas: 2, maxReplicas: 4 });
  expect(names(medium, "PodDisruptionBudget")).toEqual(["gateway"]);
});

test("the pod mounts whole folders, holds no token and leaves its Services before it ends", async () => {
  const pod = object(await declared(), "Deployment", "gateway")["spec"]?.["template"]?.["spec"];
  const container = pod?.["containers"]?.[0];
  expect(JSON.stringify(pod)).not.toContain("subPath");
  expect(pod?.["automountServiceAccountToken"]).toBe(false);
  const sleep = Number(container?.["lifecycle"]?.["preStop"]?.["sleep"]?.["seconds"]);
  expect(sleep).toBeGreaterThanOrEqual(15);
  expect(Number(pod?.["terminationGracePeriodSeconds"])).toBeGreaterThan(sleep);
  const volumes = (pod?.["volumes"] ?? []).map((volume) => volume["name"]);
  expect((container?.["volumeMounts"] ?? []).map((mount) => mount["name"])).toEqual(volumes);
  expect(volumes).toEqual(["config", "routes", "keys", "tls", "run"]);
});

const large: Tenant["limits"] = {
  metrics: { activeSeries: 1, samplesPerSecond: 500_000 },
  logs: { megabytesPerSecond: 9, streams: 9 },
  queries: { parallelism: 2, lookback: 60 },
};

test.each<[string, Partial<Tenant>, string | undefined, string[]]>([
  ["a revocation", { revoked: ["a"] }, undefined, ["ConfigMap::prod/gateway-routes data.routes.yaml"]],
  [
    "a limit",
    { limits: large },
    undefined,
    ["ConfigMap::prod/gateway-routes data.metrics.yaml", "ConfigMap::prod/gateway-routes data.routes.yaml"],
  ],
  [
    "suspension",
    { state: "suspended" },
    undefined,
    ["ConfigMap::prod/gateway-routes data.metrics.yaml", "ConfigMap::prod/gateway-routes data.routes.yaml"],
  ],
  ["a domain", { domain: "m.example" }, undefined, ["ConfigMap::prod/gateway-routes data.routes.yaml"]],
  ["a key", {}, '{"keys":[{}]}', ["ConfigMap::prod/gateway-keys data.keys.yaml"]],
  ["what the gateway does not know of", { description: "x", owner: "y", retention: { metrics: 86_400, logs: 86_400 } }, undefined, []],
])("%s changes one object at most and restarts nothing", async (_name, more, jwks, expected) => {
  const changes = compare(await declared(), await declared(more, jwks));
  expect(
    changes.flatMap(({ urn, paths }) => paths.map((path) => `${urn.split("/").slice(-2).join("/").replace(/^v1:/, "")} ${path}`)),
  ).toEqual(expected);
});

test("a tier changes the pods, by what Envoy reads at start", async () => {
  const changed = compare(await declared(), await declared({ tier: "large" })).map(({ urn }) => urn.split("::").at(-1));
  expect(changed).toEqual(expect.arrayContaining(["prod/gateway", "prod/gateway-config"]));
});

test("Thanos' queries are bounded at the gateway by the tenant's own limit, over all replicas", async () => {
  const file = object(await declared({ metrics: "thanos", apis: ["metrics"], tier: "medium" }), "ConfigMap", "gateway-routes")["data"]?.[
    "clusters.yaml"
  ];
  const { resources } = parse(String(file)) as {
    resources: { name: string; circuit_breakers: { thresholds: [{ max_requests: number }] } }[];
  };
  const most = Object.fromEntries(resources.map((one) => [one.name, one.circuit_breakers.thresholds[0].max_requests]));
  expect(most).toEqual({ "thanos.query": 2, "thanos.receive": 256, grafana: 256, platform: 256 });
});

test.each([
  [100, 2, { max_tokens: 200, tokens_per_fill: 1000, fill_interval: "10s" }],
  [0.5, 2, { max_tokens: 1, tokens_per_fill: 5, fill_interval: "10s" }],
  [0.01, 5, { max_tokens: 1, tokens_per_fill: 1, fill_interval: "10s" }],
])("a bucket for %d requests a second", (perSecond, burst, expected) => expect(bucket(perSecond, burst)).toEqual(expected));

test("quantities", () => {
  expect([bytes("192Mi"), bytes("1Gi"), cores("500m"), cores("2")]).toEqual([201_326_592, 1_073_741_824, 0.5, 2]);
  expect(() => bytes("1.5G")).toThrow("memory 1.5G");
});
