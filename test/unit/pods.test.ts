import fs from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { assign, ensurePlaces, podAddress, readPlaces, writePlaces } from "../../embedded/pods/addresses";
import { environment, expand } from "../../embedded/pods/env";
import { podsLayout } from "../../embedded/pods/layout";
import { MountedFolder } from "../../embedded/pods/mount";
import { planPods } from "../../embedded/pods/plan";
import { programOf } from "../../embedded/pods/programs";
import { listenersIn } from "../../embedded/pods/sockets";
import { refuseTakenPorts } from "../../embedded/pods/takenports";
import { localVolumes } from "../../embedded/pods/volumes";
import { podsProblem } from "../../embedded/pods";
import { privateFolder } from "../../embedded/supervise/files";
import { images } from "../../model/versions";
import { deployment, statefulSet, world } from "./pods-kit";

let dir: string;
beforeEach(() => (dir = fs.mkdtempSync(path.join(os.tmpdir(), "tenantstack-pods-"))));
afterEach(() => fs.rmSync(dir, { recursive: true, force: true }));

/** Addresses of a pod's own are Linux's alone. */
const onLinux = process.platform === "linux" ? test : test.skip;
const base64 = (text: string) => Buffer.from(text).toString("base64");

describe("plan", () => {
  test("a pod per replica, an autoscaler's minimum counts, what no program runs is left out", () => {
    const grafana = [{ name: "grafana", image: images.grafana }];
    const two = [
      { name: "cortex", image: images.cortex },
      { name: "operators", image: images.cortex },
      { name: "exporter", image: "example.com/exporter:1" },
    ];
    const plan = planPods(
      world({
        statefulSets: [
          statefulSet({ namespace: "cortex", name: "ingester-zone-a", replicas: 2, claims: ["data"] }),
          statefulSet({ namespace: "cortex", name: "cortex", containers: two }),
        ],
        deployments: [
          deployment({ namespace: "shop-tenant", name: "gateway" }),
          deployment({ namespace: "shop-tenant", name: "grafana", containers: grafana }),
          deployment({ namespace: "shop-tenant", name: "none", replicas: 0 }),
        ],
        autoscalers: [
          {
            metadata: { namespace: "shop-tenant", name: "gateway" },
            spec: { scaleTargetRef: { kind: "Deployment", name: "gateway" }, minReplicas: 2, maxReplicas: 4 },
          },
        ],
      }),
    );
    expect(plan.pods.flatMap((pod) => pod.containers.map(({ name }) => name))).toEqual([
      "cortex/ingester-zone-a-0",
      "cortex/ingester-zone-a-1",
      "cortex/cortex-0/cortex",
      "cortex/cortex-0/operators",
      "shop-tenant/gateway-0",
      "shop-tenant/gateway-1",
    ]);
    expect(plan.pods[1]?.claims).toEqual({ data: "data-ingester-zone-a-1" });
    expect(plan.leftOut).toEqual(["exporter", "grafana"]);
  });

  test("programs stand for the exact images of model/versions.ts, and move what no text names", () => {
    expect([programOf(images.envoy)?.tool, programOf("docker.io/grafana/loki:0.0.1"), programOf(undefined)]).toEqual([
      "envoy",
      undefined,
      undefined,
    ]);
    const extra = (image: string, args: string[], text = "") => programOf(image)?.extra({ address: "127.1.2.3", args, text }) ?? [];
    expect(extra(images.cortex, [])).toEqual(
      expect.arrayContaining([
        "-server.http-listen-address=127.1.2.3",
        "-memberlist.advertise-addr=127.1.2.3",
        "-querier.store-gateway-addresses=127.1.2.3:9095",
      ]),
    );
    const querier = extra(images.cortex, ["-target=querier"], "target: all\n");
    expect(querier.filter((flag) => /frontend-address|store-gateway-addresses/.test(flag))).toEqual([]);
    const moved = (text: string) => programOf(images.loki)?.text?.(text, "127.1.2.3");
    expect(moved("memberlist:\n  bind_port: 7946\n")).toBe("memberlist:\n  bind_addr: [127.1.2.3]\n  bind_port: 7946\n");
    expect(moved("memberlist:\n  bind_addr: [127.9.9.9]\n")).toBe("memberlist:\n  bind_addr: [127.9.9.9]\n");
    expect(extra(images.thanos, ["query", "--http-address=127.1.2.3:10902"])).toEqual(["--grpc-address=127.1.2.3:10901"]);
    expect(extra(images.thanos, ["compact"])).toEqual(["--http-address=127.1.2.3:10902"]);
  });

  test("systems without a loopback network of their own are told why nothing runs", () => {
    expect(podsProblem("linux")).toBeUndefined();
    expect(podsProblem("darwin")).toMatch(/Linux only.*--objects-only/);
  });
});

describe("environment", () => {
  const pod = {
    namespace: "cortex",
    name: "cortex-0",
    template: { metadata: { labels: { zone: "a" } }, spec: { serviceAccountName: "cortex", containers: [] } },
  };
  const objects = world({
    configMaps: new Map([["cortex/settings", { data: { host: "x.cortex.svc" } }]]),
    secrets: new Map([["cortex/keys", { data: { id: base64("x.cortex.svc") } }]]),
  });
  const of = { world: objects, pod, address: "127.1.2.3", rewrite: (text: string) => text.replace("x.cortex.svc", "127.1.2.9") };
  const env = (...list: { name: string; value?: string; valueFrom?: object }[]) =>
    environment({ name: "main", env: list, resources: { limits: { memory: "2Gi", cpu: "1500m" } } }, of);

  test("values, fields, resources, keys; texts are rewritten, secrets are not", () => {
    expect(
      env(
        { name: "PLAIN", value: "http://x.cortex.svc" },
        { name: "AGAIN", value: "$(PLAIN)/$$(PLAIN)/$(NONE)" },
        { name: "NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
        { name: "IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
        { name: "ZONE", valueFrom: { fieldRef: { fieldPath: "metadata.labels['zone']" } } },
        { name: "MEMORY", valueFrom: { resourceFieldRef: { resource: "limits.memory", divisor: "1Mi" } } },
        { name: "CORES", valueFrom: { resourceFieldRef: { resource: "limits.cpu" } } },
        { name: "HOST", valueFrom: { configMapKeyRef: { name: "settings", key: "host" } } },
        { name: "KEY", valueFrom: { secretKeyRef: { name: "keys", key: "id" } } },
        { name: "MAYBE", valueFrom: { secretKeyRef: { name: "none", key: "id", optional: true } } },
      ),
    ).toEqual({
      PLAIN: "http://127.1.2.9",
      AGAIN: "http://127.1.2.9/$(PLAIN)/$(NONE)",
      NAME: "cortex-0",
      IP: "127.1.2.3",
      ZONE: "a",
      MEMORY: "2048",
      CORES: "2",
      HOST: "127.1.2.9",
      KEY: "x.cortex.svc",
    });
    expect(environment({ name: "main", envFrom: [{ secretRef: { name: "keys" }, prefix: "K_" }] }, of)).toEqual({ K_id: "x.cortex.svc" });
  });

  test("what is missing is an error that names pod, variable and object", () => {
    expect(() => env({ name: "KEY", valueFrom: { secretKeyRef: { name: "keys", key: "none" } } })).toThrow(
      "cortex/cortex-0, container main, env KEY: there is no keys (key none) in namespace cortex.",
    );
    expect(() => env({ name: "X", valueFrom: { fieldRef: { fieldPath: "metadata.uid" } } })).toThrow(/fieldRef metadata\.uid/);
  });

  test("expansion knows only its variables, none of the prototype's", () => {
    expect(expand("$(constructor) $(A)", { A: "1" })).toBe("$(constructor) 1");
  });
});

describe("volumes", () => {
  const objects = world({
    configMaps: new Map([["cortex/files", { data: { "a.yaml": "at x", "b.yaml": "b" }, binaryData: { bin: base64("\u0000") } }]]),
    secrets: new Map([["cortex/tls", { data: { "tls.key": base64("at x") } }]]),
  });
  const volumes = (list: { name: string }[]) =>
    localVolumes({
      world: objects,
      pod: {
        namespace: "cortex",
        key: "cortex/cortex-0",
        template: { spec: { containers: [], volumes: list } },
        claims: { data: "data-cortex-0" },
      },
      rewrite: (text) => text.replace("x", "y"),
    });

  test("ConfigMaps are rewritten, Secrets are not; claims, scratch and projections", () => {
    const projected = {
      sources: [{ configMap: { name: "files", items: [{ key: "a.yaml", path: "sub/a.yaml" }] } }, { secret: { name: "tls" } }],
    };
    const list = [
      { name: "all", configMap: { name: "files" } },
      { name: "both", projected },
      { name: "none", secret: { secretName: "gone", optional: true } },
      { name: "tmp", emptyDir: {} },
      { name: "work", ephemeral: { volumeClaimTemplate: { spec: {} } } },
      { name: "pvc", persistentVolumeClaim: { claimName: "grafana-data" } },
    ];
    expect(volumes(list)).toEqual({
      all: { kind: "files", files: { "a.yaml": "at y", "b.yaml": "b", bin: Buffer.from("\u0000") } },
      both: { kind: "files", files: { "sub/a.yaml": "at y", "tls.key": Buffer.from("at x") } },
      none: { kind: "files", files: {} },
      tmp: { kind: "scratch" },
      work: { kind: "scratch" },
      pvc: { kind: "claim", claim: "grafana-data" },
      data: { kind: "claim", claim: "data-cortex-0" },
    });
  });

  test("what is missing, and what this machine cannot give, is said", () => {
    expect(() => volumes([{ name: "t", secret: { secretName: "gone" } } as { name: string }])).toThrow(
      "cortex/cortex-0, volume t: there is no Secret gone in namespace cortex",
    );
    expect(() => volumes([{ name: "h", hostPath: { path: "/" } } as { name: string }])).toThrow(/cannot give a volume of kind hostPath/);
  });
});

describe("a mounted folder", () => {
  const names = () => fs.readdirSync(dir).filter((name) => !name.startsWith("..v"));

  test("swaps its whole content in one rename, follows links, keeps nothing old, and is private", () => {
    const folder = new MountedFolder(dir);
    expect(folder.publish({ "a.yaml": "1", "sub/b.yaml": "2" })).toBe("changed");
    const first = fs.readlinkSync(path.join(dir, "..data"));
    expect(fs.readFileSync(path.join(dir, "sub", "b.yaml"), "utf8")).toBe("2");
    expect(fs.readlinkSync(path.join(dir, "a.yaml"))).toBe("..data/a.yaml");
    expect(fs.statSync(path.join(dir, "a.yaml")).mode & 0o777).toBe(0o600);
    expect(new MountedFolder(dir).publish({ "sub/b.yaml": "2", "a.yaml": "1" })).toBe("same");
    expect(fs.readlinkSync(path.join(dir, "..data"))).toBe(first);
    expect(folder.publish({ "c.yaml": "3" })).toBe("changed");
    expect(names().sort()).toEqual(["..data", "c.yaml"]);
    expect(fs.readdirSync(dir)).toHaveLength(3);
    expect(fs.existsSync(path.join(dir, first))).toBe(false);
  });
});

describe("addresses", () => {
  const layout = () => {
    const places = podsLayout(dir);
    privateFolder(path.dirname(places.state));
    return places;
  };

  test("a block of 127.0.0.0/8 that stays; a damaged file gives a new one", () => {
    const places = ensurePlaces(layout(), false, () => undefined);
    expect(places.block).toMatch(/^127\.([1-9]\d{0,2})\.\d{1,3}$/);
    expect(ensurePlaces(layout(), false, () => undefined)).toEqual(places);
    fs.writeFileSync(layout().state, "{");
    expect(readPlaces(layout())).toBeUndefined();
    expect(ensurePlaces(layout(), true, () => undefined).block).toMatch(/^127\./);
  });

  onLinux("a block in which a stranger listens is left for another, and that is said; our own listeners are none", async () => {
    const places = ensurePlaces(layout(), false, () => undefined);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen({ host: `${places.block}.7`, port: 0 }, resolve));
    const moved: string[] = [];
    expect(ensurePlaces(layout(), true, (block) => moved.push(block)).block).toBe(places.block);
    const now = ensurePlaces(layout(), false, (block) => moved.push(block));
    await new Promise((resolve) => server.close(resolve));
    expect(now.block).not.toBe(places.block);
    expect(moved).toEqual([now.block]);
  });

  test("pods keep theirs, new ones get what is free, those that went give theirs back, and there is an end", () => {
    const first = writePlaces(layout(), assign({ block: "127.1.2", hosts: {} }, ["a/0", "b/0", "c/0"]));
    expect(first.hosts).toEqual({ "a/0": 2, "b/0": 3, "c/0": 4 });
    const next = assign(first, ["d/0", "c/0", "a/0"]);
    expect(next.hosts).toEqual({ "a/0": 2, "c/0": 4, "d/0": 3 });
    expect(podAddress(next, "d/0")).toBe("127.1.2.3");
    const many = Array.from({ length: 253 }, (_, n) => `p/${n}`);
    expect(() => assign(first, many)).toThrow(/253 pods are to run here, and a state folder has addresses for 252/);
    expect(Object.keys(assign(first, many.slice(1)).hosts)).toHaveLength(252);
  });
});

test("listeners of /proc/net: TCP that listens and UDP that is bound, not what is connected", () => {
  const head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
  const line = (local: string, remote: string, state: string, inode: number) =>
    `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0000 100 0 0 10 0\n`;
  const tcp =
    head +
    line("0409117F:1F90", "00000000:0000", "0A", 11) +
    line("0409117F:1F90", "0409117F:8000", "01", 12) +
    line("00000000:1F90", "00000000:0000", "07", 16);
  expect(listenersIn("tcp", tcp)).toEqual([{ protocol: "tcp", address: "127.17.9.4", port: 8080, inode: "11" }]);
  const six = head + line("00000000000000000000000000000000:1F90", "00000000000000000000000000000000:0000", "0A", 13);
  expect(listenersIn("tcp", six)[0]?.address).toBe("0".repeat(32));
  const udp = head + line("00000000:1F0A", "00000000:0000", "07", 14) + line("0100007F:1F0A", "0100007F:0035", "01", 15);
  expect(listenersIn("udp", udp).map(({ inode }) => inode)).toEqual(["14"]);
});

onLinux(
  "a port that another program has on all addresses is refused before anything starts, naming the program and who wants it",
  async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen({ host: "0.0.0.0", port: 0 }, resolve));
    const { port } = server.address() as AddressInfo;
    const wanted = { address: "127.9.9.9", ports: [port] };
    const refused = refuseTakenPorts([
      { name: "cortex/cortex-0", ...wanted },
      { name: "loki/loki-0", ...wanted },
      { name: "thanos/query-0", address: "127.9.9.9", ports: [] },
    ]);
    await expect(refused).rejects.toThrow(
      new RegExp(`  ${port}: held by \\S+ \\(process ${process.pid}\\); wanted by cortex/cortex-0, loki/loki-0\\n.*--objects-only`),
    );
    await new Promise((resolve) => server.close(resolve));
    await expect(refuseTakenPorts([{ name: "cortex/cortex-0", ...wanted }])).resolves.toBeUndefined();
  },
);
