import { logsNamespace, platformTenant, tenantNamespace } from "../model/names";
import { arrows, type Actor } from "./network";
import type { Scene } from "./network-examples";
import { outside } from "./network-world";

const scrape = "The platform's own metrics";
const collectors = "Collectors of logs";
const platformGateway = "gateway of tenant system";

/** Why each way is open, by the roles at its ends. A way that is not here has no reason to be open: the page cannot be made. */
const reasons: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  [outside.anyPod]: { "tenant's gateway": "Clients inside the cluster, with a token" },
  [outside.internet]: { "tenant's gateway": "Clients, with a token, through a load balancer of the cluster's own" },
  [outside.privateNetwork]: { "tenant's gateway": "Clients and load balancers of the cluster's own network, with a token" },
  [outside.proxies]: { "tenant's gateway": "Clients, with a token: the edge passes their TLS connections on" },
  "tenant's gateway": {
    "tenant's Grafana": "People's browsers",
    "tenant's Prometheus": "What Datadog agents send: the collector is a container of this pod",
    Cortex: "Tenants with `metrics: cortex`: samples, queries, rules, alerts",
    Loki: "Tenants with `logs`: lines, queries, rules",
    "Thanos receive": "Tenants with `metrics: thanos`: samples",
    "Thanos query front end": "Tenants with `metrics: thanos`: queries, unless `querier: dedicated`",
    "tenant's own Thanos front end": "Tenants with `querier: dedicated`: queries",
  },
  "tenant's Grafana": {
    "tenant's gateway": "Dashboards, with a token of Grafana's own",
    [outside.internet]: "Tenants with `grafana.auth`: signing people in",
  },
  "tenant's Prometheus": {
    "tenant's gateway": "Writes what it scrapes and what the collector takes in, with tokens of their own; scrapes the gateway's metrics",
    [applicationRole()]: "Scrapes namespaces whose owners labelled them `tenantstack.dev/scraped-by: <tenant>`",
    [outside.anyPod]: apiServer("pods that listen there and are not ours come with it"),
    [outside.proxies]: apiServer("the proxies' namespace has no policy of ours"),
    [outside.privateNetwork]: apiServer("its usual place"),
    [outside.internet]: apiServer("its place in some clouds"),
  },
  "Prometheus of tenant system": {
    "tenant's gateway": "The platform's metrics of every gateway",
    ...Object.fromEntries(
      [collectors, "Cortex", "Loki", "Thanos receive", "Thanos store", "Thanos compactor", "Thanos query front end", "Thanos querier"].map(
        (of) => [of, scrape],
      ),
    ),
  },
  [collectors]: { [platformGateway]: "The platform's logs, with a token of their own" },
  Cortex: {
    [outside.internet]: "Tenants' alerts: webhooks and mail; with S3 of AWS, blocks too",
    [outside.podIdentity]: "Credentials for the bucket",
  },
  Loki: {
    Cortex: "Alerts of rules on logs",
    [outside.internet]: "Blocks in S3 of AWS",
    [outside.podIdentity]: "Credentials for the bucket",
  },
  "Thanos receive": {
    "Prometheus of tenant system": "How many series each tenant has, for their limits",
    [outside.internet]: "Blocks in S3 of AWS",
    [outside.podIdentity]: "Credentials for the bucket",
  },
  "Thanos compactor": { [outside.internet]: "Blocks in S3 of AWS", [outside.podIdentity]: "Credentials for the bucket" },
  "Thanos store": { [outside.internet]: "Blocks in S3 of AWS", [outside.podIdentity]: "Credentials for the bucket" },
  "Thanos query front end": { "Thanos querier": "Queries; the tenant's header is enforced there" },
  "Thanos querier": { "Thanos receive": "StoreAPI", "Thanos store": "StoreAPI" },
  "Thanos operators' querier": { "Thanos receive": "StoreAPI", "Thanos store": "StoreAPI" },
  "tenant's own Thanos front end": { "tenant's own Thanos querier": "Queries; the tenant is fixed there" },
  "tenant's own Thanos querier": { "Thanos receive": "StoreAPI", "Thanos store": "StoreAPI" },
};

function applicationRole(): string {
  return "tenant's applications";
}

function apiServer(note: string): string {
  return `Kubernetes' API server, whose address nobody can know beforehand; ${note}`;
}

const sharedRoles: Readonly<Record<string, string>> = {
  [`${logsNamespace}/log-collector`]: collectors,
  "cortex/cortex": "Cortex",
  "loki/loki": "Loki",
  "thanos/receive": "Thanos receive",
  "thanos/store": "Thanos store",
  "thanos/compactor": "Thanos compactor",
  "thanos/query": "Thanos querier",
  "thanos/query-frontend": "Thanos query front end",
  "thanos/query-operators": "Thanos operators' querier",
};

/** One for each class of retention. */
const sharedRole = (id: string) => sharedRoles[id.replace(/^(thanos\/compactor)-.*$/, "$1")];

const tenantRoles: readonly (readonly [RegExp, string])[] = [
  [/-tenant\/gateway$/, "tenant's gateway"],
  [/-tenant\/grafana$/, "tenant's Grafana"],
  [/-tenant\/prometheus$/, "tenant's Prometheus"],
  [/^thanos\/dedicated-.*-frontend$/, "tenant's own Thanos front end"],
  [/^thanos\/dedicated-.*-query$/, "tenant's own Thanos querier"],
];

/** What an actor is called on the page; at the other end of `other`, which tells a tenant's own application from others'. */
function roleOf(actor: Actor, other: Actor): string {
  if (actor.kind === "application" && actor.tenant === other.tenant && other.id.endsWith("/prometheus")) return applicationRole();
  if (actor.kind === "application" || actor.kind === "forged") return outside.anyPod;
  if (actor.kind === "outside") return actor.id;
  const role = sharedRole(actor.id) ?? tenantRoles.find(([pattern]) => pattern.test(actor.id))?.[1];
  if (role === undefined) throw new Error(`docs/network.md: planning/network-page.ts has no name for ${actor.id}`);
  if (actor.id === platformPrometheus && sharedRole(other.id) !== undefined) return platformRole;
  // Any other gateway would be one without a reason.
  if (sharedRole(other.id) === collectors && actor.id === `${tenantNamespace(platformTenant)}/gateway`) return platformGateway;
  if (sharedRole(other.id) === collectors && actor.id !== platformPrometheus) return `another ${role}`;
  if (!isCrossing(actor, other)) return role;
  // A role with no reason, so that a way between tenants cannot get onto the page as one within a tenant.
  return isPlatformScrape(actor, other) ? role : actor.id === platformPrometheus ? platformRole : `another ${role}`;
}

const platformRole = "Prometheus of tenant system";
const platformPrometheus = `${tenantNamespace(platformTenant)}/prometheus`;
const isCrossing = (a: Actor, b: Actor) =>
  a.kind === "pod" && b.kind === "pod" && a.tenant !== undefined && b.tenant !== undefined && a.tenant !== b.tenant;
/** Seen from the gateway's end. */
const isPlatformScrape = (a: Actor, b: Actor) => a.id.endsWith("-tenant/gateway") && b.id === platformPrometheus;

interface Row {
  readonly from: string;
  readonly to: string;
  readonly ports: Set<string>;
  readonly scenes: Set<Scene["name"]>;
}

/** Left out of the table, and said in words below it: with `edge: none` gateways are open to all, and every pod asks the cluster's DNS. */
function isSaidInWords(from: Actor, to: Actor): boolean {
  const addresses: readonly string[] = [outside.metadata, outside.podIdentity, outside.dns];
  return to.id === outside.dns || (addresses.includes(from.id) && to.id.endsWith("-tenant/gateway"));
}

function rowsOf(found: readonly Scene[]): Row[] {
  const rows = new Map<string, Row>();
  for (const scene of found)
    for (const { from, to, ports } of arrows(scene.network)) {
      if (isSaidInWords(from, to)) continue;
      const ends = { from: roleOf(from, to), to: roleOf(to, from) };
      const key = `${ends.from} -> ${ends.to}`;
      const row = rows.get(key) ?? { ...ends, ports: new Set(), scenes: new Set() };
      ports.forEach((port) => row.ports.add(port));
      row.scenes.add(scene.name);
      rows.set(key, row);
    }
  return [...rows.values()];
}

/** Under which settings a way is open. */
function when({ scenes: open }: Row): string {
  if (!open.has("edge: none")) return open.has("edge: gateway-api") ? "edge: gateway-api" : "S3";
  return open.has("edge: gateway-api") ? "" : "edge: none";
}

function line(row: Row): string {
  const why = reasons[row.from]?.[row.to];
  if (why === undefined)
    throw new Error(
      `docs/network.md: ${row.from} reaches ${row.to} (${[...row.ports].join(" ")}), and planning/network-page.ts has no reason for it`,
    );
  return `| ${row.from} | ${row.to} | ${[...row.ports].join(", ")} | ${when(row)} | ${why} |`;
}

/** A reason for a way that is not open is one that nobody will miss, or a way that is missing. */
function refuseStale(rows: readonly Row[]): void {
  const open = new Set(rows.map((r) => `${r.from} -> ${r.to}`));
  const stale = Object.entries(reasons)
    .flatMap(([from, to]) => Object.keys(to).map((t) => `${from} -> ${t}`))
    .filter((pair) => !open.has(pair));
  if (stale.length > 0)
    throw new Error(`docs/network.md: planning/network-page.ts has a reason for ways that are closed: ${stale.join(", ")}`);
}

/**
 * Text of docs/network.md: who reaches whom, from the policies that the program declares in all scenes.
 * @throws Error for a way that is open without a reason here.
 */
export function networkPage(found: readonly Scene[]): string {
  const order = Object.keys(reasons);
  const rows = rowsOf(found).sort((a, b) => order.indexOf(a.from) - order.indexOf(b.from) || (a.to < b.to ? -1 : 1));
  refuseStale(rows);
  return `<!-- Generated by \`npm run generate\` from the NetworkPolicies that the program declares; do not edit. -->
# Who reaches whom

Every namespace of this project denies what is not listed here, in both directions; a connection needs the leave of both ends. The list
is computed from the declared policies (\`planning/network.ts\`), and \`test/unit/network.test.ts\` fails on any way that it does not draw.
A tenant's parts reach only parts of the same tenant, but for the lines of the platform's own tenant \`system\`, which reads metrics.

| From | To | Ports | Only with | Why |
|---|---|---|---|---|
${rows.map(line).join("\n")}

- Every pod asks the cluster's DNS (port 53, pods \`k8s-app: kube-dns\` in \`kube-system\`).
- With \`edge: none\` a tenant's gateway is open to every address and pod, on its TLS port only: the token decides. With
  \`edge: gateway-api\` only the edge's proxies come in.
- "any other pod" is any pod that the program does not declare, also one that carries the labels of ours in a namespace of its own.
- "workload identity" is 169.254.170.23, the credentials of EKS Pod Identity. The metadata address of clouds (169.254.169.254, port 80) is reached by no pod.
- An S3 store of your own is reached on its own port, at any address that is not link-local.
- The operators' querier has no line that ends in it: \`kubectl port-forward\`, which goes through the kubelet, is the way to it.
- Kubelets reach the pods of their own node, for probes. Pods with \`hostNetwork\` are beyond network policy; namespaces of this project refuse them.
- Policies need a network plugin that enforces NetworkPolicy, egress included.
`;
}
