import { parse } from "yaml";
import { schemaPeriods } from "../../components/observability/loki/schema";
import { reservedNames } from "../../model/names";
import { arrows } from "../../planning/network";
import { networkOf } from "../../planning/network-world";
import type { Recorded } from "../../planning/record";
import { distributedShape, partOf } from "./distributed-kit";
import { recordLoki } from "./loki-kit";
import { gatewayOf, matches, objects, s3, workloads, type Workload, admits } from "./observability-kit";

/** Loki in size distributed, as objects. That it runs is for test/stores/loki.test.ts. */
let resources: readonly Recorded[];
let all: Workload[];
beforeAll(async () => {
  resources = await recordLoki({ size: "distributed", storage: s3 });
  all = workloads(resources);
});
const named = (name: string) => all.find((one) => one.metadata.name === name)!;
const isMemcached = (one: Workload) => partOf(one).startsWith("memcached-");
const configOf = () => parse(objects(resources, "ConfigMap").find((one) => one.metadata.name === "loki-config")!.data["loki.yaml"]!) as Record<string, Record<string, unknown>>; // prettier-ignore

distributedShape("loki", ["ingester"], () => resources);

/** What was ever deployed. A period is appended here in the commit that appends it to the list; nothing else changes. */
const deployed = [{ from: "2024-04-01", store: "tsdb", schema: "v13", index: { prefix: "index_", period: "24h" } }];

test("periods of the index are only ever appended, in the order of their days", () => {
  expect(schemaPeriods.slice(0, deployed.length)).toEqual(deployed);
  const days = schemaPeriods.map(({ from }) => from);
  expect(days).toEqual([...new Set(days)].sort());
  expect(configOf()["schema_config"]).toEqual({ configs: schemaPeriods.map((period) => ({ ...period, object_store: "s3" })) });
});

test("folders that Loki itself keeps at the top of its bucket are no tenant's", () => {
  for (const name of ["index", "rules"]) expect(reservedNames).toContain(name);
});

test("pods come before tenants' own, get time to end, and no ingester is killed by a probe", () => {
  for (const one of all) {
    expect(one.template.spec.priorityClassName).toBe("tenantstack-shared");
    expect([partOf(one), "livenessProbe" in one.template.spec.containers[0]!]).toEqual([partOf(one), partOf(one) !== "ingester"]);
  }
  const grace = ["ingester-zone-a", "index-gateway", "ruler", "querier"].map(
    (name) => named(name).template.spec.terminationGracePeriodSeconds,
  );
  expect(grace).toEqual([300, 300, 300, 180]);
});

test("an ingester replays its log within half of its memory", () => {
  for (const zone of ["a", "b", "c"]) {
    const { args, resources: given } = named(`ingester-zone-${zone}`).template.spec.containers[0] as unknown as { args: string[]; resources: { limits: { memory: string } } }; // prettier-ignore
    expect(args).toContain(`-ingester.wal-replay-memory-ceiling=${Number.parseInt(given.limits.memory) / 2}MB`);
  }
});

test("what a compactor holds is kept, what an index gateway holds is not", () => {
  expect(named("compactor").spec.volumeClaimTemplates).toHaveLength(1);
  expect(named("compactor").spec.persistentVolumeClaimRetentionPolicy).toEqual({ whenDeleted: "Retain", whenScaled: "Retain" });
  expect(named("index-gateway").spec).not.toHaveProperty("volumeClaimTemplates");
  expect(JSON.stringify(named("index-gateway").template.spec.volumes)).toContain('"ephemeral"');
});

test("all read one configuration and the same runtime files, which it names, and differ by their arguments", () => {
  const own = all.filter((one) => !isMemcached(one));
  expect(new Set(own.map((one) => one.template.metadata.annotations["tenantstack.dev/config-hash"])).size).toBe(1);
  const files = objects(resources, "ConfigMap").filter((one) => one.metadata.name.startsWith("loki-limits")).flatMap((one) => Object.keys(one.data)); // prettier-ignore
  expect(configOf()["runtime_config"]!["file"]).toBe(files.map((file) => `/etc/loki-limits/${file}`).join(","));
  for (const { template } of own) {
    const [{ args, volumeMounts }] = template.spec.containers as unknown as [{ args: string[]; volumeMounts: { mountPath: string }[] }];
    expect(args.slice(0, 2)).toEqual(["-config.file=/etc/loki/loki.yaml", "-config.expand-env=true"]);
    expect(volumeMounts.map((one) => one.mountPath)).toEqual(expect.arrayContaining(["/etc/loki", "/etc/loki-limits"]));
  }
  const targets = own.map((one) => (one.template.spec.containers[0]!.args as string[]).slice(2).filter((arg) => !arg.startsWith("-ingester.")).join(" ")); // prettier-ignore
  expect([...new Set(targets)].sort()).toEqual(
    ["compactor,overrides-exporter", "distributor", "index-gateway", "ingester", "querier", "query-frontend", "query-scheduler", "ruler"]
      .map((target) => `-target=${target}`)
      .concat("-target=querier -querier.multi-tenant-queries-enabled=true -querier.scheduler-address=")
      .sort(),
  );
});

test("only what uses the bucket has its keys, and the account that workload identity knows", () => {
  const users = ["compactor", "index-gateway", "ingester", "querier", "query-operators", "ruler"];
  const withKeys = all.filter((one) => JSON.stringify(one.template.spec.containers[0]!.env ?? []).includes("AWS_SECRET_ACCESS_KEY"));
  const withIdentity = all.filter((one) => one.template.spec.serviceAccountName === "loki" && !isMemcached(one));
  expect([...new Set(withKeys.map(partOf))].sort()).toEqual(users);
  expect([...new Set(withIdentity.map(partOf))].sort()).toEqual(users);
});

test("Services name the pods that answer; rings find all their members, also before they are ready", () => {
  const services = objects(resources, "Service").map(({ metadata, spec }) => {
    const pods = all.filter((one) => matches(one.template.metadata.labels, spec.selector as never)).map(partOf);
    const kind = spec.clusterIP === "None" ? (spec.publishNotReadyAddresses === true ? "all pods" : "ready pods") : "one address";
    return `${metadata.name}: ${kind}: ${[...new Set(pods)].sort().join(" ")}`;
  });
  expect(services.filter((one) => !one.includes("-pods:")).sort()).toMatchInlineSnapshot(`
   [
     "compactor: one address: compactor",
     "distributor: one address: distributor",
     "gossip-ring: all pods: compactor distributor index-gateway ingester querier query-operators ruler",
     "memcached-chunks: ready pods: memcached-chunks",
     "memcached-results: ready pods: memcached-results",
     "querier: one address: querier",
     "query-frontend: one address: query-frontend",
     "query-scheduler: ready pods: query-scheduler",
     "ruler: one address: ruler",
   ]
  `);
});

test("gateways of tenants reach what the route table names, on the port of its API only", () => {
  const open = all.flatMap((one) =>
    [3100, 9095, 7946, 11211]
      .filter((port) => admits(resources, gatewayOf("prod"), { namespace: "loki", pod: one.template.metadata.labels }, port))
      .map((port) => `${partOf(one)}:${port}`),
  );
  expect(open.sort()).toEqual(["compactor:3100", "distributor:3100", "querier:3100", "query-frontend:3100", "ruler:3100"]);
});

test("who reaches whom inside, and nobody from elsewhere", () => {
  const inside = arrows(networkOf({ resources, outputs: {} })).filter((one) => one.to.id.startsWith("loki/"));
  const short = (id: string) => id.replace(/^loki\/|-zone-[abc]$/g, "");
  const gossips = inside.filter((one) => one.ports.includes("7946"));
  const members = ["compactor", "distributor", "index-gateway", "ingester", "querier", "query-operators", "ruler"];
  for (const end of ["from", "to"] as const) expect([...new Set(gossips.map((one) => short(one[end].id)))].sort()).toEqual(members);
  const others = inside.map(({ from, to, ports }) => ({ from, to, ports: ports.filter((port) => port !== "7946") }));
  const ways = others.filter((one) => one.ports.length > 0).map(({ from, to, ports }) => `${short(from.id)} -> ${short(to.id)}: ${ports.join(" ")}`); // prettier-ignore
  expect([...new Set(ways)].sort()).toMatchInlineSnapshot(`
   [
     "distributor -> ingester: 9095",
     "ingester -> memcached-chunks: 11211",
     "querier -> compactor: 9095",
     "querier -> index-gateway: 9095",
     "querier -> ingester: 9095",
     "querier -> memcached-chunks: 11211",
     "querier -> query-frontend: 9095",
     "querier -> query-scheduler: 9095",
     "query-frontend -> compactor: 9095",
     "query-frontend -> memcached-results: 11211",
     "query-frontend -> query-scheduler: 9095",
     "query-operators -> compactor: 9095",
     "query-operators -> index-gateway: 9095",
     "query-operators -> ingester: 9095",
     "query-operators -> memcached-chunks: 11211",
     "query-scheduler -> query-frontend: 9095",
     "ruler -> compactor: 9095",
     "ruler -> index-gateway: 9095",
     "ruler -> ingester: 9095",
     "ruler -> memcached-chunks: 11211",
     "ruler -> ruler: 9095",
   ]
  `);
});
