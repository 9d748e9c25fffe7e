import fs from "node:fs";
import path from "node:path";
import { arrows, arrowText, type Actor, type Arrow, type Network } from "../../planning/network";
import { scenes, type Scene } from "../../planning/network-examples";
import { inventoryPage } from "../../planning/inventory";
import { networkPage } from "../../planning/network-page";
import { isolating, type Policy, type Rule } from "../../planning/network-policy";
import { design, others, ours, sharedOf, tenants } from "./network-design";

/** Who reaches whom, over the policies that the whole program declares, held against the list that the design draws. */
let found: readonly Scene[];
let networks: ReadonlyMap<Scene["name"], Network>;
let lists: ReadonlyMap<Scene["name"], readonly Arrow[]>;
const names = ["edge: none", "edge: gateway-api", "blocks in S3", "distributed"] as const;
beforeAll(async () => {
  found = await scenes();
  networks = new Map(found.map((s) => [s.name, s.network]));
  lists = new Map([...networks].map(([name, network]) => [name, arrows(network)]));
});
const drawn = (name: Scene["name"]) => lists.get(name) ?? [];
const texts = (network: Network, at: Actor) => arrows(network, at).map(arrowText).join("\n");

test.each(names)("%s: the open ways are those that the design draws", (scene) => {
  expect(drawn(scene).map(arrowText).sort()).toEqual(design(scene));
});

describe.each(names)("%s", (scene) => {
  const into = (id: string) => drawn(scene).filter((a) => a.to.id === id);
  const sources = (id: string) => into(id).map((a) => a.from.id);

  test("no pod of a tenant reaches a pod of another, but for gateways and the platform's Prometheus", () => {
    const crossing = drawn(scene).filter((a) => a.from.kind === "pod" && a.from.tenant && a.to.tenant && a.to.kind === "pod" && a.from.tenant !== a.to.tenant); // prettier-ignore
    const scrapes = others("system").map((t) => `system-tenant/prometheus -> ${t}-tenant/gateway: 9902`);
    const asked = others("system").map((t) => `${t}-tenant/gateway -> system-tenant/prometheus: 9090`);
    expect(crossing.map(arrowText).sort()).toEqual([...scrapes, ...asked].sort());
  });

  test("nobody but gateways, the systems themselves and the platform's Prometheus reaches Cortex, Loki and Thanos", () => {
    const shared = drawn(scene).filter((a) => /^(cortex|loki|thanos)\//.test(a.to.id));
    expect(shared.length).toBeGreaterThan(10);
    for (const a of shared) expect([arrowText(a), a.from.id]).toEqual([arrowText(a), expect.stringMatching(/^((cortex|loki|thanos)\/(?!stray)|[a-z]+-tenant\/gateway$|system-tenant\/prometheus$)/)]); // prettier-ignore
  });

  test("only a system's own parts speak gRPC to one another", () => {
    const grpc = drawn(scene).filter((a) => a.to.kind === "pod" && a.ports.some((p) => ["10901", "9095", "any"].includes(p)));
    for (const a of grpc) {
      expect(`${a.from.id} -> ${a.to.id}`).toMatch(sharedOf(scene).grpc);
      expect(a.from.namespace?.name).toBe(a.to.namespace?.name);
    }
    expect(grpc.length).toBeGreaterThan(2);
  });

  test("no tenant reaches the operators' querier; a dedicated one is reached by its tenant's gateway only", () => {
    expect(sources("thanos/query-operators")).toEqual(sharedOf(scene).operatorsQuerier);
    expect(sources("thanos/dedicated-gamma-frontend")).toEqual(["gamma-tenant/gateway"]);
    expect(sources("thanos/dedicated-gamma-query")).toEqual(["thanos/dedicated-gamma-frontend"]);
    expect(sources("thanos/query").sort()).toEqual(["system-tenant/prometheus", "thanos/query-frontend"]);
  });

  test("Grafana and the collector are reached by their gateway only, the platform's Prometheus by who enforces limits of series and by gateways", () => {
    const askPlatform = [...others("system").map((t) => `${t}-tenant/gateway`), ...sharedOf(scene).series].sort();
    for (const t of tenants) {
      expect(sources(`${t}-tenant/grafana`)).toEqual([`${t}-tenant/gateway`]);
      expect(sources(`${t}-tenant/prometheus`)).toEqual(t === "system" ? askPlatform : [`${t}-tenant/gateway`]);
    }
  });

  test("labels forged in another namespace open no way that a pod without labels does not have", () => {
    const targets = (id: string) => drawn(scene).filter((a) => a.from.id === id).map((a) => `${a.to.id}: ${a.ports.join(" ")}`); // prettier-ignore
    for (const id of [...ours(scene), "cluster DNS"]) expect([id, targets(`forged ${id}`)]).toEqual([id, targets("any other pod")]);
    if (scene !== "edge: none") expect(targets("any other pod")).toEqual([]);
  });

  test("cloud metadata is reached by nobody, credentials by those that have a bucket", () => {
    expect(sources("cloud metadata")).toEqual([]);
    expect(sources("workload identity").sort()).toEqual([...sharedOf(scene).bucketOwners].sort());
  });

  test("a pod that is no part of anything reaches DNS only, and is reached by nobody", () => {
    for (const a of drawn(scene)) {
      if (a.from.kind === "stray") expect(arrowText(a)).toContain("-> cluster DNS: 53 53/UDP");
      expect(a.to.kind).not.toBe("stray");
    }
  });
});

test("the pages are what `npm run generate` makes", () => {
  const page = (name: string) => fs.readFileSync(path.join(__dirname, "../../docs", name), "utf8");
  expect(page("network.md")).toBe(networkPage(found));
  expect(page("inventory.md")).toBe(inventoryPage(found));
});

type Side = "ingress" | "egress";
interface Mutation {
  readonly what: string;
  readonly policy: Policy;
  readonly network: Network;
}

const replaced = (network: Network, old: Policy, now: Policy[]): Network => ({
  ...network,
  policies: network.policies.flatMap((p) => (p === old ? now : [p])),
});

/** Each rule made wider twice: for everyone, and for the same pods in any namespace. Wider ports are held by the other end. */
function widened(network: Network, policy: Policy, side: Side): Mutation[] {
  const key = side === "ingress" ? "from" : "to";
  const ways: Readonly<Record<string, (rule: Rule) => Rule | undefined>> = {
    everyone: (rule) => ((rule[key] ?? []).length === 0 ? undefined : { ...rule, [key]: [] }),
    "any namespace": (rule) => {
      if (!rule[key]?.some((peer) => peer.podSelector)) return undefined;
      return { ...rule, [key]: rule[key].map((peer) => ({ ...peer, namespaceSelector: {} })) };
    },
  };
  return (policy.spec[side] ?? []).flatMap((rule, at) =>
    Object.entries(ways).flatMap(([way, change]) => {
      const wide = change(rule);
      if (wide === undefined) return [];
      const rules = (policy.spec[side] ?? []).map((r) => (r === rule ? wide : r));
      const what = `${policy.namespace}/${policy.name} ${side} ${at} for ${way}`;
      return [{ what, policy, network: replaced(network, policy, [{ ...policy, spec: { ...policy.spec, [side]: rules } }]) }];
    }),
  );
}

/** Whether a way of a pod that the policy is about is open in one of both networks and not, or on other ports, in the other. */
function shows({ network }: Mutation, policy: Policy, before: Network): boolean {
  const about = before.actors.filter(
    (actor) => [...isolating([policy], actor, "Ingress"), ...isolating([policy], actor, "Egress")].length > 0,
  );
  return about.some((actor) => texts(network, actor) !== texts(before, actor));
}

test.each(["blocks in S3", "distributed"] as const)("%s: a policy that is missing or a rule that is wider shows in the list", (scene) => {
  const network = networks.get(scene)!;
  // Tenants' policies are the same in every size.
  const policies = network.policies.filter((policy) => scene !== "distributed" || !policy.namespace.endsWith("-tenant"));
  const mutations = policies.flatMap((policy) => [
    { what: `without ${policy.namespace}/${policy.name}`, policy, network: replaced(network, policy, []) },
    ...(["ingress", "egress"] as const).flatMap((side) => widened(network, policy, side)),
  ]);
  expect(mutations.filter((m) => !shows(m, m.policy, network)).map((m) => m.what)).toEqual([]);
  expect(mutations.length).toBeGreaterThan(100);
});
