import { logsNamespace, platformTenant, tenantNamespace } from "../model/names";
import { arrows, type Actor } from "./network";
import type { Scene } from "./network-examples";
import { reasons, role, type Reasons } from "./network-reasons";
import { outside } from "./network-world";

/** Copies in zones and compactors of classes of retention are one part. */
function partOf(id: string): { system: string; part: string } | undefined {
  const [, system = "", name = ""] = /^(cortex|loki|thanos)\/(.*)$/.exec(id) ?? [];
  if (system === "") return undefined;
  const part = name.replace(/-zone-[abc]$/, "").replace(/^compactor-.*$/, "compactor");
  return { system: `${system[0]?.toUpperCase()}${system.slice(1)}`, part };
}

const tenantRoles: readonly (readonly [RegExp, string])[] = [
  [/-tenant\/gateway$/, role.gateway],
  [/-tenant\/grafana$/, role.grafana],
  [/-tenant\/prometheus$/, role.prometheus],
  [/^thanos\/dedicated-.*-frontend$/, role.frontend],
  [/^thanos\/dedicated-.*-query$/, role.query],
];

/** Of what no tenant owns; size single runs Cortex and Loki as one process each. */
function sharedRole(id: string): string | undefined {
  if (id === `${logsNamespace}/log-collector`) return role.collectors;
  if (tenantRoles.some(([pattern]) => pattern.test(id))) return undefined;
  const { system = "", part = "" } = partOf(id) ?? {};
  if (system === "") return undefined;
  return part === system.toLowerCase() ? system : `${system} ${part}`;
}

/** What an actor is called on the page; at the other end of `other`, which tells a tenant's own application from others'. */
function roleOf(actor: Actor, other: Actor): string {
  if (actor.kind === "application" && actor.tenant === other.tenant && other.id.endsWith("/prometheus")) return role.applications;
  if (actor.kind === "application" || actor.kind === "forged") return outside.anyPod;
  if (actor.kind === "outside") return actor.id;
  const own = sharedRole(actor.id) ?? tenantRoles.find(([pattern]) => pattern.test(actor.id))?.[1];
  if (own === undefined) throw new Error(`docs/network.md: planning/network-page.ts has no name for ${actor.id}`);
  if (actor.id === platformPrometheus && sharedRole(other.id) !== undefined) return role.platformPrometheus;
  // Any other gateway would be one without a reason.
  if (sharedRole(other.id) === role.collectors && actor.id === `${tenantNamespace(platformTenant)}/gateway`) return role.platformGateway;
  if (sharedRole(other.id) === role.collectors && actor.id !== platformPrometheus) return `another ${own}`;
  if (!isCrossing(actor, other)) return own;
  // A role with no reason, so that a way between tenants cannot get onto the page as one within a tenant.
  return isPlatformScrape(actor, other) ? own : actor.id === platformPrometheus ? role.platformPrometheus : `another ${own}`;
}

const platformPrometheus = `${tenantNamespace(platformTenant)}/prometheus`;
const isCrossing = (a: Actor, b: Actor) =>
  a.kind === "pod" && b.kind === "pod" && a.tenant !== undefined && b.tenant !== undefined && a.tenant !== b.tenant;
/** Seen from the gateway's end, whichever began: it is scraped, and it asks for its own tenant's series. */
const isPlatformScrape = (a: Actor, b: Actor) => a.id.endsWith("-tenant/gateway") && b.id === platformPrometheus;

interface Row {
  readonly from: string;
  readonly to: string;
  readonly ports: Set<string>;
  readonly scenes: Set<Scene["name"]>;
}

/** Of the protocol by which the processes of a ring find one another. */
const gossip = "7946";

/** Left out of the table, and said in words below it: with `edge: none` gateways are open to all, and every pod asks the cluster's DNS. */
function isSaidInWords(from: Actor, to: Actor): boolean {
  const addresses: readonly string[] = [outside.metadata, outside.podIdentity, outside.dns];
  return to.id === outside.dns || (addresses.includes(from.id) && to.id.endsWith("-tenant/gateway"));
}

const isGossip = (from: Actor, to: Actor, port: string) => {
  const system = partOf(from.id)?.system;
  return port === gossip && system !== undefined && system === partOf(to.id)?.system;
};

function rowsOf(found: readonly Scene[]): Row[] {
  const rows = new Map<string, Row>();
  for (const scene of found)
    for (const { from, to, ports } of arrows(scene.network)) {
      const listed = ports.filter((port) => !isGossip(from, to, port));
      if (isSaidInWords(from, to) || listed.length === 0) continue;
      const ends = { from: roleOf(from, to), to: roleOf(to, from) };
      const key = `${ends.from} -> ${ends.to}`;
      const row = rows.get(key) ?? { ...ends, ports: new Set(), scenes: new Set() };
      listed.forEach((port) => row.ports.add(port));
      row.scenes.add(scene.name);
      rows.set(key, row);
    }
  return [...rows.values()];
}

/** Who is in a system's gossip. Throws where one of them does not reach another: rings would fall apart. */
function members(system: string, { network }: Scene): string[] {
  const open = arrows(network).filter((a) => a.ports.some((port) => isGossip(a.from, a.to, port)) && partOf(a.from.id)?.system === system);
  const all = [...new Set(open.flatMap((a) => [a.from.id, a.to.id]))];
  if (open.length !== all.length ** 2) throw new Error(`docs/network.md: some of ${all.join(", ")} do not reach others on ${gossip}`);
  return [...new Set(all.map((id) => partOf(id)?.part ?? ""))].sort();
}

/** Under which settings a way is open. */
function when({ scenes: open }: Row): string {
  if (!open.has("edge: none")) return open.has("edge: gateway-api") ? "edge: gateway-api" : "S3";
  return open.has("edge: gateway-api") ? "" : "edge: none";
}

/** The rows of a size with their reasons, in the order of these. */
function lines(rows: readonly Row[], why: Reasons): { row: Row; reason: string }[] {
  const order = Object.keys(why);
  return [...rows]
    .sort((a, b) => order.indexOf(a.from) - order.indexOf(b.from) || (a.to < b.to ? -1 : 1))
    .map((row) => {
      const reason = why[row.from]?.[row.to];
      if (reason === undefined)
        throw new Error(
          `docs/network.md: ${row.from} reaches ${row.to} (${[...row.ports].join(" ")}), and planning/network-reasons.ts has no reason for it`,
        );
      return { row, reason };
    });
}

/** A reason for a way that is not open is one that nobody will miss, or a way that is missing. */
function refuseStale(rows: readonly Row[], own: Reasons): void {
  const open = new Set(rows.map((r) => `${r.from} -> ${r.to}`));
  const stale = Object.entries(own)
    .flatMap(([from, to]) => Object.keys(to).map((t) => `${from} -> ${t}`))
    .filter((pair) => !open.has(pair));
  if (stale.length > 0)
    throw new Error(`docs/network.md: planning/network-reasons.ts has a reason for ways that are closed: ${stale.join(", ")}`);
}

/**
 * Text of docs/network.md: who reaches whom, from the policies that the program declares in all scenes.
 * @throws Error for a way that is open without a reason in planning/network-reasons.ts.
 */
export function networkPage(found: readonly Scene[]): string {
  const large = found.filter((scene) => scene.name === "distributed");
  const rows = { single: rowsOf(found.filter((scene) => !large.includes(scene))), distributed: rowsOf(large) };
  refuseStale(rows.single, reasons.single.own);
  refuseStale(rows.distributed, reasons.distributed.own);
  const cells = ({ from, to, ports }: Row) => `| ${from} | ${to} | ${[...ports].join(", ")} |`;
  const small = lines(rows.single, reasons.single.all);
  const known = new Set(small.map(({ row }) => cells(row)));
  const more = lines(rows.distributed, reasons.distributed.all).filter(({ row }) => !known.has(cells(row)));
  const rings = ["Cortex", "Loki"].map((system) => `- ${system}: ${large.map((scene) => members(system, scene).join(", ")).join()}.`);
  return `<!-- Generated by \`npm run generate\` from the NetworkPolicies that the program declares; do not edit. -->
# Who reaches whom

Every namespace of this project denies what is not listed here, in both directions; a connection needs the leave of both ends. The list
is computed from the declared policies (\`planning/network.ts\`), and \`test/unit/network.test.ts\` fails on any way that it does not draw.
A tenant's parts reach only parts of the same tenant, but for the lines of the platform's own tenant \`system\`, which reads metrics.

## Size single

| From | To | Ports | Only with | Why |
|---|---|---|---|---|
${small.map(({ row, reason }) => `${cells(row)} ${when(row)} | ${reason} |`).join("\n")}

## Size distributed

In place of the lines above that begin or end at Cortex, Loki, Thanos receive or Thanos store; all others are the same. One line stands for the
pods of a part in all three zones.

| From | To | Ports | Why |
|---|---|---|---|
${more.map(({ row, reason }) => `${cells(row)} ${reason} |`).join("\n")}

What has a ring or watches one finds the others on port ${gossip}, within its system:

${rings.join("\n")}

## To both

- Every pod asks the cluster's DNS (port 53, pods \`k8s-app: kube-dns\` in \`kube-system\`).
- With \`edge: none\` a tenant's gateway is open to every address and pod, on its TLS port only: the token decides. With
  \`edge: gateway-api\` only the edge's proxies come in.
- "any other pod" is any pod that the program does not declare, also one that carries the labels of ours in a namespace of its own.
- "workload identity" is 169.254.170.23, the credentials of EKS Pod Identity. The metadata address of clouds (169.254.169.254, port 80) is reached by no pod.
- An S3 store of your own is reached on its own port, at any address that is not link-local.
- Operators' queriers (\`query-operators\`) are reached by no tenant: \`kubectl port-forward\`, which goes through the kubelet, is the way to
  them. The rules of the platform, in size distributed, are the one line that ends at Thanos'.
- Kubelets reach the pods of their own node, for probes. Pods with \`hostNetwork\` are beyond network policy; namespaces of this project refuse them.
- Policies need a network plugin that enforces NetworkPolicy, egress included.
`;
}
