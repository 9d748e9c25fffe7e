import { hashringsText, limiting } from "../../components/observability/thanos/receive-config";
import type { Recorded } from "../../planning/record";
import { admits, declaredThanos, gatewayOf, matches, objects, tenant, workloads, type Workload } from "./observability-kit";

/** Thanos in size distributed, as declared. What the binary makes of it: test/stores. */
const day = 86_400;
const kept = (days: number) => ({ metrics: days * day, logs: 7 * day });
const tenants = [
  tenant("staging", { metrics: "thanos" }),
  tenant("shop", { metrics: "thanos", retention: kept(395) }),
  tenant("vip", { metrics: "thanos", querier: "dedicated", retention: kept(90) }),
  tenant("system"),
];
const declared = (more: Parameters<typeof declaredThanos>[0] = {}) => declaredThanos({ size: "distributed", tenants, ...more });

let resources: readonly Recorded[];
let all: Workload[];
beforeAll(async () => {
  resources = await declared();
  all = workloads(resources);
});
const find = (name: string): Workload => all.find((w) => w.metadata.name === name)!;
const part = (w: Workload) => w.template.metadata.labels["app.kubernetes.io/name"] ?? "";

test("its parts, with how many of them, on what, and with how much time to end", () => {
  const budgets = new Map(objects(resources, "PodDisruptionBudget").map((b) => [b.metadata.name, b.spec.maxUnavailable]));
  const rows = all.map((w) => {
    const { spec, template } = w;
    const isScratch = (template.spec.volumes as { ephemeral?: object }[]).some((v) => v.ephemeral !== undefined);
    const volume = spec.volumeClaimTemplates !== undefined ? "kept" : isScratch ? "scratch" : "none";
    const { containers, terminationGracePeriodSeconds: grace } = template.spec as unknown as {
      containers: { livenessProbe?: object }[];
      terminationGracePeriodSeconds: number;
    };
    const words = [
      w.metadata.name,
      `${spec.replicas as number}`,
      volume,
      `${grace}s`,
      `-${(budgets.get(part(w)) as number | undefined) ?? 0}`,
    ];
    return [
      ...words,
      containers[0]!.livenessProbe === undefined ? "no liveness" : "",
      `${(spec.minReadySeconds as number | undefined) ?? 0}s`,
    ].join(" ");
  });
  expect(rows.sort()).toMatchInlineSnapshot(`
   [
     "compactor-30d 1 scratch 120s -0  0s",
     "compactor-90d 1 scratch 120s -0  0s",
     "compactor-default 1 scratch 120s -0  0s",
     "dedicated-vip-frontend 1 none 120s -0  0s",
     "dedicated-vip-query 1 none 120s -0  0s",
     "memcached-blocks 3 none 30s -1  0s",
     "memcached-results 3 none 30s -1  0s",
     "query 3 none 120s -1  0s",
     "query-frontend 3 none 120s -1  0s",
     "query-operators 1 none 120s -0  0s",
     "receive-ingestor-zone-a 1 kept 900s -1 no liveness 30s",
     "receive-ingestor-zone-b 1 kept 900s -1 no liveness 30s",
     "receive-ingestor-zone-c 1 kept 900s -1 no liveness 30s",
     "receive-router 3 none 60s -1  30s",
     "rule 3 kept 120s -1  0s",
     "store-zone-a 1 scratch 120s -1 no liveness 0s",
     "store-zone-b 1 scratch 120s -1 no liveness 0s",
     "store-zone-c 1 scratch 120s -1 no liveness 0s",
   ]
  `);
});

test("every pod has requests, limits, a startup and readiness probe, a pinned image and the restricted security context", () => {
  const amounts = { cpu: expect.stringMatching(/^\d+m?$/) as string, memory: expect.stringMatching(/^\d+[MG]i$/) as string };
  for (const { template } of all) {
    expect(template.spec).toMatchObject({ automountServiceAccountToken: false, securityContext: { runAsNonRoot: true } });
    for (const container of template.spec.containers)
      expect(container).toMatchObject({
        image: expect.stringMatching(/:v?\d+\.\d+\.\d+$/) as string,
        resources: { requests: amounts, limits: amounts },
        securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } },
        startupProbe: { periodSeconds: 5 },
        readinessProbe: { periodSeconds: 5 },
      });
  }
});

test("only what reads or writes blocks has the bucket's account, its coordinates and a way out of the cluster", () => {
  const has = (of: (w: Workload) => boolean) => [...new Set(all.filter(of).map(part))].sort();
  const owners = ["compactor-30d", "compactor-90d", "compactor-default", "receive-ingestor", "rule", "store"];
  const env = (w: Workload) => (w.template.spec.containers[0]!.env as { name: string }[] | undefined) ?? [];
  expect(has((w) => env(w).some((e) => e.name === "AWS_SECRET_ACCESS_KEY"))).toEqual(owners);
  expect(has((w) => w.template.spec.serviceAccountName === "thanos")).toEqual(owners);
  const leaving = objects(resources, "NetworkPolicy").filter((p) => JSON.stringify(p.spec.egress ?? []).includes("ipBlock"));
  expect(leaving.map((p) => p.metadata.name).sort()).toEqual(["compactor", "receive-ingestor", "rule", "store"]);
});

test("who reaches whom, on each port", () => {
  const label = (w: Workload) => ({ namespace: { "kubernetes.io/metadata.name": "thanos" }, pod: w.template.metadata.labels });
  const open: string[] = [];
  const from = [
    ...all.map((w) => [part(w), label(w)] as const),
    ["gateway of staging", gatewayOf("staging")] as const,
    ["gateway of vip", gatewayOf("vip")] as const,
  ];
  for (const to of all)
    for (const { containerPort } of to.template.spec.containers.flatMap((c) => c.ports as { containerPort: number }[]))
      for (const [name, source] of from)
        if (admits(resources, source, { namespace: "thanos", pod: to.template.metadata.labels }, containerPort))
          open.push(`${name} -> ${part(to)}:${containerPort}`);
  expect([...new Set(open)].sort()).toMatchInlineSnapshot(`
   [
     "dedicated-frontend -> dedicated-query:10902",
     "dedicated-query -> receive-ingestor:10901",
     "dedicated-query -> rule:10901",
     "dedicated-query -> store:10901",
     "gateway of staging -> query-frontend:10902",
     "gateway of staging -> receive-router:19291",
     "gateway of vip -> dedicated-frontend:10902",
     "gateway of vip -> query-frontend:10902",
     "gateway of vip -> receive-router:19291",
     "query -> receive-ingestor:10901",
     "query -> rule:10901",
     "query -> store:10901",
     "query-frontend -> memcached-results:11211",
     "query-frontend -> query:10902",
     "query-operators -> receive-ingestor:10901",
     "query-operators -> rule:10901",
     "query-operators -> store:10901",
     "receive-router -> receive-ingestor:10901",
     "rule -> query-operators:10902",
     "store -> memcached-blocks:11211",
   ]
  `);
});

test("addresses are Services in this size, too, and StoreAPI names every part that speaks it", () => {
  const behind = (name: string, port: number) => {
    const service = objects(resources, "Service").find((s) => s.metadata.name === name)!;
    expect(service.spec.ports).toContainEqual(expect.objectContaining({ port, targetPort: port }));
    return [...new Set(all.filter((w) => matches(w.template.metadata.labels, service.spec.selector as never)).map(part))].sort();
  };
  expect(behind("receive", 19291)).toEqual(["receive-router"]);
  expect(behind("query-frontend", 10902)).toEqual(["query-frontend"]);
  expect(behind("stores", 10901)).toEqual(["receive-ingestor", "rule", "store"]);
});

test("routers are told of every ingestor, after it is there, and do not restart for more of them", async () => {
  const text = objects(resources, "ConfigMap").find((c) => c.metadata.name === "thanos-hashrings")!.data["hashrings.json"]!;
  const [{ endpoints }] = JSON.parse(text) as [{ endpoints: { address: string; az: string }[] }];
  const sets = all.filter((w) => part(w) === "receive-ingestor");
  expect(endpoints.map((e) => e.address)).toEqual(sets.map((s) => `${s.metadata.name}-0.receive-ingestor-pods.thanos.svc:10901`));
  expect(new Set(endpoints.map((e) => e.az)).size).toBe(3);
  const config = resources.find((r) => r.name === "thanos/hashrings")!;
  for (const set of sets) expect(config.dependencies).toContainEqual(expect.stringMatching(new RegExp(`::thanos/${set.metadata.name}$`)));
  const limits = {
    metrics: { activeSeries: 30e6, samplesPerSecond: 10_000 },
    logs: tenants[0]!.limits.logs,
    queries: tenants[0]!.limits.queries,
  };
  const grown = workloads(await declared({ tenants: [...tenants, tenant("big", { metrics: "thanos", limits })] }));
  expect(grown.find((w) => w.metadata.name === "receive-ingestor-zone-a")!.spec.replicas).toBeGreaterThan(1);
  expect(grown.find((w) => w.metadata.name === "receive-router")!.template).toEqual(find("receive-router").template);
});

test("a tenant of a class changes limits and that class' selector; one of the default class its limits only", async () => {
  const changed = (after: readonly Recorded[]) => {
    const before = new Map(resources.map((r) => [r.urn, JSON.stringify(r.inputs)]));
    return after
      .filter((r) => before.get(r.urn) !== JSON.stringify(r.inputs))
      .map((r) => `${r.inputs.kind as string} ${r.name}`)
      .sort();
  };
  // One that the cluster as it is can hold.
  const limits = { ...tenants[0]!.limits, queries: { parallelism: 1, lookback: day } };
  const add = (days: number) => declared({ tenants: [...tenants, tenant("new", { metrics: "thanos", limits, retention: kept(days) })] });
  expect(changed(await add(395))).toEqual(["ConfigMap thanos/limits"]);
  expect(changed(await add(30))).toEqual([
    "ConfigMap thanos/compactor-30d",
    "ConfigMap thanos/compactor-default",
    "ConfigMap thanos/limits",
  ]);
});

describe("the hashrings file", () => {
  const ring = Array.from({ length: 9 }, (_, n) => ({ host: `i-${n}`, zone: `zone-${n % 3}` }));
  const parsed = (sizes: Record<string, number>) =>
    (
      JSON.parse(hashringsText(ring, sizes)) as [
        { hashring: string; shuffle_sharding_config?: { shard_size: number; cache_size: number; overrides: object[] } },
      ]
    )[0];

  test("gives tenants shards that the ring can hold, by exact names", () => {
    expect(parsed({ a: 3, b: 6, c: 3, d: 0, e: 30, f: 9 }).shuffle_sharding_config).toMatchObject({
      shard_size: 9,
      overrides: [
        { shard_size: 3, tenant_matcher_type: "exact", tenants: ["a", "c"] },
        { shard_size: 6, tenant_matcher_type: "exact", tenants: ["b"] },
      ],
    });
    for (const sizes of [{}, { a: 0 }, { a: 9, b: 30 }]) expect(parsed(sizes).shuffle_sharding_config).toBeUndefined();
  });

  test("bounds the memory of cached shards", () => {
    const bytes = (sizes: Record<string, number>) => parsed(sizes).shuffle_sharding_config!.cache_size * 100_000;
    expect(bytes({ a: 3 }) * 3).toBeLessThanOrEqual(512 * 1024 ** 2);
    expect(bytes({ a: 3, b: 8 }) * 5.5).toBeLessThanOrEqual(512 * 1024 ** 2);
    expect(parsed({ a: 3 }).shuffle_sharding_config!.cache_size).toBe(1024);
  });

  test("has another name with each other content", () => {
    const names = [{}, { a: 3 }, { a: 6 }].map((sizes) => parsed(sizes).hashring);
    expect(new Set(names).size).toBe(3);
    expect(parsed({ a: 3 }).hashring).toBe(names[1]);
  });
});

test("limits of series are there when they can be counted, and always one of them, since routers decide at their start", () => {
  const limits = { prod: { head_series_limit: 5, request: { samples_limit: 2 } } };
  const platform = { name: "system", state: "active" } as const;
  const file = (size: "single" | "distributed", of: Parameters<typeof limiting>[1]) => JSON.stringify(limiting(size, of).file(limits));
  expect(file("distributed", [platform])).toContain("}) / 3");
  expect(file("single", [platform])).not.toContain("/ 3");
  expect(limiting("single", [platform]).file({})).toMatchObject({ write: { default: { head_series_limit: 1 } } });
  for (const nobody of [[], [{ ...platform, state: "retired" as const }]]) {
    expect(limiting("single", nobody).isMeasured).toBe(false);
    expect(limiting("single", nobody).file(limits)).toEqual({
      write: { default: { request: { samples_limit: 1 } }, tenants: { prod: { request: { samples_limit: 2 } } } },
    });
  }
});
