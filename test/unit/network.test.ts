import fs from "node:fs";
import path from "node:path";
import { arrows, arrowText, type Arrow, type Network } from "../../planning/network";
import { scenes, type Scene } from "../../planning/network-examples";
import { networkPage } from "../../planning/network-page";
import type { Policy, Rule } from "../../planning/network-policy";

/** Who reaches whom, over the policies that the whole program declares, held against the list that the design draws. */
let found: readonly Scene[];
let networks: ReadonlyMap<Scene["name"], Network>;
let lists: ReadonlyMap<Scene["name"], readonly Arrow[]>;
const names = ["edge: none", "edge: gateway-api", "blocks in S3"] as const;
beforeAll(async () => {
  found = await scenes();
  networks = new Map(found.map((s) => [s.name, s.network]));
  lists = new Map([...networks].map(([name, network]) => [name, arrows(network)]));
});
const drawn = (name: Scene["name"]) => lists.get(name) ?? [];
const texts = (network: Network) => arrows(network).map(arrowText);

const tenants = ["alpha", "beta", "gamma", "system"];
const parts = ["gateway", "grafana", "prometheus"];
const others = (t: string) => tenants.filter((x) => x !== t);

/** Of the classes of `beta` and `gamma`, and of all others. */
const compactors = ["compactor-30d", "compactor-default"];

const collector = "platform-logs/log-collector";

function ours(scene: Scene["name"]): string[] {
  const thanos = ["receive", "query", "query-frontend", "query-operators", "dedicated-gamma-frontend", "dedicated-gamma-query"];
  if (scene === "blocks in S3") thanos.push("store", ...compactors);
  return [
    ...tenants.flatMap((t) => parts.map((p) => `${t}-tenant/${p}`)),
    "cortex/cortex",
    "loki/loki",
    collector,
    ...thanos.map((p) => `thanos/${p}`),
  ];
}

/** Pods that the program does not declare, wherever; DNS aside. */
function foreign(scene: Scene["name"]): string[] {
  const proxies = scene === "edge: none" ? [] : ["edge proxies"];
  const copied = [...ours(scene), ...proxies, "cluster DNS"].map((id) => `forged ${id}`);
  return ["any other pod", ...proxies, ...copied, ...tenants.map((t) => `applications of ${t}`)];
}

const from = (a: string, to: Readonly<Record<string, string>>) => Object.entries(to).map(([b, ports]) => `${a} -> ${b}: ${ports}`);
const each = (ids: readonly string[], ports: string) => Object.fromEntries(ids.map((id) => [id, ports]));

/** What the design draws, role by role. */
function design(scene: Scene["name"]): string[] {
  const namespaces = [...tenants.map((t) => `${t}-tenant`), "cortex", "loki", "thanos", "platform-logs"];
  const s3 = scene === "blocks in S3";
  const bucket = { internet: "443", "workload identity": "80" };
  const stores = { "thanos/receive": "10901", ...(s3 && { "thanos/store": "10901" }) };
  return [
    ...[...ours(scene), ...namespaces.map((n) => `${n}/stray`)].flatMap((id) => from(id, { "cluster DNS": "53 53/UDP" })),
    ...tenants.flatMap((t) => tenantDesign(t, scene)),
    ...from("cortex/cortex", { internet: "443 465 587", ...(s3 && { "workload identity": "80" }) }),
    ...from(collector, { "system-tenant/gateway": "8443" }),
    ...from("loki/loki", { "cortex/cortex": "8080", ...(s3 && bucket) }),
    ...from("thanos/receive", { "system-tenant/prometheus": "9090", ...(s3 && bucket) }),
    ...(s3 ? ["store", ...compactors].flatMap((part) => from(`thanos/${part}`, bucket)) : []),
    ...from("thanos/query-frontend", { "thanos/query": "10902" }),
    ...from("thanos/query", stores),
    ...from("thanos/query-operators", stores),
    ...from("thanos/dedicated-gamma-frontend", { "thanos/dedicated-gamma-query": "10902" }),
    ...from("thanos/dedicated-gamma-query", stores),
  ].sort();
}

/** What the platform's Prometheus reads metrics of besides its own gateway. */
function scraped(scene: Scene["name"]): Readonly<Record<string, string>> {
  const thanos = ["query", "query-frontend", "receive", ...(scene === "blocks in S3" ? ["store", ...compactors] : [])];
  return {
    ...each(
      others("system").map((t) => `${t}-tenant/gateway`),
      "9902",
    ),
    ...each(
      thanos.map((p) => `thanos/${p}`),
      "10902",
    ),
    "cortex/cortex": "8080",
    "loki/loki": "3100",
    [collector]: "8888",
  };
}

const metricsOf: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  alpha: { "cortex/cortex": "8080" },
  beta: { "thanos/receive": "19291", "thanos/query-frontend": "10902" },
  gamma: { "thanos/receive": "19291", "thanos/dedicated-gamma-frontend": "10902" },
  system: { "cortex/cortex": "8080" },
};

function tenantDesign(t: string, scene: Scene["name"]): string[] {
  const [gateway, grafana, prometheus] = parts.map((p) => `${t}-tenant/${p}`) as [string, string, string];
  const anywhere = [...foreign(scene), "cluster DNS", "internet", "private network", "cloud metadata", "workload identity"];
  const clients = scene === "edge: none" ? anywhere : ["edge proxies"];
  const datadog = t === "system" ? {} : { [prometheus]: "8126" };
  return [
    ...clients.flatMap((id) => from(id, { [gateway]: "8443" })),
    ...from(gateway, { [grafana]: "3000", ...datadog, "loki/loki": "3100", ...metricsOf[t] }),
    ...from(grafana, { [gateway]: "8443", ...(t === "alpha" && { internet: "443" }) }),
    ...from(prometheus, {
      // The API server, whose address nobody can know beforehand.
      ...each([...foreign(scene), "internet", "private network"], "443 6443"),
      [gateway]: "8443 9902",
      [`applications of ${t}`]: "any",
      ...(t === "system" && scraped(scene)),
    }),
  ];
}

test.each(names)("%s: the open ways are those that the design draws", (scene) => {
  expect(drawn(scene).map(arrowText).sort()).toEqual(design(scene));
});

describe.each(names)("%s", (scene) => {
  const into = (id: string) => drawn(scene).filter((a) => a.to.id === id);
  const sources = (id: string) => into(id).map((a) => a.from.id);

  test("no pod of a tenant reaches a pod of another, but for the platform's scrape of gateways' metrics", () => {
    const crossing = drawn(scene).filter((a) => a.from.kind === "pod" && a.from.tenant && a.to.tenant && a.to.kind === "pod" && a.from.tenant !== a.to.tenant); // prettier-ignore
    expect(crossing.map(arrowText)).toEqual(others("system").map((t) => `system-tenant/prometheus -> ${t}-tenant/gateway: 9902`));
  });

  test("nobody but gateways, the systems themselves and the platform's Prometheus reaches Cortex, Loki and Thanos", () => {
    const shared = drawn(scene).filter((a) => /^(cortex|loki|thanos)\//.test(a.to.id));
    expect(shared.length).toBeGreaterThan(10);
    for (const a of shared) expect([arrowText(a), a.from.id]).toEqual([arrowText(a), expect.stringMatching(/^((cortex|loki|thanos)\/(?!stray)|[a-z]+-tenant\/gateway$|system-tenant\/prometheus$)/)]); // prettier-ignore
  });

  test("only Thanos' own queriers speak StoreAPI, and nobody speaks gRPC to another", () => {
    const grpc = drawn(scene).filter((a) => a.to.kind === "pod" && a.ports.some((p) => ["10901", "9095", "any"].includes(p)));
    for (const a of grpc) {
      expect(a.from.id).toMatch(/^thanos\/(query|query-operators|dedicated-gamma-query)$/);
      expect(a.to.id).toMatch(/^thanos\/(receive|store)$/);
    }
    expect(grpc).toHaveLength(scene === "blocks in S3" ? 6 : 3);
  });

  test("nobody reaches the operators' querier; a dedicated one is reached by its tenant's gateway only", () => {
    expect(sources("thanos/query-operators")).toEqual([]);
    expect(sources("thanos/dedicated-gamma-frontend")).toEqual(["gamma-tenant/gateway"]);
    expect(sources("thanos/dedicated-gamma-query")).toEqual(["thanos/dedicated-gamma-frontend"]);
    expect(sources("thanos/query").sort()).toEqual(["system-tenant/prometheus", "thanos/query-frontend"]);
  });

  test("Grafana and the collector are reached by their gateway only, the platform's Prometheus by who enforces limits of series", () => {
    for (const t of tenants) {
      expect(sources(`${t}-tenant/grafana`)).toEqual([`${t}-tenant/gateway`]);
      expect(sources(`${t}-tenant/prometheus`)).toEqual(t === "system" ? ["thanos/receive"] : [`${t}-tenant/gateway`]);
    }
  });

  test("labels forged in another namespace open no way that a pod without labels does not have", () => {
    const targets = (id: string) => drawn(scene).filter((a) => a.from.id === id).map((a) => `${a.to.id}: ${a.ports.join(" ")}`); // prettier-ignore
    for (const id of [...ours(scene), "cluster DNS"]) expect([id, targets(`forged ${id}`)]).toEqual([id, targets("any other pod")]);
    if (scene !== "edge: none") expect(targets("any other pod")).toEqual([]);
  });

  test("cloud metadata is reached by nobody, credentials by those that have a bucket", () => {
    expect(sources("cloud metadata")).toEqual([]);
    const owners = ["cortex/cortex", "loki/loki", ...compactors.map((part) => `thanos/${part}`), "thanos/receive", "thanos/store"];
    expect(sources("workload identity")).toEqual(scene === "blocks in S3" ? owners : []);
  });

  test("a pod that is no part of anything reaches DNS only, and is reached by nobody", () => {
    for (const a of drawn(scene)) {
      if (a.from.kind === "stray") expect(arrowText(a)).toContain("-> cluster DNS: 53 53/UDP");
      expect(a.to.kind).not.toBe("stray");
    }
  });
});

test("the page is what `npm run generate` makes", () => {
  expect(fs.readFileSync(path.join(__dirname, "../../docs/network.md"), "utf8")).toBe(networkPage(found));
});

type Side = "ingress" | "egress";
interface Mutation {
  readonly what: string;
  readonly network: Network;
}

const replaced = (network: Network, old: Policy, now: Policy[]): Network => ({
  ...network,
  policies: network.policies.flatMap((p) => (p === old ? now : [p])),
});

function dropped(network: Network): Mutation[] {
  return network.policies.map((p) => ({ what: `without ${p.namespace}/${p.name}`, network: replaced(network, p, []) }));
}

/** Each rule made wider twice: for everyone, and for the same pods in any namespace. Wider ports are held by the other end. */
function widened(network: Network, side: Side): Mutation[] {
  const key = side === "ingress" ? "from" : "to";
  const ways: Readonly<Record<string, (rule: Rule) => Rule | undefined>> = {
    everyone: (rule) => ((rule[key] ?? []).length === 0 ? undefined : { ...rule, [key]: [] }),
    "any namespace": (rule) => {
      if (!rule[key]?.some((peer) => peer.podSelector)) return undefined;
      return { ...rule, [key]: rule[key].map((peer) => ({ ...peer, namespaceSelector: {} })) };
    },
  };
  return network.policies.flatMap((policy) =>
    (policy.spec[side] ?? []).flatMap((rule, at) =>
      Object.entries(ways).flatMap(([way, change]) => {
        const wide = change(rule);
        if (wide === undefined) return [];
        const rules = (policy.spec[side] ?? []).map((r) => (r === rule ? wide : r));
        const what = `${policy.namespace}/${policy.name} ${side} ${at} for ${way}`;
        return [{ what, network: replaced(network, policy, [{ ...policy, spec: { ...policy.spec, [side]: rules } }]) }];
      }),
    ),
  );
}

test("a policy that is missing or a rule that is wider shows in the list", () => {
  const network = networks.get("blocks in S3")!;
  const before = texts(network).join("\n");
  const mutations = [...dropped(network), ...widened(network, "ingress"), ...widened(network, "egress")];
  const unseen = mutations.filter((m) => texts(m.network).join("\n") === before).map((m) => m.what);
  expect(unseen).toEqual([]);
  expect(mutations.length).toBeGreaterThan(100);
});
