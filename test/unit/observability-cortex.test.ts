import { parse } from "yaml";
import { cortexConfig } from "../../components/observability/cortex/config";
import { arrows } from "../../planning/network";
import { networkOf } from "../../planning/network-world";
import type { Recorded } from "../../planning/record";
import { recordCortex } from "./cortex-kit";
import { distributedShape, partOf } from "./distributed-kit";
import { matches, objects, s3, workloads, type Workload } from "./observability-kit";

/** Cortex in size distributed, as objects. That it runs is for test/stores/cortex.test.ts. */
let resources: readonly Recorded[];
let all: Workload[];
beforeAll(async () => {
  resources = await recordCortex({ size: "distributed", storage: s3 });
  all = workloads(resources);
});

const named = (name: string) => all.find((one) => one.metadata.name === name)!;

distributedShape("cortex", ["ingester", "store-gateway", "alertmanager"], () => resources);

test("pods come before tenants' own, get time to end, and are not killed by a probe", () => {
  const grace = (name: string) => named(name).template.spec.terminationGracePeriodSeconds;
  for (const { template } of all) {
    expect(template.spec.priorityClassName).toBe("tenantstack-shared");
    const [main] = template.spec.containers;
    if (!String(main!.name).startsWith("memcached-")) expect(main).not.toHaveProperty("livenessProbe");
  }
  expect([grace("ingester-zone-a"), grace("store-gateway-zone-a"), grace("alertmanager-zone-a"), grace("compactor"), grace("ruler")]).toEqual(
    [1200, 120, 900, 900, 600],
  ); // prettier-ignore
});

test("all read one configuration and one runtime file, and differ by their arguments", () => {
  const own = all.filter((one) => !partOf(one).startsWith("memcached-"));
  const hashes = new Set(own.map((one) => one.template.metadata.annotations["tenantstack.dev/config-hash"]));
  expect(hashes.size).toBe(1);
  for (const { template } of own) {
    const [{ args, volumeMounts }] = template.spec.containers as unknown as [{ args: string[]; volumeMounts: { mountPath: string }[] }];
    expect(args.slice(0, 2)).toEqual(["-config.file=/etc/cortex/cortex.yaml", "-config.expand-env=true"]);
    expect(volumeMounts.map((one) => one.mountPath)).toEqual(expect.arrayContaining(["/etc/cortex", "/etc/cortex-limits"]));
  }
  const args = own.map((one) => (one.template.spec.containers[0]!.args as string[]).slice(2).join(" "));
  expect([...new Set(args)].sort()).toEqual(
    [
      ...["alertmanager", "compactor,purger", "distributor", "ingester", "overrides-exporter", "querier", "query-frontend"],
      ...["query-scheduler", "ruler", "store-gateway"],
    ]
      .map((target) => `-target=${target}`)
      .concat("-target=querier -tenant-federation.enabled=true -querier.scheduler-address=")
      .sort(),
  );
});

test("only what uses the bucket has its keys, and the account that workload identity knows", () => {
  const withKeys = all.filter((one) => JSON.stringify(one.template.spec.containers[0]!.env ?? []).includes("AWS_SECRET_ACCESS_KEY"));
  const withIdentity = all.filter((one) => one.template.spec.serviceAccountName === "cortex").map(partOf);
  const users = ["alertmanager", "compactor", "ingester", "querier", "query-operators", "ruler", "store-gateway"];
  expect([...new Set(withKeys.map(partOf))].sort()).toEqual(users);
  expect([...new Set(withIdentity)].filter((part) => !part.startsWith("memcached-")).sort()).toEqual(users);
});

test("Services name the pods that answer; rings find all their members, also before they are ready", () => {
  const services = objects(resources, "Service").map(({ metadata, spec }) => {
    const pods = all.filter((one) => matches(one.template.metadata.labels, spec.selector as never)).map(partOf);
    const kind = spec.clusterIP === "None" ? (spec.publishNotReadyAddresses === true ? "all pods" : "ready pods") : "one address";
    return `${metadata.name}: ${kind}: ${[...new Set(pods)].sort().join(" ")}`;
  });
  expect(services.filter((one) => !one.includes("-pods:")).sort()).toMatchInlineSnapshot(`
   [
     "alertmanager: one address: alertmanager",
     "distributor: one address: distributor",
     "gossip-ring: all pods: alertmanager compactor distributor ingester querier query-operators ruler store-gateway",
     "memcached-blocks: ready pods: memcached-blocks",
     "memcached-results: ready pods: memcached-results",
     "query-frontend: one address: query-frontend",
     "query-scheduler: ready pods: query-scheduler",
     "ruler: one address: ruler",
   ]
  `);
});

test("who reaches whom inside, and nobody from elsewhere", () => {
  const inside = arrows(networkOf({ resources, outputs: {} })).filter((one) => one.to.id.startsWith("cortex/"));
  const short = (id: string) => id.replace(/^cortex\/|-zone-[abc]$/g, "");
  const gossips = inside.filter((one) => one.ports.includes("7946"));
  const members = ["alertmanager", "compactor", "distributor", "ingester", "querier", "query-operators", "ruler", "store-gateway"];
  for (const end of ["from", "to"] as const) expect([...new Set(gossips.map((one) => short(one[end].id)))].sort()).toEqual(members);
  const others = inside.map(({ from, to, ports }) => ({ from, to, ports: ports.filter((port) => port !== "7946") }));
  const ways = others.filter((one) => one.ports.length > 0).map(({ from, to, ports }) => `${short(from.id)} -> ${short(to.id)}: ${ports.join(" ")}`); // prettier-ignore
  expect([...new Set(ways)].sort()).toMatchInlineSnapshot(`
   [
     "alertmanager -> alertmanager: 9095",
     "distributor -> ingester: 9095",
     "querier -> ingester: 9095",
     "querier -> memcached-blocks: 11211",
     "querier -> query-frontend: 9095",
     "querier -> query-scheduler: 9095",
     "querier -> store-gateway: 9095",
     "query-frontend -> memcached-results: 11211",
     "query-frontend -> query-scheduler: 9095",
     "query-operators -> ingester: 9095",
     "query-operators -> memcached-blocks: 11211",
     "query-operators -> store-gateway: 9095",
     "query-scheduler -> query-frontend: 9095",
     "ruler -> alertmanager: 8080",
     "ruler -> ingester: 9095",
     "ruler -> memcached-blocks: 11211",
     "ruler -> ruler: 9095",
     "ruler -> store-gateway: 9095",
     "store-gateway -> memcached-blocks: 11211",
   ]
  `);
});

describe("the configuration", () => {
  const caches = { blocks: { host: "blocks", port: 1 }, results: { host: "results", port: 2 } };
  const storage = { kind: "s3", insecure: false } as const;
  const read = (readSharding?: boolean) =>
    parse(cortexConfig({ size: "distributed", storage, caches, ...(readSharding !== undefined && { readSharding }) })) as never;
  const hours = (text: string) => Number(/^(\d+)h$/.exec(text)?.[1]);

  test("keeps three copies in three zones, also through restarts", () => {
    const zoned = { zone_awareness_enabled: true, replication_factor: 3 };
    const ring = { kvstore: { store: "memberlist" } };
    expect(read()).toMatchObject({
      memberlist: { abort_if_cluster_join_fails: false },
      distributor: { extend_writes: false, ring },
      ingester: { lifecycler: { unregister_on_shutdown: false, tokens_file_path: "/data/tokens", ring: { ...ring, ...zoned } } },
      store_gateway: { sharding_ring: { ...ring, ...zoned, keep_instance_in_the_ring_on_shutdown: true } },
      alertmanager: { sharding_ring: { ...ring, ...zoned, keep_instance_in_the_ring_on_shutdown: true } },
    });
  });

  test("asks ingesters for no less than what blocks are not asked for, and they keep it", () => {
    interface Times {
      readonly querier: Readonly<Record<string, string>>;
      readonly blocks_storage: { readonly tsdb: Readonly<Record<string, string>> };
    }
    const { querier, blocks_storage } = read() as Times;
    const [after, within] = [hours(querier.query_store_after!), hours(querier.query_ingesters_within!)];
    expect(within).toBeGreaterThan(after);
    expect(hours(blocks_storage.tsdb.retention_period!)).toBeGreaterThanOrEqual(within);
    expect(hours(blocks_storage.tsdb.close_idle_tsdb_timeout!)).toBeGreaterThanOrEqual(within);
    expect(hours(querier.shuffle_sharding_ingesters_lookback_period!)).toBeGreaterThanOrEqual(within);
    expect((read(false) as Times).querier.shuffle_sharding_ingesters_lookback_period).toBe("0s");
  });

  test.each(["single", "distributed"] as const)(
    "%s leaves nobody but operators across tenants, and Alertmanagers out of private networks",
    (size) => {
      const text = cortexConfig(size === "single" ? { size, storage } : { size, storage, caches });
      expect(parse(text)).toMatchObject({
        auth_enabled: true,
        tenant_federation: { enabled: false },
        limits: { alertmanager_receivers_firewall_block_private_addresses: true },
      });
    },
  );
});
