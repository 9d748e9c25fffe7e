import * as kubernetes from "@pulumi/kubernetes";
import type { Hardware, Storage } from "../../components/contracts";
import { clusterAddresses, dedicatedQuerier, ObservabilityCluster } from "../../components/observability";
import type { ObservabilityArgs } from "../../components/observability";
import { limitsFiles } from "../../model/limits";
import { declareSystem } from "../../components/observability/system";
import { declareThanos } from "../../components/observability/thanos";
import { limiting } from "../../components/observability/thanos/receive-config";
import { planCapacity } from "../../model/capacity";
import { retentionClasses } from "../../model/retention";
import type { Tenant } from "../../model/tenant";
import { record } from "../../planning/record";
import type { Recorded } from "../../planning/record";

const day = 86_400;

/** A tenant as `loadTenants` would give it. */
export function tenant(name: string, more: Partial<Tenant> = {}): Tenant {
  return {
    name,
    storageId: name,
    file: `tenants/${name}.yaml`,
    owner: "team@example.com",
    description: name,
    tier: "small",
    metrics: "cortex",
    apis: ["logs", "metrics"],
    limits: {
      metrics: { activeSeries: 150_000, samplesPerSecond: 10_000 },
      logs: { megabytesPerSecond: 1, streams: 1_250 },
      queries: { parallelism: 8, lookback: 30 * day },
    },
    service: {},
    retention: { metrics: 30 * day, logs: 7 * day },
    querier: "shared",
    domain: undefined,
    keys: ["2026-11"],
    revoked: [],
    grafana: { auth: undefined },
    state: "active",
    eraseAfter: undefined,
    adopt: false,
    ...more,
  };
}

export const s3: Storage = {
  kind: "s3",
  bucket: "blocks",
  endpoint: "s3.eu-west-1.amazonaws.com",
  region: "eu-west-1",
  insecure: false,
  credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "very-secret-value" },
};

export function hardwareWith(storage: Storage): Hardware {
  return {
    provider: new kubernetes.Provider("kubernetes", {}),
    storage: { cortex: storage, loki: storage, thanos: storage },
    storageClass: undefined,
    zones: ["a"],
    loadBalancerAnnotations: {},
    serviceAccountAnnotations: { cortex: {}, loki: {}, thanos: {} },
  };
}

type Args = Partial<Pick<ObservabilityArgs, "tenants" | "retired">> & {
  readonly storage?: Storage;
  readonly size?: "single" | "distributed";
};
const recordings = new Map<string, Promise<readonly Recorded[]>>();

/** `declare`, once for the same arguments: a recording takes half a second. */
export function declared(args: Args = {}): Promise<readonly Recorded[]> {
  const key = JSON.stringify(args);
  const known = recordings.get(key) ?? declare(args);
  recordings.set(key, known);
  return known;
}

const settingsOf = (size: "single" | "distributed"): ObservabilityArgs["settings"] => ({
  stack: "dev",
  hardware: "existing",
  cluster: { size },
  s3: undefined,
  aws: undefined,
});

/** Declares the shared cluster, and a dedicated querier for each tenant that asks for one, under mocks. */
function declare(args: Args): Promise<readonly Recorded[]> {
  return recorded(() => {
    const hardware = hardwareWith(args.storage ?? { kind: "volume" });
    const tenants = args.tenants ?? [];
    const settings = settingsOf(args.size ?? "single");
    const cluster = new ObservabilityCluster("observability", {
      settings,
      hardware,
      tenants,
      retired: args.retired ?? [],
      atLeast: new Map(),
    });
    for (const t of tenants.filter((one) => one.querier === "dedicated"))
      dedicatedQuerier(t, cluster.addresses, { provider: hardware.provider });
  });
}

/** Thanos alone, with the dedicated queriers of its tenants. */
export function declaredThanos(args: Args & { readonly shardSizes?: Readonly<Record<string, number>> }): Promise<readonly Recorded[]> {
  return recorded(() => {
    const { tenants = [], retired = [], size = "single", shardSizes = {} } = args;
    const hardware = { ...hardwareWith(args.storage ?? s3), zones: ["a", "b", "c"] };
    const opts = { provider: hardware.provider };
    const plan = planCapacity(tenants, settingsOf(size), { zones: 3 });
    const cluster = clusterAddresses();
    const writes = limiting(size, tenants);
    const limits = { text: limitsFiles(tenants, retired, size, writes.file).thanos.text, isMeasured: writes.isMeasured };
    const classes = retentionClasses(tenants, retired);
    declareThanos(declareSystem("thanos", hardware, plan, opts), size, { limits, classes, shardSizes, cluster });
    for (const t of tenants.filter((one) => one.querier === "dedicated")) dedicatedQuerier(t, cluster, opts);
  });
}

/** What a body declares under mocks; throws what it throws. */
async function recorded(body: () => void): Promise<readonly Recorded[]> {
  let refused: unknown;
  // An error that leaves the program also rejects promises that only the SDK holds, which would end the test run.
  const program = () => {
    try {
      body();
    } catch (error) {
      refused = error;
    }
    return Promise.resolve({});
  };
  const { resources } = await record(program, { config: {} }, () => ({}));
  if (refused) throw refused as Error;
  return resources;
}

/** A recorded object as the API server would get it. */
export interface KubeObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string; readonly labels: Record<string, string> };
  readonly data: Record<string, string>;
  readonly spec: Record<string, unknown>;
}

export function objects(resources: readonly Recorded[], kind: string): KubeObject[] {
  return resources.filter((r) => r.inputs.kind === kind).map((r) => r.inputs as unknown as KubeObject);
}

type Labels = Record<string, string>;
interface PodTemplate {
  readonly metadata: { readonly labels: Labels; readonly annotations: Labels };
  readonly spec: Record<string, unknown> & { readonly containers: Record<string, unknown>[] };
}

export interface Workload extends KubeObject {
  readonly template: PodTemplate;
}

/** Everything that makes pods. */
export function workloads(resources: readonly Recorded[]): Workload[] {
  return [...objects(resources, "StatefulSet"), ...objects(resources, "Deployment")].map((o) => ({
    ...o,
    template: o.spec.template as PodTemplate,
  }));
}

export const matches = (labels: Labels, selector: Labels) => Object.entries(selector).every(([k, v]) => labels[k] === v);

interface Selector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: { key: string; operator: "Exists" }[];
}
interface Policy {
  readonly podSelector: Selector;
  readonly ingress?: { from: { podSelector?: Selector; namespaceSelector?: Selector; ipBlock?: unknown }[]; ports: { port: number }[] }[];
}

const fits = (selector: Selector | undefined, labels: Labels) =>
  matches(labels, selector?.matchLabels ?? {}) && (selector?.matchExpressions ?? []).every((e) => e.key in labels);

/** What the network policies let through: a small model of https://kubernetes.io/docs/concepts/services-networking/network-policies/ for ingress. */
export function admits(
  resources: readonly Recorded[],
  from: { namespace: Labels; pod: Labels },
  to: { namespace: string; pod: Labels },
  port: number,
): boolean {
  const about = objects(resources, "NetworkPolicy")
    .filter((p) => p.metadata.namespace === to.namespace)
    .map((p) => p.spec as unknown as Policy)
    .filter((p) => fits(p.podSelector, to.pod));
  if (about.length === 0) return true;
  const sameNamespace = from.namespace["kubernetes.io/metadata.name"] === to.namespace;
  const rules = about.flatMap((p) => p.ingress ?? []);
  return rules.some(
    (rule) =>
      rule.ports.some((p) => p.port === port) &&
      (rule.from.length === 0 ||
        rule.from.some(
          (peer) =>
            fits(peer.podSelector, from.pod) && (peer.namespaceSelector ? fits(peer.namespaceSelector, from.namespace) : sameNamespace),
        )),
  );
}

/** A pod of a tenant's gateway, as the tenant's room labels it. */
export const gatewayOf = (name: string) => ({
  namespace: { "kubernetes.io/metadata.name": `${name}-tenant`, "tenantstack.dev/tenant": name },
  pod: { "app.kubernetes.io/name": "gateway", "app.kubernetes.io/part-of": "tenant", "tenantstack.dev/tenant": name },
});
