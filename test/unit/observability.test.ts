import { parse } from "yaml";
import type { Address, Storage } from "../../components/contracts";
import { clusterAddresses } from "../../components/observability";
import type { LedgerEntry } from "../../model/ledger";
import type { Recorded } from "../../planning/record";
import { overridesIn, readRuntime } from "./limits-kit";
import { admits, declared, gatewayOf, matches, objects, s3, tenant, workloads } from "./observability-kit";
import type { Workload } from "./observability-kit";

const prod = tenant("prod");
const staging = tenant("staging", { metrics: "thanos" });
const dedicated = tenant("vip", { metrics: "thanos", storageId: "vip--2", querier: "dedicated" });

const byUrn = (resources: readonly Recorded[]) => Object.fromEntries(resources.map((r) => [r.urn, r.inputs]));
/** URNs whose inputs differ, or that only one of both has. */
function changed(before: readonly Recorded[], after: readonly Recorded[]): string[] {
  const [a, b] = [byUrn(before), byUrn(after)];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((urn) => JSON.stringify(a[urn]) !== JSON.stringify(b[urn])).sort();
}
const limitsOf = (resources: readonly Recorded[], system: string) => {
  const file = objects(resources, "ConfigMap").find((c) => c.metadata.name === `${system}-limits`);
  return Object.values(file?.data ?? {})[0] ?? "";
};
const names = (urns: string[]) => urns.map((urn) => urn.split("::").at(-1));

describe("pods", () => {
  let all: Workload[];
  beforeAll(async () => {
    all = [...workloads(await declared({ tenants: [dedicated] })), ...workloads(await declared({ storage: s3 }))];
  });

  test("have requests, limits, probes, a pinned image and the restricted security context", () => {
    expect(all).toHaveLength(8 + 8);
    for (const { template } of all) {
      expect(template.spec).toMatchObject({
        automountServiceAccountToken: false,
        securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
      });
      expect(template.spec).not.toHaveProperty("hostNetwork");
      for (const container of template.spec.containers) {
        const amounts = { cpu: expect.stringMatching(/^\d+m?$/) as string, memory: expect.stringMatching(/^\d+[MG]i$/) as string };
        expect(container).toMatchObject({
          image: expect.stringMatching(/:v?\d+\.\d+\.\d+$/) as string,
          resources: { requests: amounts, limits: amounts },
          securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } },
          // Whether the operators' querier in Cortex' pod is ready says nothing about the Cortex beside it.
          ...(container.name !== "query-operators" && { readinessProbe: { httpGet: { port: "http" } } }),
        });
      }
    }
  });

  test("that hold data in memory are never killed by a probe and get time to write it down", () => {
    const keepers = all.filter((w) => ["cortex", "loki", "receive"].includes(w.metadata.name));
    expect(keepers).toHaveLength(6);
    for (const { kind, spec, template } of keepers) {
      expect(kind).toBe("StatefulSet");
      expect(spec.persistentVolumeClaimRetentionPolicy).toEqual({ whenDeleted: "Retain", whenScaled: "Retain" });
      expect(template.spec.containers[0]).not.toHaveProperty("livenessProbe");
      expect(template.spec.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(300);
    }
  });

  test("mount every file they are told to read, as folders", () => {
    for (const { template } of all) {
      const [container] = template.spec.containers as unknown as {
        args: string[];
        volumeMounts: { mountPath: string; subPath?: string }[];
      }[];
      for (const arg of container!.args) {
        const path = /(?:config\.file|config-file)=(\/[^/]+\/[^/]+)\//.exec(arg)?.[1];
        if (path !== undefined)
          expect(container!.volumeMounts).toContainEqual({ name: expect.any(String) as string, mountPath: path, readOnly: true });
      }
    }
  });
});

test.each([
  ["cortex", "cortex.yaml"],
  ["loki", "loki.yaml"],
])("%s reads its limits where they are mounted, and its pods roll when the main file changes", async (system, file) => {
  const run = async (storage: Storage) => {
    const resources = await declared({ storage });
    const main = objects(resources, "ConfigMap").find((c) => c.metadata.name === `${system}-config`)!.data[file]!;
    return {
      main,
      limits: objects(resources, "ConfigMap").find((c) => c.metadata.name === `${system}-limits`)!,
      pod: workloads(resources).find((w) => w.metadata.name === system)!.template,
    };
  };
  const [onVolume, onS3] = [await run({ kind: "volume" }), await run(s3)];
  const runtime = (parse(onVolume.main) as { runtime_config: { file: string } }).runtime_config.file;
  const { volumeMounts } = onVolume.pod.spec.containers[0] as unknown as { volumeMounts: { name: string; mountPath: string }[] };
  const mount = volumeMounts.find((m) => m.name === "limits")!;
  expect(Object.keys(onVolume.limits.data).map((key) => `${mount.mountPath}/${key}`)).toEqual([runtime]);
  expect(onVolume.pod.spec.volumes).toContainEqual({ name: "limits", configMap: { name: onVolume.limits.metadata.name } });
  expect(onVolume.pod.metadata.annotations).not.toEqual(onS3.pod.metadata.annotations);
  expect(onVolume.pod.metadata.annotations).toEqual((await run({ kind: "volume" })).pod.metadata.annotations);
});

describe("addresses", () => {
  const addresses = clusterAddresses();
  // The platform's Prometheus is a tenant's: test/unit/network.test.ts.
  const { platform: _, ...stores } = addresses;
  const flat = Object.entries(stores).flatMap(([system, of]) =>
    Object.entries(of as Record<string, Address | Address[]>).flatMap(([role, a]) => [a].flat().map((one) => ({ system, role, ...one }))),
  );

  test("each is a Service whose pods listen on that port", async () => {
    const resources = await declared();
    expect(flat).toHaveLength(12);
    for (const { host, port } of flat) {
      const [name, namespace] = host.split(".");
      const service = objects(resources, "Service").find((s) => s.metadata.name === name && s.metadata.namespace === namespace);
      expect(service).toBeDefined();
      expect(service!.spec.ports).toContainEqual(expect.objectContaining({ port, targetPort: port }));
      const pods = workloads(resources).filter(
        (w) => w.metadata.namespace === namespace && matches(w.template.metadata.labels, service!.spec.selector as never),
      );
      expect(pods).toHaveLength(1);
      expect(pods[0]!.template.spec.containers[0]!.ports).toContainEqual(expect.objectContaining({ containerPort: port }));
    }
  });

  test("gateways of tenants reach them, and nobody else does; StoreAPI is for no gateway", async () => {
    const resources = await declared({ storage: s3 });
    const stranger = { namespace: { "kubernetes.io/metadata.name": "shop" }, pod: gatewayOf("prod").pod };
    const collector = { ...gatewayOf("prod"), pod: { "app.kubernetes.io/name": "prometheus", "app.kubernetes.io/part-of": "tenant" } };
    for (const { host, port, role } of flat) {
      const [name, namespace = ""] = host.split(".");
      const selector = objects(resources, "Service").find((s) => s.metadata.name === name && s.metadata.namespace === namespace)!.spec
        .selector;
      const pods = workloads(resources).filter(
        (w) => w.metadata.namespace === namespace && matches(w.template.metadata.labels, selector as never),
      );
      expect(pods.length).toBeGreaterThan(0);
      for (const { template } of pods) {
        const to = { namespace, pod: template.metadata.labels };
        expect([host, port, admits(resources, gatewayOf("prod"), to, port)]).toEqual([host, port, role !== "stores"]);
        expect(admits(resources, stranger, to, port)).toBe(false);
        expect(admits(resources, collector, to, port)).toBe(false);
      }
    }
  });

  test("gateways reach nothing but these ports", async () => {
    const resources = await declared({ storage: s3 });
    const open = workloads(resources).flatMap((w) =>
      (w.template.spec.containers[0]!.ports as { containerPort: number }[])
        .filter((p) =>
          admits(resources, gatewayOf("prod"), { namespace: w.metadata.namespace, pod: w.template.metadata.labels }, p.containerPort),
        )
        .map((p) => `${w.metadata.namespace}/${w.metadata.name}:${p.containerPort}`),
    );
    expect(open.sort()).toEqual(["cortex/cortex:8080", "loki/loki:3100", "thanos/query-frontend:10902", "thanos/receive:19291"]);
  });
});

describe("a tenant", () => {
  test("changes only the limits of the systems it uses", async () => {
    const before = await declared({ tenants: [prod] });
    expect(names(changed(before, await declared({ tenants: [prod, tenant("a")] })))).toEqual(["cortex/limits", "loki/limits"]);
    expect(names(changed(before, await declared({ tenants: [prod, tenant("a", { metrics: "thanos", apis: ["metrics"] })] })))).toEqual([
      "thanos/limits",
    ]);
  });

  test("with one limit changed changes one line of one object", async () => {
    const more = { ...prod.limits, logs: { ...prod.limits.logs, streams: 7_777 } };
    const [before, after] = [
      await declared({ tenants: [prod, staging] }),
      await declared({ tenants: [{ ...prod, limits: more }, staging] }),
    ];
    expect(names(changed(before, after))).toEqual(["loki/limits"]);
    const [a, b] = [limitsOf(before, "loki").split("\n"), limitsOf(after, "loki").split("\n")];
    expect(b.filter((line, i) => line !== a[i])).toEqual(["  prod: {<<: *small, *streams : 7777}"]);
  });

  test("stands in the files under its storage id, wherever its file comes", async () => {
    const forward = await declared({ tenants: [prod, staging, dedicated] });
    expect(changed(forward, await declared({ tenants: [dedicated, staging, prod] }))).toEqual([]);
    expect(Object.keys(readRuntime(limitsOf(forward, "thanos")).write?.tenants ?? {})).toEqual(["staging", "vip--2"]);
    expect(Object.keys(overridesIn(limitsOf(forward, "cortex")))).toEqual(["prod"]);
    expect(Object.keys(overridesIn(limitsOf(forward, "loki")))).toEqual(["prod", "staging", "vip--2"]);
  });

  test("that is retired keeps its retention until its data is gone", async () => {
    const dates = { retired: "2026-11-01", eraseAfter: "2026-12-01" };
    const retention = { metrics: 395 * 86_400, logs: 30 * 86_400 };
    const gone: LedgerEntry = { name: "old", storageId: "old", apis: ["logs", "metrics"], metrics: "cortex", retention, ...dates };
    const kept = await declared({ retired: [gone] });
    expect(overridesIn(limitsOf(kept, "cortex"))).toMatchObject({ old: { compactor_blocks_retention_period: "395d" } });
    expect(overridesIn(limitsOf(kept, "loki"))).toMatchObject({ old: { retention_period: "30d" } });
    const erasing = await declared({ retired: [{ ...gone, erasing: "2027-01-01" }] });
    expect(overridesIn(limitsOf(erasing, "cortex"))).toMatchObject({ old: { compactor_blocks_retention_period: "24h" } });
    expect(limitsOf(await declared({ retired: [{ ...gone, erased: "2027-02-01" }] }), "cortex")).not.toContain("old");
  });
});

describe("a dedicated querier", () => {
  test("answers its tenant's gateway only, and asks stores as its tenant only", async () => {
    const resources = await declared({ tenants: [dedicated, tenant("other", { metrics: "thanos", querier: "dedicated" })], storage: s3 });
    const find = (name: string) => workloads(resources).find((w) => w.metadata.name === name)!;
    const [query, frontend] = [find("dedicated-vip-query"), find("dedicated-vip-frontend")];
    const pod = (w: Workload) => ({ namespace: { "kubernetes.io/metadata.name": "thanos" }, pod: w.template.metadata.labels });
    const to = (w: Workload) => ({ namespace: "thanos", pod: w.template.metadata.labels });

    expect(admits(resources, gatewayOf("vip"), to(frontend), 10902)).toBe(true);
    expect(admits(resources, gatewayOf("other"), to(frontend), 10902)).toBe(false);
    expect(admits(resources, pod(frontend), to(query), 10902)).toBe(true);
    for (const other of ["query-frontend", "dedicated-other-frontend", "query"])
      expect(admits(resources, pod(find(other)), to(query), 10902)).toBe(false);
    expect(admits(resources, pod(frontend), to(find("query")), 10902)).toBe(false);
    for (const store of ["receive", "store"]) {
      expect(admits(resources, pod(query), to(find(store)), 10901)).toBe(true);
      expect(admits(resources, pod(frontend), to(find(store)), 10901)).toBe(false);
    }

    const args = query.template.spec.containers[0]!.args as string[];
    expect(args).toEqual(
      expect.arrayContaining(["--query.enforce-tenancy", "--query.default-tenant-id=vip--2", "--query.tenant-header=THANOS-TENANT"]),
    );
    const selector = args.find((a) => a.startsWith("--selector.relabel-config="))!.replace(/^[^=]*=/, "");
    expect(parse(selector)).toEqual([{ action: "keep", regex: "vip--2", source_labels: ["tenant_id"] }]);
  });

  test("has names that no other tenant's and no shared part can take", async () => {
    const tenants = ["a", "a-query", "a-frontend"].map((name) => tenant(name, { metrics: "thanos", querier: "dedicated" }));
    const taken = (await declared({ tenants })).map((r) => r.inputs as { kind?: string; metadata?: { namespace?: string; name: string } });
    const ids = taken.filter((o) => o.metadata).map((o) => `${o.kind}/${o.metadata!.namespace}/${o.metadata!.name}`);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

test("static keys stand in Secrets only, and cross the wire as secrets", async () => {
  const resources = await declared({ storage: s3 });
  const secret = "4dabf18193072939515e22adb298388d";
  const base64 = Buffer.from("very-secret-value").toString("base64");
  const holders = resources.filter((r) => [base64, "very-secret-value"].some((text) => JSON.stringify(r.inputs).includes(text)));
  expect(holders.map((r) => r.inputs.kind)).toEqual(["Secret", "Secret", "Secret"]);
  for (const holder of holders) expect(holder.inputs.data).toHaveProperty(secret);
});

test("every object has the stack's provider, a fixed name and a label that says whose it is", async () => {
  const resources = (await declared({ tenants: [prod, dedicated], storage: s3 })).filter((r) => r.type.startsWith("kubernetes:"));
  expect(resources.length).toBeGreaterThan(50);
  for (const { provider, inputs } of resources) {
    expect(provider).toContain("::kubernetes::");
    expect(inputs.metadata).toMatchObject({
      name: expect.stringMatching(/^[a-z0-9-]+$/) as string,
      labels: { "app.kubernetes.io/managed-by": "tenantstack" },
    });
  }
});

test("namespaces refuse pods that are not restricted, and deny all traffic that is not drawn", async () => {
  const resources = await declared();
  for (const name of ["cortex", "loki", "thanos"]) {
    const namespace = objects(resources, "Namespace").find((n) => n.metadata.name === name);
    expect(namespace?.metadata.labels["pod-security.kubernetes.io/enforce"]).toBe("restricted");
    const anyPod = { namespace: name, pod: { app: "unknown" } };
    expect(admits(resources, gatewayOf("prod"), anyPod, 80)).toBe(false);
  }
});
