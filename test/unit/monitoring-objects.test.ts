import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { unobserved } from "../../components/monitoring";
import { collectorConfig } from "../../components/monitoring/collector-config";
import { compare, recordProgram, type Recording } from "../../planning";
import { arrows } from "../../planning/network";
import { networkOf } from "../../planning/network-world";

/** What the whole program declares to observe itself: who scrapes whom, with which rights, and that no tenant's file changes any of it. */

const folders: string[] = [];
afterAll(() => folders.forEach((dir) => fs.rmSync(dir, { recursive: true, force: true })));

const tenant = (more = "") => `owner: a@example.com\ndescription: A tenant\nkeys: [2026-11]\n${more}`;
const files = {
  "alpha.yaml": tenant("tier: medium\napis: [metrics, logs, datadog]\n"),
  "beta.yaml": tenant("metrics: thanos\nquerier: dedicated\n"),
  "logs.yaml": tenant("apis: [logs]\n"),
  "system.yaml": tenant("apis: [metrics, logs]\n"),
};
const s3 = JSON.stringify({ endpoint: "https://s3.eu-west-1.amazonaws.com", region: "eu-west-1", bucketPrefix: "example" });

function record(more: Readonly<Record<string, string | undefined>> = {}, config: Record<string, string> = {}): Promise<Recording> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "tenantstack-unit-"));
  folders.push(dir);
  for (const [name, text] of Object.entries({ ...files, ...more })) if (text !== undefined) fs.writeFileSync(path.join(dir, name), text);
  return recordProgram(dir, { config });
}

let single: Recording;
let distributed: Recording;
beforeAll(async () => {
  single = await record();
  distributed = await record({}, { "tenantstack:cluster": '{"size":"distributed"}', "tenantstack:s3": s3 });
});

type Labels = Readonly<Record<string, string>>;
interface Spec {
  readonly selector: { readonly matchLabels: Labels; readonly matchExpressions?: { key: string; operator: string; values: string[] }[] };
  readonly namespaceSelector?: { readonly any: boolean };
  readonly podMetricsEndpoints: {
    readonly port: string;
    readonly path: string;
    relabelings: { targetLabel?: string; replacement?: string }[];
  }[];
}
interface Object {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string; readonly labels: Labels };
  readonly spec: Record<string, unknown>;
  readonly rules?: object[];
  readonly data?: Record<string, unknown>;
}
const objects = ({ resources }: Recording, kind: string) =>
  resources.filter((r) => r.inputs.kind === kind).map((r) => r.inputs as unknown as Object);
type Recorded = Recording["resources"][number];
const metadataOf = (one: Recorded) => (one.inputs.metadata ?? {}) as { name?: string; namespace?: string };
const nameOf = (one: Recorded) => metadataOf(one).name ?? "";
const namespaceOf = (one: Recorded) => metadataOf(one).namespace ?? "";
/** What is the same in URNs of resources and of what they wait for, whose parents mocks write otherwise. */
const typeAndName = (urn: string) => `${urn.split("::").at(-2)?.split("$").at(-1)}::${urn.split("::").at(-1)}`;
const named = (recording: Recording, kind: string, name: string, namespace: string) =>
  objects(recording, kind).find(({ metadata }) => metadata.name === name && metadata.namespace === namespace);

/** Ids of the pods that the platform's Prometheus would scrape, with the number of the port. */
function scraped(recording: Recording): string[] {
  const { actors } = networkOf(recording);
  const pods = actors.filter(({ kind }) => kind === "pod");
  return objects(recording, "PodMonitor")
    .filter(({ metadata }) => ["cortex", "loki", "thanos", "platform-logs", "system-tenant"].includes(metadata.namespace))
    .flatMap(({ metadata, spec }) => {
      const { selector, namespaceSelector, podMetricsEndpoints } = spec as unknown as Spec;
      const matches = (labels: Labels) =>
        Object.entries(selector.matchLabels).every(([key, value]) => labels[key] === value) &&
        (selector.matchExpressions ?? []).every(({ key, values }) => !values.includes(labels[key] ?? ""));
      const inside = pods.filter((pod) => namespaceSelector?.any === true || pod.namespace?.name === metadata.namespace);
      return inside
        .filter(({ labels }) => matches(labels))
        .flatMap((pod) => {
          const ports = new Set(podMetricsEndpoints.map(({ port }) => port));
          return pod.ports.filter((port) => ports.has(port.name ?? "")).map(({ port }) => `${pod.id} ${port}`);
        });
    })
    .sort();
}

test.each([
  ["single", () => single],
  ["distributed", () => distributed],
])("size %s: what is scraped can be reached, and what is open to the platform's Prometheus is scraped", (_, recording) => {
  const network = networkOf(recording());
  const open = arrows(network)
    .filter(({ from, to }) => from.id === "system-tenant/prometheus" && to.kind === "pod")
    .flatMap(({ to, ports }) => ports.map((port) => `${to.id} ${port}`))
    // Its own gateway takes what it writes; a pod always reaches itself.
    .filter((one) => one !== "system-tenant/gateway 8443");
  expect([...open, "system-tenant/prometheus 9090"].sort()).toEqual(scraped(recording()));
  expect(open.length).toBeGreaterThan(8);
});

test("two paths of one port are told apart by a label", () => {
  for (const recording of [single, distributed])
    for (const { spec } of objects(recording, "PodMonitor")) {
      const targets = (spec as unknown as Spec).podMetricsEndpoints.map(
        ({ port, relabelings }) => relabelings.find(({ targetLabel }) => targetLabel === "endpoint")?.replacement ?? port,
      );
      expect(new Set(targets).size).toBe(targets.length);
    }
});

test("a tenant that comes, goes or gets another limit changes nothing of the platform's", async () => {
  const own = (r: Recording) => ({ ...r, resources: r.resources.filter(({ name }) => /^(platform|system)\//.test(name)) });
  const more = await record({ "gamma.yaml": tenant(), "beta.yaml": undefined, "alpha.yaml": `${files["alpha.yaml"]}limits: {metrics: {activeSeries: 7k}}\n` }); // prettier-ignore
  expect(own(single).resources.length).toBeGreaterThan(40);
  expect(compare(own(single), own(more))).toEqual([]);
});

test("without a tenant to hear it nothing is declared, and it is said why", async () => {
  const none = await record({ "beta.yaml": undefined, "system.yaml": undefined });
  expect(none.resources.filter(({ name }) => name.startsWith("platform/") || name === "monitoring")).toEqual([]);
  expect(unobserved(undefined)).toMatch(/no tenant `system`.*docs\/monitoring\.md/);
  expect(unobserved({ state: "retired", apis: ["metrics"] })).toMatch(/no tenant/);
  expect(unobserved({ state: "active", apis: ["logs"] })).toMatch(/no `metrics`/);
  expect(unobserved({ state: "active", apis: ["metrics"] })).toBeUndefined();
  // Without logs the rest is there.
  const { resources } = await record({ "system.yaml": tenant("apis: [metrics]\n") });
  const names = resources.map(({ name }) => name).filter((name) => name.startsWith("platform/"));
  expect(names).toContain("platform/rules-stores");
  expect(names.filter((name) => /log/.test(name))).toEqual([]);
});

test("every object of the program waits for its namespace: the engine makes what does not wait in any order", () => {
  for (const { resources } of [single, distributed]) {
    const urns = new Map(resources.map((one) => [typeAndName(one.urn), one]));
    const namespaces = new Map(
      resources.filter((one) => one.inputs.kind === "Namespace").map((one) => [nameOf(one), typeAndName(one.urn)]),
    );
    const waitsFor = (urn: string, wanted: string, seen = new Set<string>()): boolean => {
      if (seen.has(urn)) return false;
      seen.add(urn);
      const one = urns.get(urn);
      // A child is made after its parent, which is made after what it waits for itself.
      const before = [...(one?.dependencies ?? []), ...(one?.parent ? [one.parent] : [])].map(typeAndName);
      return before.includes(wanted) || before.some((each) => waitsFor(each, wanted, seen));
    };
    const placed = resources.filter((one) => one.type.startsWith("kubernetes:") && namespaces.has(namespaceOf(one)));
    expect(placed.length).toBeGreaterThan(100);
    const early = placed.filter((one) => !waitsFor(typeAndName(one.urn), namespaces.get(namespaceOf(one)) ?? ""));
    expect(early.map((one) => one.name)).toEqual([]);
  }
});

describe("the collector of logs", () => {
  const pod = () =>
    (objects(single, "DaemonSet")[0]?.spec as { template: { spec: Record<string, unknown> & { containers: Record<string, unknown>[] } } })
      .template.spec;

  test("reads two folders of its node, one of which it may write, and can do nothing else there", () => {
    const { containers, volumes, automountServiceAccountToken, securityContext } = pod();
    expect(automountServiceAccountToken).toBe(false);
    expect(securityContext).toEqual({ runAsUser: 0, runAsGroup: 0, seccompProfile: { type: "RuntimeDefault" } });
    expect(containers).toHaveLength(1);
    const [container] = containers as [
      { securityContext: object; volumeMounts: { name: string; readOnly?: boolean }[]; resources: object },
    ];
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    expect(container.resources).toMatchObject({ limits: { memory: "256Mi" }, requests: { memory: "256Mi" } });
    const fromNode = (volumes as { name: string; hostPath?: object }[]).filter(({ hostPath }) => hostPath !== undefined);
    expect(fromNode.map(({ name }) => name)).toEqual(["logs", "checkpoints"]);
    expect(container.volumeMounts.filter(({ readOnly }) => !readOnly).map(({ name }) => name)).toEqual(["checkpoints"]);
    for (const host of ["hostNetwork", "hostPID", "hostIPC"]) expect(pod()[host]).toBeUndefined();
  });

  test("its namespace is the only one whose pods may ask for more than `restricted` gives", () => {
    const level = ({ metadata }: Object) => metadata.labels["pod-security.kubernetes.io/enforce"];
    const others = objects(single, "Namespace").filter((one) => level(one) !== "restricted");
    expect(others.map(({ metadata }) => metadata.name)).toEqual(["platform-logs"]);
    expect(objects(single, "NetworkPolicy").filter(({ metadata }) => metadata.namespace === "platform-logs")).toHaveLength(2);
  });

  test("its configuration reads the shared systems and gateways, no other pod of a tenant, and holds no secret", () => {
    const text = collectorConfig({ endpoint: "https://x", serverName: "x", privateCa: true, memoryMebibytes: 256 });
    expect([...text.matchAll(/^ +- (\/var\/log\/pods\/.*)$/gm)].map(([, glob]) => glob)).toEqual([
      "/var/log/pods/cortex_*/*/*.log",
      "/var/log/pods/loki_*/*/*.log",
      "/var/log/pods/thanos_*/*/*.log",
      "/var/log/pods/*-tenant_gateway-*/envoy/*.log",
    ]);
    expect(text).toContain("Authorization: Bearer ${env:GATEWAY_TOKEN}");
  });
});

/** Plain text of a value that the recording holds as a secret, decoded. */
const plain = (value: unknown) => Buffer.from(String((value as { value?: unknown }).value ?? value), "base64").toString();
const scopeOf = (token: string) => (JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as { scope: string; sub: string }); // prettier-ignore

test("each client has a token that can do its work and no more", () => {
  const data = (name: string, namespace: string) => {
    const secret = named(single, "Secret", name, namespace)?.data as Record<string, unknown> & { value?: Record<string, unknown> };
    return secret.value ?? secret;
  };
  expect(scopeOf(plain(data("log-collector-token", "platform-logs")["token"]))).toMatchObject({ sub: "system", scope: "logs:write" });
  const own = data("prometheus-token", "alpha-tenant");
  expect(scopeOf(plain(own["token"]))).toMatchObject({ sub: "alpha", scope: "metrics:write" });
  expect(scopeOf(plain(own["collector-token"]))).toMatchObject({ scope: "metrics:write logs:write" });
  const alertmanagers = plain(own["alertmanagers.yaml"]);
  expect(alertmanagers).toContain("cortex-api.alpha-tenant.svc:443");
  expect(scopeOf(/credentials: (\S+)/.exec(alertmanagers)?.[1] ?? "")).toMatchObject({ sub: "alpha", scope: "alerts:write" });
});

test("the platform's Prometheus may see pods in all namespaces, and nothing else anywhere", () => {
  expect(objects(single, "ClusterRole").map(({ rules }) => rules)).toEqual([
    [{ apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch"] }],
  ]);
  const [binding] = objects(single, "ClusterRoleBinding") as unknown as [{ subjects: object[] }];
  expect(binding.subjects).toEqual([{ kind: "ServiceAccount", name: "prometheus", namespace: "system-tenant" }]);
});

test("every tenant with metrics has its own rules; alerts go to an Alertmanager where there is one", () => {
  const prometheus = (name: string) => named(single, "Prometheus", `${name}-prometheus`, `${name}-tenant`)?.spec ?? {};
  for (const name of ["alpha", "beta", "logs", "system"]) {
    expect(prometheus(name)["ruleSelector"]).toEqual({});
    // Of no other namespace: undefined is its own only.
    expect(prometheus(name)["ruleNamespaceSelector"]).toBeUndefined();
    expect([name, prometheus(name)["additionalAlertManagerConfigs"] !== undefined]).toEqual([name, ["alpha", "system"].includes(name)]);
    expect([name, prometheus(name)["retention"]]).toEqual([name, name === "system" ? "24h" : "2h"]);
  }
  const rules = objects(single, "PrometheusRule").map(({ metadata }) => metadata.namespace);
  expect([...new Set(rules)].sort()).toEqual(["alpha-tenant", "beta-tenant", "system-tenant"]);
  expect(rules.filter((namespace) => namespace === "alpha-tenant")).toHaveLength(1);
});

test("Grafana finds the dashboards that its tenant has", () => {
  for (const [name, count] of [["alpha", 1], ["logs", 0], ["system", 7]] as const) {
    const files = Object.keys(named(single, "ConfigMap", "grafana-provisioning", `${name}-tenant`)?.data ?? {});
    expect([name, files.filter((file) => file.endsWith(".json")).length]).toEqual([name, count]);
    expect(files).toEqual(expect.arrayContaining(["datasources.yaml", "dashboards.yaml"]));
  }
}); // prettier-ignore
