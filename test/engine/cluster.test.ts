import fs from "node:fs";
import https from "node:https";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster, ClusterOptions } from "../../embedded/cluster";
import { clusterStatus, resetCluster, startCluster, stopCluster } from "../../embedded/cluster";
import { Api } from "../../embedded/cluster/api";
import { layoutOf } from "../../embedded/cluster/layout";
import { startOf } from "../../embedded/processid";
import type { Reporter } from "../../embedded/console";
import { silentReporter } from "../../embedded/console";
import { ensureTools } from "../../embedded/toolchain";

const names = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok", "prometheus-operator", "crds"] as const;
const dir = fs.mkdtempSync(path.join(os.tmpdir(), "tenantstack-cluster-"));
const notes: string[] = [];
const listening: Reporter = {
  note: (text) => void notes.push(text),
  step: (text, expectSeconds) => (notes.push(text), silentReporter.step(text, expectSeconds)),
};

let options: ClusterOptions;
let cluster: Cluster;
let api: Api;

/** Tries again until `check` passes; its last failure is thrown when the time is over. */
async function eventually<T>(check: () => Promise<T>, seconds = 20): Promise<T> {
  const until = Date.now() + seconds * 1_000;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > until) throw error;
      await sleep(200);
    }
  }
}

async function create(where: string, object: object): Promise<{ status: number; text: string }> {
  return api.ask({ method: "POST", path: where, body: JSON.stringify(object) });
}

async function created(where: string, object: object): Promise<void> {
  expect(await create(where, object)).toMatchObject({ status: 201 });
}

async function namespace(name: string, level = "restricted"): Promise<void> {
  const labels = { "pod-security.kubernetes.io/enforce": level };
  await created("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name, labels } });
  await eventually(async () => expect(await api.get(`/api/v1/namespaces/${name}/serviceaccounts/default`)).toBeDefined());
}

const restricted = {
  // A namespace is deleted sooner when its pods would need no long goodbye.
  terminationGracePeriodSeconds: 1,
  securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: "RuntimeDefault" } },
  containers: [
    { name: "main", image: "example.com/app:1", securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } } },
  ],
};

function workload(kind: string, name: string, replicas: number, more: object = {}, pod: object = {}): object {
  const labels = { app: name };
  const spec = {
    replicas,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { ...restricted, ...pod } },
    ...more,
  };
  return { apiVersion: "apps/v1", kind, metadata: { name }, spec };
}

interface PodList {
  items: {
    metadata: { name: string };
    spec: { nodeName?: string };
    status: { phase: string; podIP?: string; conditions?: { type: string; status: string }[] };
  }[];
}

async function readyPods(ns: string, count: number): Promise<PodList["items"]> {
  return eventually(async () => {
    const pods = (await api.get<PodList>(`/api/v1/namespaces/${ns}/pods`))?.items ?? [];
    const ready = pods.filter(
      (pod) => pod.status.phase === "Running" && pod.status.conditions?.some((c) => c.type === "Ready" && c.status === "True"),
    );
    expect(ready).toHaveLength(count);
    return ready;
  });
}

/** Status of a GET without any credentials. */
async function anonymously(ca: Buffer, where: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const request = https.get(`${cluster.server}${where}`, { ca, timeout: 5_000 }, (response) => resolve(response.resume().statusCode));
    request.on("error", reject);
  });
}

function connect(): void {
  api?.close();
  api = new Api(layoutOf(dir), Number(new URL(cluster.server).port));
}

function pids(of: { parts: readonly { name: string; pid: number | undefined }[] }): Record<string, number | undefined> {
  return Object.fromEntries(of.parts.map((part) => [part.name, part.pid]));
}

// The tool chain may have to be built first; that is not what is timed here.
beforeAll(async () => {
  const found = await ensureTools(names, { report: silentReporter });
  const tools = Object.fromEntries(names.map((name) => [name, found.get(name)?.path ?? name])) as unknown as ClusterOptions["tools"];
  options = { dir, tools, report: listening };
}, 2_700_000);

afterAll(async () => {
  api?.close();
  await resetCluster(dir, silentReporter);
  fs.rmSync(dir, { recursive: true, force: true });
}, 60_000);

test("starts from nothing: all parts, nodes in three zones, every kind of the stack", async () => {
  cluster = await startCluster(options);
  connect();
  expect(cluster.parts.map((part) => part.state)).toEqual(Array(6).fill("running"));
  expect(cluster.identity).toMatch(/^[0-9a-f-]{36}$/);
  const nodes = await api.get<{ items: { metadata: { labels: Record<string, string> } }[] }>("/api/v1/nodes");
  expect(new Set(nodes?.items.map((node) => node.metadata.labels["topology.kubernetes.io/zone"])).size).toBe(3);
  for (const kind of [
    "gateway.networking.k8s.io/v1/tlsroutes",
    "cert-manager.io/v1/certificates",
    "monitoring.coreos.com/v1/prometheuses",
  ]) {
    expect(await api.get(`/apis/${kind}`)).toBeDefined();
  }
}, 90_000);

test("keeps to its folder and to its owner: private files, loopback, nothing without credentials but health", async () => {
  const all = fs.readdirSync(dir, { recursive: true, encoding: "utf8" }).map((name) => path.join(dir, name));
  expect(all.length).toBeGreaterThan(30);
  const open = all.filter((file) => !fs.lstatSync(file).isSymbolicLink() && (fs.lstatSync(file).mode & 0o077) !== 0);
  expect(open).toEqual([]);
  expect(cluster.server).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
  const ca = fs.readFileSync(path.join(dir, "pki", "ca.crt"));
  expect(await anonymously(ca, "/readyz")).toBe(200);
  expect(await anonymously(ca, "/version")).toBe(401);
  expect(await anonymously(ca, "/api/v1/namespaces/kube-system/secrets")).toBe(401);
}, 20_000);

test("pods of a Deployment are spread over the zones and become ready; an autoscaler lifts it to its minimum", async () => {
  await namespace("spread");
  const labelSelector = { matchLabels: { app: "web" } };
  const spread = {
    topologySpreadConstraints: [
      { maxSkew: 1, topologyKey: "topology.kubernetes.io/zone", whenUnsatisfiable: "DoNotSchedule", labelSelector },
    ],
  };
  await created("/apis/apps/v1/namespaces/spread/deployments", workload("Deployment", "web", 3, {}, spread));
  const pods = await readyPods("spread", 3);
  expect(new Set(pods.map((pod) => pod.spec.nodeName)).size).toBe(3);
  expect(new Set(pods.map((pod) => pod.status.podIP)).size).toBe(3);
  const scaleTargetRef = { apiVersion: "apps/v1", kind: "Deployment", name: "web" };
  const spec = { minReplicas: 4, maxReplicas: 6, scaleTargetRef };
  const scaler = { apiVersion: "autoscaling/v2", kind: "HorizontalPodAutoscaler", metadata: { name: "web" }, spec };
  await created("/apis/autoscaling/v2/namespaces/spread/horizontalpodautoscalers", scaler);
  await readyPods("spread", 4);
}, 60_000);

test("Pod Security refuses a bad pod, a quota a second pod, and each says why", async () => {
  await namespace("strict");
  const pod = (name: string, spec: object): object => ({ apiVersion: "v1", kind: "Pod", metadata: { name }, spec });
  const bad = await create("/api/v1/namespaces/strict/pods", pod("bad", { containers: [{ name: "main", image: "example.com/app:1" }] }));
  expect(bad.status).toBe(403);
  expect(bad.text).toContain("restricted");
  await created("/api/v1/namespaces/strict/resourcequotas", {
    apiVersion: "v1",
    kind: "ResourceQuota",
    metadata: { name: "one" },
    spec: { hard: { pods: "1" } },
  });
  await eventually(async () => {
    const quota = await api.get<{ status: { hard?: object } }>("/api/v1/namespaces/strict/resourcequotas/one");
    expect(quota?.status.hard).toEqual({ pods: "1" });
  });
  await created("/api/v1/namespaces/strict/pods", pod("first", restricted));
  const second = await create("/api/v1/namespaces/strict/pods", pod("second", restricted));
  expect(second.status).toBe(403);
  expect(second.text).toContain("exceeded quota: one");
}, 30_000);

test("what belongs to a deleted owner is collected", async () => {
  await api.ask({ method: "DELETE", path: "/apis/apps/v1/namespaces/spread/deployments/web?propagationPolicy=Background" });
  await eventually(async () => {
    expect((await api.get<PodList>("/api/v1/namespaces/spread/pods"))?.items).toEqual([]);
    expect((await api.get<{ items: [] }>("/apis/apps/v1/namespaces/spread/replicasets"))?.items).toEqual([]);
  });
}, 30_000);

test("the Prometheus operator makes prometheus-prod-0 with a bound volume, and a namespace goes with all it holds", async () => {
  await namespace("prod-tenant");
  const storage = { volumeClaimTemplate: { spec: { resources: { requests: { storage: "5Gi" } } } } };
  const spec = {
    replicas: 1,
    version: "v3.6.0",
    serviceMonitorSelector: {},
    storage,
    securityContext: { ...restricted.securityContext, fsGroup: 1000 },
  };
  const prometheus = { apiVersion: "monitoring.coreos.com/v1", kind: "Prometheus", metadata: { name: "prod" }, spec };
  await created("/apis/monitoring.coreos.com/v1/namespaces/prod-tenant/prometheuses", prometheus);
  expect((await readyPods("prod-tenant", 1)).map((pod) => pod.metadata.name)).toEqual(["prometheus-prod-0"]);
  const claims = await api.get<{ items: { status: object }[] }>("/api/v1/namespaces/prod-tenant/persistentvolumeclaims");
  expect(claims?.items.map((claim) => claim.status)).toEqual([expect.objectContaining({ phase: "Bound", capacity: { storage: "5Gi" } })]);
  await api.ask({ method: "DELETE", path: "/api/v1/namespaces/prod-tenant" });
  await eventually(async () => expect(await api.get("/api/v1/namespaces/prod-tenant")).toBeUndefined(), 40);
  await eventually(async () => expect((await api.get<{ items: [] }>("/api/v1/persistentvolumes"))?.items).toEqual([]));
}, 75_000);

test("starting again is harmless and quick, also twice at once", async () => {
  const before = pids(cluster);
  const began = Date.now();
  const again = await startCluster({ ...options, report: silentReporter });
  // One second is the promise; a machine that builds something meanwhile gets twice that.
  expect(Date.now() - began).toBeLessThan(2_000);
  expect(pids(again)).toEqual(before);
  expect(again.identity).toBe(cluster.identity);
  notes.length = 0;
  const both = await Promise.all([startCluster(options), startCluster(options)]);
  expect(both.map(pids)).toEqual([before, before]);
  expect(notes.join()).toMatch(/Waiting for process \d+, which starts or stops the same cluster/);
}, 20_000);

test("a killed API server is noticed, named and started again; data and identity stay", async () => {
  await created("/api/v1/namespaces/default/configmaps", {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "kept" },
    data: { a: "b" },
  });
  const before = pids(cluster);
  process.kill(before["kube-apiserver"] as number, "SIGKILL");
  await eventually(async () => {
    const status = await clusterStatus(dir);
    expect(status.running).toBe(false);
    expect(status.parts.filter((part) => part.state === "dead").map((part) => part.name)).toEqual(["kube-apiserver"]);
  });
  notes.length = 0;
  cluster = await startCluster(options);
  connect();
  expect(notes.join("\n")).toContain(`kube-apiserver (process ${before["kube-apiserver"]}) had died`);
  expect(pids(cluster)["kube-apiserver"]).not.toBe(before["kube-apiserver"]);
  expect(pids(cluster)["etcd"]).toBe(before["etcd"]);
  expect(await api.get("/api/v1/namespaces/default/configmaps/kept")).toMatchObject({ data: { a: "b" } });
}, 60_000);

test("a stop leaves no process, a second one does nothing; the next start has the data and the same address", async () => {
  const before = pids(cluster);
  await stopCluster(dir, silentReporter);
  expect(Object.values(before).map((pid) => startOf(pid as number))).toEqual(Array(6).fill(undefined));
  await stopCluster(dir, silentReporter);
  expect((await clusterStatus(dir)).parts.map((part) => part.state)).toEqual(Array(6).fill("stopped"));
  const address = cluster.server;
  const identity = cluster.identity;
  cluster = await startCluster(options);
  connect();
  expect(cluster).toMatchObject({ server: address, identity });
  expect(await api.get("/api/v1/namespaces/default/configmaps/kept")).toMatchObject({ data: { a: "b" } });
}, 60_000);

test("a part that cannot run is named with its log; what runs is taken over by the next start", async () => {
  const before = pids(cluster);
  const broken = { ...options, tools: { ...options.tools, "kube-scheduler": path.join(process.cwd(), "test", "no-such-program") } };
  await expect(startCluster(broken)).rejects.toThrow(/no-such-program: cannot be started .*ENOENT/);
  const useless = { ...options, tools: { ...options.tools, "kube-scheduler": process.execPath } };
  await expect(startCluster(useless)).rejects.toThrow(/kube-scheduler ended[^]*kube-scheduler\.log:\n[^]*bad option/);
  cluster = await startCluster(options);
  expect({ ...pids(cluster), "kube-scheduler": 0 }).toEqual({ ...before, "kube-scheduler": 0 });
}, 60_000);

test("a reset ends everything and removes what the cluster kept, and only that", async () => {
  const before = pids(cluster);
  fs.writeFileSync(path.join(dir, "of-another"), "stays");
  api.close();
  await resetCluster(dir, silentReporter);
  expect(Object.values(before).map((pid) => startOf(pid as number))).toEqual(Array(6).fill(undefined));
  expect(fs.readdirSync(dir)).toEqual(["of-another"]);
}, 30_000);
