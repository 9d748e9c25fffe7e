import type { Actor, Network } from "./network";
import type { End, Labels, Policy, Port } from "./network-policy";
import type { Recorded, Recording } from "./record";

/** Ids of who stands outside of what the program declares. */
export const outside = {
  anyPod: "any other pod",
  dns: "cluster DNS",
  proxies: "edge proxies",
  internet: "internet",
  privateNetwork: "private network",
  metadata: "cloud metadata",
  podIdentity: "workload identity",
} as const;

const tenantLabel = "tenantstack.dev/tenant";
const scrapedBy = "tenantstack.dev/scraped-by";
/** Pods have addresses in private ranges, so a block of the internet's addresses never speaks of them. */
const podAddress = ["10.244.0.1"];

type Object = { readonly kind?: string; readonly metadata?: { name?: string; namespace?: string; labels?: Labels } };
type Container = { readonly ports?: readonly { name?: string; containerPort: number; protocol?: Port["protocol"] }[] };

/** Reads pods, namespaces and policies from a recording, and adds who else there is in a cluster and around it. */
export function networkOf({ resources }: Recording): Network {
  const objects = resources.filter((r) => r.type.startsWith("kubernetes:")) as (Recorded & { readonly inputs: Object })[];
  const of = (kind: string) => objects.filter((r) => r.inputs.kind === kind);
  const namespaces = new Map(of("Namespace").map((r) => [nameOf(r), labelled(nameOf(r), r.inputs.metadata?.labels)]));
  const room = (name: string) => namespaces.get(name) ?? labelled(name);
  const policies = of("NetworkPolicy").map((r): Policy => ({
    namespace: namespaceOf(r),
    name: nameOf(r),
    spec: r.inputs.spec as Policy["spec"],
  }));
  const pods = ["Deployment", "StatefulSet", "DaemonSet", "Prometheus"].flatMap(of).map((r) => podOf(r, room));
  const kept = new Set(policies.map((p) => p.namespace));
  const outsiders = [...around, ...of("Gateway").map((r) => proxyOf(r, room))];
  const copies = forged([...pods, ...outsiders.filter((o) => Object.keys(o.labels).length > 0)]);
  return {
    actors: [...pods, ...strays(kept, room), ...copies, ...applications([...namespaces.values()]), ...outsiders],
    policies,
  };
}

const nameOf = (r: { inputs: Object }) => r.inputs.metadata?.name ?? "";
const namespaceOf = (r: { inputs: Object }) => r.inputs.metadata?.namespace ?? "";
/** A namespace as the API server completes it. */
const labelled = (name: string, labels: Labels = {}) => ({ name, labels: { ...labels, "kubernetes.io/metadata.name": name } });
type Room = (name: string) => NonNullable<End["namespace"]>;

function podOf(r: Recorded & { readonly inputs: Object }, room: Room): Actor {
  const prometheus = r.inputs.kind === "Prometheus";
  const { labels, containers } = prometheus ? operatorPod(r) : templateOf(r);
  const namespace = room(namespaceOf(r));
  const tenant = labels[tenantLabel];
  return {
    id: `${namespace.name}/${prometheus ? "prometheus" : nameOf(r)}`,
    kind: "pod",
    ...(tenant !== undefined && { tenant }),
    namespace,
    labels,
    addresses: podAddress,
    ports: containers.flatMap((c) =>
      (c.ports ?? []).map((p) => ({ name: p.name ?? "", port: p.containerPort, protocol: p.protocol ?? "TCP" })),
    ),
  };
}

function templateOf(r: Recorded): { labels: Labels; containers: readonly Container[] } {
  const spec = r.inputs.spec as { template: { metadata: { labels: Labels }; spec: { containers: Container[] } } };
  return { labels: spec.template.metadata.labels, containers: spec.template.spec.containers };
}

/** What the Prometheus operator makes of its resource: labels of its own win, and two containers come beside those that are asked for. */
function operatorPod(r: Recorded & { readonly inputs: Object }): { labels: Labels; containers: readonly Container[] } {
  const spec = r.inputs.spec as { podMetadata: { labels: Labels }; containers?: Container[] };
  const own = {
    "app.kubernetes.io/name": "prometheus",
    "app.kubernetes.io/managed-by": "prometheus-operator",
    "app.kubernetes.io/instance": nameOf(r),
  };
  const containers = [{ ports: [{ name: "web", containerPort: 9090 }] }, { ports: [{ name: "reloader-web", containerPort: 8080 }] }];
  return {
    labels: { ...spec.podMetadata.labels, ...own, "operator.prometheus.io/name": nameOf(r) },
    containers: [...containers, ...(spec.containers ?? [])],
  };
}

/** The proxies that Envoy Gateway runs for a Gateway, in its own namespace (docs: gateway.envoyproxy.io, deployment mode). */
function proxyOf(r: Recorded & { readonly inputs: Object }, room: Room): Actor {
  const labels = {
    "gateway.envoyproxy.io/owning-gateway-name": nameOf(r),
    "gateway.envoyproxy.io/owning-gateway-namespace": namespaceOf(r),
  };
  return { id: outside.proxies, kind: "outside", namespace: room("envoy-gateway-system"), labels, addresses: podAddress, ports: [] };
}

/** A pod without the labels of any part, in each namespace that has policies. */
function strays(names: ReadonlySet<string>, room: Room): Actor[] {
  return [...names].map((name) => ({
    id: `${name}/stray`,
    kind: "stray",
    namespace: room(name),
    labels: {},
    addresses: podAddress,
    ports: [],
  }));
}

/** The labels by which policies know pods again, on pods that somebody made in a namespace of their own. */
function forged(pods: readonly Actor[]): Actor[] {
  return pods.map(({ id, labels }) => ({
    id: `forged ${id}`,
    kind: "forged",
    namespace: labelled("elsewhere"),
    labels,
    addresses: podAddress,
    ports: [],
  }));
}

/** Pods in a namespace whose owners let a tenant's Prometheus scrape it. */
function applications(namespaces: readonly NonNullable<End["namespace"]>[]): Actor[] {
  return namespaces.flatMap(({ labels }): Actor[] => {
    const tenant = labels[scrapedBy];
    if (tenant === undefined || labels[tenantLabel] === undefined) return [];
    const namespace = labelled(`${tenant}-applications`, { [scrapedBy]: tenant });
    return [{ id: `applications of ${tenant}`, kind: "application", tenant, namespace, labels: {}, addresses: podAddress, ports: [] }];
  });
}

const address = (id: string, addresses: readonly string[], port?: number): Actor => {
  return { id, kind: "outside", labels: {}, addresses, ports: port === undefined ? [] : [{ port, protocol: "TCP" }] };
};

const around: readonly Actor[] = [
  { id: outside.anyPod, kind: "outside", namespace: labelled("elsewhere"), labels: {}, addresses: podAddress, ports: [] },
  {
    id: outside.dns,
    kind: "outside",
    namespace: labelled("kube-system"),
    labels: { "k8s-app": "kube-dns" },
    addresses: podAddress,
    ports: (["TCP", "UDP"] as const).map((protocol) => ({ port: 53, protocol })),
  },
  // Ranges for documentation, RFC 5737 and 3849, stand for all public addresses.
  address(outside.internet, ["203.0.113.10", "2001:db8::10"]),
  address(outside.privateNetwork, ["10.0.0.10", "172.16.0.10", "192.168.0.10", "100.64.0.10", "fd12::10"]),
  // AWS, Google and Azure all answer on 169.254.169.254; AWS on fd00:ec2::254 too. Plain HTTP.
  address(outside.metadata, ["169.254.169.254", "fd00:ec2::254"], 80),
  // https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html
  address(outside.podIdentity, ["169.254.170.23", "fd00:ec2::23"], 80),
];
