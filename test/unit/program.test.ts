import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { compare, recordProgram, type Recorded, type Recording } from "../../planning";

/** Properties of the whole program under Pulumi's mocks: what one file may change, and what no object may be. */
const folders: string[] = [];
afterAll(() => folders.forEach((dir) => fs.rmSync(dir, { recursive: true, force: true })));

type Files = Readonly<Record<string, string>>;

/** A folder of tenant files, written in the order given. */
function folder(files: Files): string {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "tenantstack-unit-"));
  folders.push(dir);
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(dir, name), text);
  return dir;
}

const tenant = (more = "") => `owner: a@example.com\ndescription: A tenant\nkeys: [2026-11]\n${more}`;
const all: Files = {
  "alpha.yaml": tenant("tier: medium\napis: [metrics, logs, datadog]\n"),
  "beta.yaml": tenant("metrics: thanos\n"),
  "gamma.yaml": tenant(
    "metrics: thanos\nquerier: dedicated\ntier: large\nlimits: {metrics: {activeSeries: 200k, samplesPerSecond: 10k}, logs: {megabytesPerSecond: 1, streams: 1k}}\n",
  ),
  "system.yaml": tenant(),
};
const record = (files: Files) => recordProgram(folder(files));
const kubernetes = (r: Recording) => r.resources.filter((x) => x.type.startsWith("kubernetes:"));
const names = (changes: ReturnType<typeof compare>) => changes.map((c) => `${c.kind} ${c.urn.split("::").at(-1)}`);

/** Without gamma, for the tests that record once a line. */
const two: Files = Object.fromEntries(Object.entries(all).filter(([file]) => file !== "gamma.yaml"));

let base: Recording;
let baseOfTwo: Recording;
beforeAll(async () => {
  base = await record(all);
  baseOfTwo = await record(two);
});

test("a new tenant adds its own resources and changes the limits of the systems it uses, nothing else", async () => {
  const changes = compare(baseOfTwo, await record({ ...two, "delta.yaml": tenant() }));
  expect(changes.filter((c) => c.kind === "delete")).toEqual([]);
  expect(names(changes.filter((c) => c.kind === "update"))).toEqual(["update cortex/limits", "update loki/limits"]);
  for (const c of changes.filter((x) => x.kind === "create")) expect(c.urn).toMatch(/::delta(\/|$)/);
  const thanos = compare(baseOfTwo, await record({ ...two, "delta.yaml": tenant("metrics: thanos\n") }));
  expect(names(thanos.filter((c) => c.kind === "update"))).toEqual(["update loki/limits", "update thanos/limits"]);
});

test("order and names of other files do not matter", async () => {
  const reversed = Object.fromEntries(Object.entries(all).reverse());
  expect(compare(base, await record(reversed))).toEqual([]);
  const { "beta.yaml": beta = "", ...rest } = all;
  const renamed = await record({ ...rest, "zulu.yaml": beta });
  const alpha = (r: Recording) => ({ ...r, resources: r.resources.filter((x) => x.name.startsWith("alpha")) });
  expect(compare(alpha(base), alpha(renamed))).toEqual([]);
});

test.each([
  ["an ingest limit of metrics", "alpha.yaml", "limits: {metrics: {activeSeries: 7k}}\n", ["cortex/limits"]],
  ["samples a second in Cortex", "alpha.yaml", "limits: {metrics: {samplesPerSecond: 700}}\n", ["cortex/limits"]],
  ["a limit of logs", "alpha.yaml", "limits: {logs: {streams: 70}}\n", ["loki/limits"]],
  ["active series in Thanos", "beta.yaml", "limits: {metrics: {activeSeries: 7k}}\n", ["thanos/limits"]],
  ["retention of logs", "alpha.yaml", "retention: {logs: 10d}\n", ["loki/limits"]],
  ["a revoked token", "alpha.yaml", "revoked: [lost]\n", ["alpha/gateway-routes"]],
])("%s changes one object, of who enforces it, and no pod", async (_, file, more, wanted) => {
  const changes = compare(baseOfTwo, await record({ ...two, [file]: `${two[file] ?? ""}${more}` }));
  expect(names(changes)).toEqual(wanted.map((name) => `update ${name}`));
});

test("no two resources have one name in the cluster, and every tenant's carries its tenant", () => {
  const objects = kubernetes(base).filter((x) => !x.type.endsWith(":Provider"));
  const places = objects.map((x) => `${x.type} ${metadataOf(x).namespace ?? ""}/${metadataOf(x).name ?? ""}`);
  expect(new Set(places).size).toBe(places.length);
  for (const x of base.resources.filter((r) => r.urn.includes("TenantStack$"))) expect(x.name).toMatch(/^(alpha|beta|gamma|system)\//);
  for (const x of objects) expect([x.urn, metadataOf(x).name]).toEqual([x.urn, expect.any(String)]);
});

test("only Namespaces of tenants that are not retired are protected", async () => {
  const protectedOnes = base.resources.filter((x) => x.protect).map((x) => `${x.type} ${x.name}`);
  expect(protectedOnes.sort()).toEqual(["alpha", "beta", "gamma", "system"].map((t) => `kubernetes:core/v1:Namespace ${t}/namespace`));
  const ledger =
    "- {name: beta, storageId: beta, metrics: thanos, apis: [logs, metrics], retention: {metrics: 30d, logs: 7d}, retired: 2026-11-22, eraseAfter: 2027-01-31}\n";
  const retired = await record({
    ...all,
    "beta.yaml": tenant("metrics: thanos\nstate: retired\neraseAfter: 2027-01-31\n"),
    ".ledger.yaml": ledger,
  });
  expect(retired.resources.filter((x) => x.protect && x.name.startsWith("beta"))).toEqual([]);
  const left = kubernetes(retired).filter((x) => x.name.startsWith("beta/")).map((x) => x.type.split(":").at(-1)); // prettier-ignore
  expect(left.sort()).toEqual(["Namespace", "PersistentVolumeClaim"]);
});

test("every pod of a tenant has its tier's priority class, or the one its file names; all of them exist", async () => {
  const changed = await record({ "alpha.yaml": `${all["alpha.yaml"] ?? ""}service: {priority: large, gateway: {min: 3, max: 5}}\n` });
  const classes = (r: Recording, tenantName: string) =>
    kubernetes(r).filter((x) => x.name.startsWith(`${tenantName}/`)).flatMap((x) => [...JSON.stringify(x.inputs).matchAll(/"priorityClassName":"([^"]*)"/g)].map((match) => match[1])); // prettier-ignore
  expect([classes(base, "alpha"), classes(base, "beta"), classes(changed, "alpha")]).toEqual([
    ["tenant-medium", "tenant-medium", "tenant-medium"],
    ["tenant-small", "tenant-small", "tenant-small"],
    ["tenant-large", "tenant-large", "tenant-large"],
  ]);
  expect(classes(base, "gamma")).toHaveLength(5);
  const declared = kubernetes(base).filter((x) => x.type.endsWith(":PriorityClass")).map((x) => [metadataOf(x).name, x.inputs.value as number] as const); // prettier-ignore
  expect(Object.fromEntries(declared)).toMatchObject({ "tenant-small": 1_000, "tenant-medium": 2_000, "tenant-large": 3_000 });
  const shared = declared.find(([name]) => name === "tenantstack-shared")?.[1] ?? 0;
  for (const [name, value] of declared) expect([name, value <= shared]).toEqual([name, true]);
  const scaler = kubernetes(changed).find((x) => x.type.endsWith(":HorizontalPodAutoscaler"));
  expect(scaler?.inputs.spec).toMatchObject({ minReplicas: 3, maxReplicas: 5 });
});

test("a tenant has at most 40 objects, and 5 pods: 3 in tier small", () => {
  for (const [name, pods] of [
    ["alpha", 5],
    ["beta", 3],
  ] as const) {
    // prettier-ignore
    const own = kubernetes(base).filter((x) => x.name.startsWith(`${name}/`));
    expect(own.length).toBeLessThanOrEqual(40);
    expect(podsOf(own)).toBeLessThanOrEqual(pods);
    expect(podsOf(own)).toBeGreaterThanOrEqual(3);
  }
});

/** Pods at rest: replicas, the least of an autoscaler where there is one, and one for each Prometheus. */
function podsOf(own: readonly Recorded[]): number {
  const scaled = own.filter((x) => x.type.endsWith(":HorizontalPodAutoscaler")).map((x) => specOf<{ minReplicas: number }>(x).minReplicas);
  const plain = own
    .filter((x) => /:(Deployment|StatefulSet|Prometheus)$/.test(x.type))
    .map((x) => specOf<{ replicas?: number }>(x).replicas ?? 0);
  return [...scaled, ...plain].reduce((a, b) => a + b, 0);
}

test("every container has requests, limits, a pinned image, a probe, and passes Pod Security restricted", () => {
  const templates = kubernetes(base).filter((x) => /:(Deployment|StatefulSet)$/.test(x.type));
  expect(templates.length).toBeGreaterThan(8);
  const unprobed: unknown[] = [];
  for (const x of templates) {
    const { spec } = specOf<{ template: { spec: Record<string, unknown> & { containers: Record<string, unknown>[] } } }>(x).template;
    expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } });
    expect(spec.automountServiceAccountToken).toBe(false);
    for (const c of spec.containers) {
      expect(c.resources).toMatchObject({
        requests: { cpu: expect.any(String), memory: expect.any(String) },
        limits: { memory: expect.any(String) },
      });
      expect(c.image).toMatch(/^[a-z.]+\/[a-z/-]+:[a-z-]*v?\d+\.\d+\.\d+$/);
      if (c.readinessProbe === undefined) unprobed.push(`${x.name} ${String(c.name)}`);
      expect(c.securityContext).toMatchObject({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      });
    }
  }
  // On their pods' loopback, for operators; whether they are ready says nothing about the tenants' Cortex and Loki beside them.
  expect(unprobed).toEqual(["cortex/cortex query-operators", "loki/loki query-operators"]);
});

test("secrets are in Secrets only, and there marked as secret", () => {
  const secretMark = "4dabf18193072939515e22adb298388d";
  const isSecret = (text: string) =>
    /PRIVATE KEY|^eyJ[\w-]+\.eyJ/.test(text) || /PRIVATE KEY|^eyJ[\w-]+\.eyJ/.test(Buffer.from(text, "base64").toString());
  let seen = 0;
  for (const x of kubernetes(base)) {
    const found = stringsOf(x.inputs).filter(isSecret).length;
    seen += found;
    expect([x.urn, found > 0 && !x.type.endsWith(":Secret")]).toEqual([x.urn, false]);
    if (x.type.endsWith(":Secret")) expect(JSON.stringify(x.inputs.data)).toContain(secretMark);
  }
  // A certificate's key and two or all tokens for each tenant: the pattern does find them.
  expect(seen).toBeGreaterThanOrEqual(3 * 3);
});

function stringsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return value !== null && typeof value === "object" ? Object.values(value).flatMap(stringsOf) : [];
}

test("every Service selects pods that exist and ports that they have", () => {
  const pods = kubernetes(base).flatMap((x) => podTemplatesOf(x));
  for (const x of kubernetes(base).filter((r) => r.type.endsWith(":Service"))) {
    const spec = specOf<{ type?: string; selector?: Record<string, string>; ports?: { targetPort: number | string }[] }>(x);
    if (spec.type === "ExternalName") continue;
    const behind = pods.filter(
      (p) => p.namespace === metadataOf(x).namespace && Object.entries(spec.selector ?? {}).every(([k, v]) => p.labels[k] === v),
    );
    expect([x.urn, behind.length > 0]).toEqual([x.urn, true]);
    for (const port of spec.ports ?? []) for (const p of behind) expect([x.urn, p.ports.has(port.targetPort)]).toEqual([x.urn, true]);
  }
});

interface Pod {
  readonly namespace: string | undefined;
  readonly labels: Record<string, string>;
  readonly ports: Set<number | string>;
}

function podTemplatesOf(x: Recorded): Pod[] {
  const namespace = metadataOf(x).namespace;
  type Container = { ports?: { name: string; containerPort: number }[] };
  const portsOf = (containers: Container[]) =>
    new Set(containers.flatMap((c) => (c.ports ?? []).flatMap((p) => [p.name, p.containerPort])));
  if (/:(Deployment|StatefulSet)$/.test(x.type)) {
    const { template } = specOf<{ template: { metadata: { labels: Record<string, string> }; spec: { containers: Container[] } } }>(x);
    return [{ namespace, labels: template.metadata.labels, ports: portsOf(template.spec.containers) }];
  }
  if (x.type.endsWith(":Prometheus")) {
    const spec = specOf<{ podMetadata: { labels: Record<string, string> }; containers?: Container[] }>(x);
    // The operator's own container: port `web`, 9090.
    return [{ namespace, labels: spec.podMetadata.labels, ports: new Set([...portsOf(spec.containers ?? []), "web", 9090]) }];
  }
  return [];
}

function metadataOf(x: Recorded): { name?: string; namespace?: string } {
  return x.inputs.metadata ?? {};
}

function specOf<T>(x: Recorded): T {
  return x.inputs.spec as T;
}
