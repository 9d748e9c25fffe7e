import { BlockList, isIPv6 } from "node:net";

/**
 * The meaning of the NetworkPolicy API, and nothing else: https://kubernetes.io/docs/concepts/services-networking/network-policies/ and
 * https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/. Policies only allow; a pod that no policy selects
 * for a direction is open in it; a connection needs the leave of both ends.
 */
export type Labels = Readonly<Record<string, string>>;
export type Protocol = "TCP" | "UDP" | "SCTP";
export type Direction = "Ingress" | "Egress";

export interface Expression {
  readonly key: string;
  readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
  readonly values?: readonly string[];
}

export interface Selector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly Expression[];
}

export interface PolicyPeer {
  readonly podSelector?: Selector;
  readonly namespaceSelector?: Selector;
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
}

export interface PolicyPort {
  readonly protocol?: Protocol;
  readonly port?: number | string;
  readonly endPort?: number;
}

export interface Rule {
  readonly from?: readonly PolicyPeer[];
  readonly to?: readonly PolicyPeer[];
  readonly ports?: readonly PolicyPort[];
}

export interface Policy {
  readonly namespace: string;
  readonly name: string;
  readonly spec: {
    readonly podSelector?: Selector;
    readonly policyTypes?: readonly Direction[];
    readonly ingress?: readonly Rule[];
    readonly egress?: readonly Rule[];
  };
}

export interface Port {
  readonly protocol: Protocol;
  readonly port: number;
}

/** One end of a connection. Without a namespace it is no pod, but addresses outside of the cluster, which no policy selects. */
export interface End {
  readonly namespace?: { readonly name: string; readonly labels: Labels };
  readonly labels: Labels;
  /** Any of them will do. */
  readonly addresses: readonly string[];
  /** Ports that its containers declare, for policies which name ports. */
  readonly ports: readonly (Port & { readonly name?: string })[];
}

/** A function of two unchanging objects that remembers its answers: a list of arrows asks the same few questions a thousand times. */
function remembered<A extends object, B extends object, T>(ask: (a: A, b: B) => T): (a: A, b: B) => T {
  const answers = new WeakMap<A, WeakMap<B, T>>();
  return (a, b) => {
    const known = answers.get(a) ?? new WeakMap<B, T>();
    answers.set(a, known);
    const answer = known.get(b);
    if (answer !== undefined) return answer;
    const fresh = ask(a, b);
    known.set(b, fresh);
    return fresh;
  };
}

/** Whether labels satisfy a selector; an empty one selects everything. Throws on an operator that the API does not know. */
export const selects = remembered(
  (selector: Selector, labels: Labels): boolean =>
    Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value) &&
    (selector.matchExpressions ?? []).every((expression) => holds(expression, labels[expression.key])),
);

const everything: Selector = {};

function holds({ key, operator, values = [] }: Expression, value: string | undefined): boolean {
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    // A label that is not there is not one of the values either.
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    default:
      throw new Error(`label ${key}: selectors know no operator ${String(operator)}`);
  }
}

type IpBlock = NonNullable<PolicyPeer["ipBlock"]>;

/** Whether a range of addresses, less its exceptions, holds one address. */
export function inBlock(block: IpBlock, address: string): boolean {
  return inRange(block.cidr, address) && !(block.except ?? []).some((cidr) => inRange(cidr, address));
}

const holdsAny = remembered((block: IpBlock, addresses: readonly string[]) => addresses.some((address) => inBlock(block, address)));

function inRange(cidr: string, address: string): boolean {
  const [network = "", prefix = ""] = cidr.split("/");
  const family = isIPv6(network) ? "ipv6" : "ipv4";
  if (isIPv6(address) !== (family === "ipv6")) return false;
  const range = new BlockList();
  range.addSubnet(network, Number(prefix), family);
  return range.check(address, family);
}

/** The policies that isolate one end in a direction; empty: it is open. */
export function isolating(policies: readonly Policy[], self: End, direction: Direction): Policy[] {
  return policies.filter(
    (p) => p.namespace === self.namespace?.name && typesOf(p).includes(direction) && selects(p.spec.podSelector ?? everything, self.labels),
  );
}

/** Rules of those policies that speak of the other end; `"all"` where nothing isolates. */
export function rulesFor(about: readonly Policy[], direction: Direction, other: End): readonly Rule[] | "all" {
  if (about.length === 0) return "all";
  return about.flatMap(({ namespace, spec }) => {
    const rules = (direction === "Ingress" ? spec.ingress : spec.egress) ?? [];
    return rules.filter((rule) => {
      const peers = (direction === "Ingress" ? rule.from : rule.to) ?? [];
      // No peers means all, everywhere.
      return peers.length === 0 || peers.some((peer) => meets(peer, namespace, other));
    });
  });
}

/** Without `policyTypes`: ingress always, egress where there are rules for it. */
function typesOf({ spec }: Policy): readonly Direction[] {
  return spec.policyTypes ?? (spec.egress === undefined ? ["Ingress"] : ["Ingress", "Egress"]);
}

function meets(peer: PolicyPeer, ownNamespace: string, other: End): boolean {
  const { ipBlock } = peer;
  if (ipBlock !== undefined) return holdsAny(ipBlock, other.addresses);
  if (other.namespace === undefined) return false;
  const near =
    peer.namespaceSelector === undefined ? other.namespace.name === ownNamespace : selects(peer.namespaceSelector, other.namespace.labels);
  return near && selects(peer.podSelector ?? everything, other.labels);
}

/** Whether one of the rules opens a port of the destination. A rule without ports opens all, of every protocol. */
export function opens(rules: readonly Rule[] | "all", port: Port, destination: End): boolean {
  if (rules === "all") return true;
  return rules.some(({ ports = [] }) => ports.length === 0 || ports.some((written) => isPort(written, port, destination)));
}

function isPort(written: PolicyPort, { protocol, port }: Port, destination: End): boolean {
  if ((written.protocol ?? "TCP") !== protocol) return false;
  if (written.port === undefined) return true;
  if (typeof written.port === "number") return port >= written.port && port <= (written.endPort ?? written.port);
  return destination.ports.some((p) => p.name === written.port && p.protocol === protocol && p.port === port);
}
