import { clusterAddresses } from "../../components/observability/addresses";
import { cortexConfig } from "../../components/observability/cortex/config";
import { queryArgs } from "../../components/observability/thanos/query-config";
import { renderGateway } from "../../components/tenant/gateway/render";
import { rewriteArgs, rewriteText, type Surroundings } from "../../embedded/pods/rewrite";
import { deployment, namesOf, service, statefulSet } from "./pods-kit";

/** Addresses: ingester-0..2 are .2 .3 .4 in cortex, store-0 and -1 are .5 .6 in thanos, distributor is .7, query .8. */
const names = namesOf({
  statefulSets: [
    statefulSet({ namespace: "cortex", name: "ingester", replicas: 3 }),
    statefulSet({ namespace: "thanos", name: "store", replicas: 2 }),
  ],
  deployments: [deployment({ namespace: "cortex", name: "distributor" }), deployment({ namespace: "thanos", name: "query" })],
  services: [
    service("cortex", "gossip", "ingester", { clusterIP: "None" }),
    service("cortex", "ingester", "ingester"),
    service("cortex", "distributor", "distributor", {
      ports: [
        { port: 80, targetPort: "http" },
        { port: 9095, targetPort: 9095 },
      ],
    }),
    service("cortex", "memcached", "memcached", { clusterIP: "None" }),
    service("thanos", "stores", "store", { clusterIP: "None" }),
    service("shop-tenant", "cortex-api", "gateway"),
    {
      metadata: { namespace: "shop-tenant", name: "alertmanager" },
      spec: { type: "ExternalName", externalName: "distributor.cortex.svc.cluster.local" },
    },
  ],
});
const at: Surroundings = { address: "127.1.2.99", namespace: "cortex", names, mounts: ["/etc/cortex", "/etc/cortex-limits", "/data"] };
const text = (of: string) => rewriteText(of, at);

describe("names", () => {
  test.each([
    ["url: http://ingester.cortex.svc:8080/x", "url: http://127.1.2.2:8080/x"],
    ["url: http://ingester.cortex.svc.cluster.local:8080", "url: http://127.1.2.2:8080"],
    ["url: http://distributor.cortex.svc:80/push", "url: http://127.1.2.7:8080/push"],
    ["address: distributor.cortex.svc", "address: 127.1.2.7"],
    ["url: http://distributor:9095, http://distributor.cortex:9095", "url: http://127.1.2.7:9095, http://127.1.2.7:9095"],
    ["peer: ingester-1.gossip.cortex.svc:9095", "peer: 127.1.2.3:9095"],
    ["am: http://alertmanager.shop-tenant.svc:80", "am: http://127.1.2.7:8080"],
    ["endpoint: s3.storage.svc:9000", "endpoint: 127.1.2.1:9000"],
    ["addresses: dns+memcached.cortex.svc:11211", "addresses: 127.1.2.254:11211"],
    ["scheduler: dns+gossip.cortex.svc:9095", "scheduler: 127.1.2.2:9095"],
    ["unknown: http://nobody.cortex.svc:8080", "unknown: http://nobody.cortex.svc:8080"],
    ["host: my-ingester.cortex.svc-like:8080", "host: my-ingester.cortex.svc-like:8080"],
    ["srv: _grpc._tcp.ingester.cortex.svc:1", "srv: _grpc._tcp.ingester.cortex.svc:1"],
    ["zone: cortex.shop.obs.localhost", "zone: cortex.shop.obs.localhost"],
  ])("%s", (written, wanted) => expect(text(written)).toBe(wanted));

  test("a domain of a virtual host is no address", () => {
    const domains = "domains:\n- cortex-api.shop-tenant.svc\n- cortex-api.shop-tenant.svc.cluster.local\n";
    expect(text(domains)).toBe(domains);
  });

  test("a list item with a headless Service comes once per pod, with all its lines; a Service with an address does not", () => {
    expect(text("join_members:\n- gossip.cortex.svc:7946\n- ingester.cortex.svc:1\nafter: 1\n")).toBe(
      "join_members:\n- 127.1.2.2:7946\n- 127.1.2.3:7946\n- 127.1.2.4:7946\n- 127.1.2.2:1\nafter: 1\n",
    );
    expect(text("endpoints:\n  - address: dns+stores.thanos.svc:10901\n    strict: true\nafter: 1\n")).toBe(
      "endpoints:\n  - address: 127.1.2.5:10901\n    strict: true\n  - address: 127.1.2.6:10901\n    strict: true\nafter: 1\n",
    );
  });

  test("a flag that may come several times does so; others take the first pod", () => {
    const args = ["--endpoint=dns+stores.thanos.svc:10901", "-memberlist.join=gossip.cortex.svc:7946", "--url=http://stores.thanos.svc:1"];
    expect(rewriteArgs(args, at)).toEqual([
      "--endpoint=127.1.2.5:10901",
      "--endpoint=127.1.2.6:10901",
      "-memberlist.join=127.1.2.2:7946",
      "-memberlist.join=127.1.2.3:7946",
      "-memberlist.join=127.1.2.4:7946",
      "--url=http://127.1.2.5:1",
    ]);
  });
});

describe("the pod itself", () => {
  test.each([
    ["address: 0.0.0.0", "address: 127.1.2.99"],
    ["url: http://127.0.0.1:8080/alertmanager", "url: http://127.1.2.99:8080/alertmanager"],
    ["url: http://localhost:8080", "url: http://127.1.2.99:8080"],
    ["cidr: 0.0.0.0/0", "cidr: 0.0.0.0/0"],
    ["range: 127.0.0.1/32", "range: 127.0.0.1/32"],
    ["- address_prefix: 0.0.0.0", "- address_prefix: 0.0.0.0"],
    ["version: 10.0.0.0 or 127.0.0.10", "version: 10.0.0.0 or 127.0.0.10"],
  ])("%s", (written, wanted) => expect(text(written)).toBe(wanted));

  test("flags that listen everywhere are moved", () => {
    const args = ["--http-address=0.0.0.0:10902", "--grpc-address=:10901", "--at=:1"];
    expect(rewriteArgs(args, at)).toEqual(["--http-address=127.1.2.99:10902", "--grpc-address=127.1.2.99:10901", "--at=:1"]);
  });
});

describe("mounted folders", () => {
  test.each([
    ["file: /etc/cortex-limits/overrides.yaml", "file: etc/cortex-limits/overrides.yaml"],
    ["file: /etc/cortex/cortex.yaml", "file: etc/cortex/cortex.yaml"],
    ["dir: /data", "dir: data"],
    ["dir: '/data'", "dir: 'data'"],
    ["other: /etc/cortexes/x, /database, /var/data", "other: /etc/cortexes/x, /database, /var/data"],
    ["url: http://x/data/y", "url: http://x/data/y"],
  ])("%s", (written, wanted) => expect(text(written)).toBe(wanted));
});

describe("what is really rendered", () => {
  const shared = clusterAddresses();

  test("Cortex: no address of every interface, no name of the cluster and no absolute path of a mount is left", () => {
    const rendered = cortexConfig({ size: "single", storage: { kind: "s3", insecure: true } });
    expect(rendered).toMatch(/127\.0\.0\.1/);
    const moved = text(rendered);
    expect(moved).not.toMatch(/0\.0\.0\.0|127\.0\.0\.1|\.svc\b|localhost|: \/(etc|data)/);
  });

  test("Thanos: the querier's stores are the addresses of both pods", () => {
    const args = rewriteArgs(queryArgs([{ host: "stores.thanos.svc", port: 10901 }], { kind: "header" }), at);
    const sd = args.find((arg) => arg.startsWith("--endpoint.sd-config="));
    expect(sd).toBe("--endpoint.sd-config=endpoints:\n- address: 127.1.2.5:10901\n- address: 127.1.2.6:10901\n");
    expect(args.join(" ")).not.toMatch(/0\.0\.0\.0|\.svc/);
  });

  test("the gateway: upstreams and listeners move, hosts and trusted ranges do not", () => {
    const input = {
      tenant: {
        name: "shop",
        storageId: "shop",
        metrics: "cortex",
        apis: ["metrics", "logs"],
        domain: undefined,
        revoked: [],
        state: "active",
      },
      stack: "dev",
      zone: "obs.localhost",
      shared: { ...shared, cortex: { ...shared.cortex, push: { host: "distributor.cortex.svc", port: 9095 } } },
      local: { grafana: { host: "grafana.shop-tenant.svc", port: 3000 }, collector: { host: "collector.shop-tenant.svc", port: 1 } },
      requests: { ingest: 1, query: 1, manage: 1, bodyBytes: 1 },
      queriesAtOnce: undefined,
      maxReplicas: 1,
      memoryBytes: 1 << 28,
      statement: "",
    } as const;
    const files = renderGateway({ ...input, tenant: { ...input.tenant, apis: [...input.tenant.apis], revoked: [] } }, '{"keys":[]}');
    const gateway: Surroundings = {
      ...at,
      namespace: "shop-tenant",
      mounts: ["/etc/gateway/config", "/etc/gateway/routes", "/etc/gateway/keys", "/etc/gateway/tls", "/run/gateway"],
    };
    expect(rewriteText(files.routes, gateway)).toBe(files.routes);
    expect(rewriteText(files.keys, gateway)).toBe(files.keys);
    expect(rewriteText(files.clusters, gateway)).toContain('{address: "127.1.2.7", ');
    const bootstrap = rewriteText(files.bootstrap, gateway);
    expect(bootstrap.match(/[{ ]address: "127\.1\.2\.99"/g)?.length).toBe(3);
    expect(bootstrap).toContain('address_prefix: "0.0.0.0"');
    expect(bootstrap).toContain('path: "run/gateway/admin.sock"');
    expect(bootstrap).not.toMatch(/: "?\/(etc|run)\//);
  });
});
