import { isolating, opens, rulesFor, type End, type Policy, type Port, type PolicyPort } from "./network-policy";

/** What stands at an end of an arrow. */
export interface Actor extends End {
  /** `namespace/workload` of a pod that the program declares; words for what stands outside. */
  readonly id: string;
  readonly kind: "pod" | "stray" | "forged" | "application" | "outside";
  /** The tenant that it belongs to. */
  readonly tenant?: string;
}

/** All that network policy has a say in. */
export interface Network {
  readonly actors: readonly Actor[];
  readonly policies: readonly Policy[];
}

/** A way that is open from one to another. */
export interface Arrow {
  readonly from: Actor;
  readonly to: Actor;
  /** `8443`, `53/UDP`, `any`; with a `?` where policy opens a port that nothing listens on. */
  readonly ports: readonly string[];
}

/** An actor and what isolates it. */
interface Place {
  readonly actor: Actor;
  readonly out: readonly Policy[];
  readonly into: readonly Policy[];
}

function placed({ policies }: Network, actor: Actor): Place {
  return { actor, out: isolating(policies, actor, "Egress"), into: isolating(policies, actor, "Ingress") };
}

/** Ports by which one actor reaches another, as `Arrow.ports`; empty: none. */
function reach(source: Place, destination: Place): string[] {
  const to = destination.actor;
  const out = rulesFor(source.out, "Egress", to);
  const into = rulesFor(destination.into, "Ingress", source.actor);
  if (out.length === 0 || into.length === 0) return [];
  const open = (port: Port) => opens(out, port, to) && opens(into, port, to);
  const written = [out, into].flatMap((rules) => (rules === "all" ? [] : rules.flatMap((r) => r.ports ?? [])));
  if (open({ protocol: "TCP", port: unwritten(written) })) return ["any"];
  const declared = to.ports.map(portText);
  const candidates = [...to.ports, ...written.flatMap(numbers)].sort((a, b) => a.port - b.port || (a.protocol < b.protocol ? -1 : 1));
  const found = [...new Set(candidates.filter(open).map(portText))];
  if (to.ports.length === 0) return found;
  // What others listen on besides is not asked; of ours, a port that is open for nothing is a fault.
  return to.kind === "outside" ? found.filter((p) => declared.includes(p)) : found.map((p) => (declared.includes(p) ? p : `${p}?`));
}

const portText = ({ port, protocol }: Port) => (protocol === "TCP" ? String(port) : `${port}/${protocol}`);

function numbers({ protocol = "TCP", port, endPort }: PolicyPort): Port[] {
  if (typeof port !== "number") return [];
  return [port, endPort ?? port].map((number) => ({ protocol, port: number }));
}

/** A port that no rule speaks of: if that is open, all are. */
function unwritten(written: readonly PolicyPort[]): number {
  let port = 1;
  while (written.some((w) => typeof w.port === "number" && port >= w.port && port <= (w.endPort ?? w.port))) port += 1;
  return port;
}

/**
 * Every way that is open from or to a pod that the program declares or a namespace that it keeps, sorted; ways among outsiders are not asked
 * for. A pod and its like stand for two pods of a kind. Kubelets always reach the pods of their own node, for probes: that is no arrow.
 * @param at only ways from or to this one
 */
export function arrows(network: Network, at?: Actor): Arrow[] {
  const ours = (actor: Actor) => actor.kind === "pod" || actor.kind === "stray";
  const places = network.actors.map((actor) => placed(network, actor));
  const asked = (a: Actor, b: Actor) => (ours(a) || ours(b)) && (at === undefined || a === at || b === at);
  return places
    .flatMap((from) =>
      places.filter((to) => asked(from.actor, to.actor)).map((to) => ({ from: from.actor, to: to.actor, ports: reach(from, to) })),
    )
    .filter((arrow) => arrow.ports.length > 0)
    .map((arrow) => ({ arrow, text: arrowText(arrow) }))
    .sort((a, b) => (a.text < b.text ? -1 : 1))
    .map(({ arrow }) => arrow);
}

/** `alpha-tenant/gateway -> cortex/cortex: 8080` */
export function arrowText({ from, to, ports }: Arrow): string {
  return `${from.id} -> ${to.id}: ${ports.join(" ")}`;
}
