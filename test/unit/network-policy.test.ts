import { inBlock, isolating, opens, rulesFor, selects, type End, type Policy, type Rule } from "../../planning/network-policy";

/** The meaning of the NetworkPolicy API, by the words of its reference. */
const pod = (more: Partial<End> = {}): End => ({
  namespace: { name: "here", labels: { "kubernetes.io/metadata.name": "here", team: "a" } },
  labels: { app: "web" },
  addresses: ["10.244.0.1"],
  ports: [{ name: "http", port: 8080, protocol: "TCP" }],
  ...more,
});
const there = { name: "there", labels: { "kubernetes.io/metadata.name": "there", team: "b" } };
const outside = (address: string): End => ({ labels: {}, addresses: [address], ports: [] });
const policy = (spec: Policy["spec"]): Policy => ({ namespace: "here", name: "p", spec });
/** Whether one ingress rule lets a source in to port 8080 of the pod. */
const lets = (rule: Rule, source: End, port = 8080, protocol: "TCP" | "UDP" = "TCP") =>
  opens(rulesFor([policy({ podSelector: {}, ingress: [rule] })], "Ingress", source), { port, protocol }, pod());

test("selectors: all of labels and expressions; NotIn holds without the label; empty selects all", () => {
  expect(selects({}, {})).toBe(true);
  expect(selects({ matchLabels: { app: "web", tier: "x" } }, { app: "web" })).toBe(false);
  const one = (operator: "In" | "NotIn" | "Exists" | "DoesNotExist", labels: Record<string, string>) =>
    selects({ matchExpressions: [{ key: "app", operator, values: ["web"] }] }, labels);
  expect([one("In", { app: "web" }), one("In", { app: "db" }), one("In", {})]).toEqual([true, false, false]);
  expect([one("NotIn", { app: "web" }), one("NotIn", { app: "db" }), one("NotIn", {})]).toEqual([false, true, true]);
  expect([one("Exists", { app: "" }), one("Exists", {})]).toEqual([true, false]);
  expect([one("DoesNotExist", { app: "" }), one("DoesNotExist", {})]).toEqual([false, true]);
  const both = { matchLabels: { app: "web" }, matchExpressions: [{ key: "x", operator: "Exists" as const }] };
  expect([selects(both, { app: "web" }), selects(both, { app: "web", x: "" })]).toEqual([false, true]);
  expect(() => selects({ matchExpressions: [{ key: "app", operator: "Near" as "In" }] }, {})).toThrow("no operator Near");
});

test("isolation: per direction and namespace; without types egress isolates only where there are rules for it", () => {
  const count = (spec: Policy["spec"], self = pod()) => [
    isolating([policy(spec)], self, "Ingress").length,
    isolating([policy(spec)], self, "Egress").length,
  ];
  expect(count({ podSelector: {} })).toEqual([1, 0]);
  expect(count({ podSelector: {}, egress: [] })).toEqual([1, 1]);
  expect(count({ podSelector: {}, policyTypes: ["Egress"] })).toEqual([0, 1]);
  expect(count({ podSelector: { matchLabels: { app: "db" } } })).toEqual([0, 0]);
  expect(count({ podSelector: {} }, pod({ namespace: there }))).toEqual([0, 0]);
  expect(count({ podSelector: {} }, outside("203.0.113.1"))).toEqual([0, 0]);
  expect(rulesFor([], "Ingress", pod())).toBe("all");
  expect(opens([], { port: 8080, protocol: "TCP" }, pod())).toBe(false);
});

test("policies add up", () => {
  const both = [policy({ podSelector: {}, ingress: [] }), policy({ podSelector: {}, ingress: [{}] })];
  expect(opens(rulesFor(both, "Ingress", pod()), { port: 8080, protocol: "TCP" }, pod())).toBe(true);
});

test("peers: no peers is everyone; pods alone means this namespace; both selectors must hold; several peers add up", () => {
  const far = pod({ namespace: there });
  expect([lets({}, far), lets({ from: [] }, far), lets({}, outside("203.0.113.1"))]).toEqual([true, true, true]);
  expect([lets({ from: [{ podSelector: {} }] }, pod()), lets({ from: [{ podSelector: {} }] }, far)]).toEqual([true, false]);
  expect([lets({ from: [{ namespaceSelector: {} }] }, far), lets({ from: [{ namespaceSelector: {} }] }, outside("10.0.0.1"))]).toEqual([true, false]); // prettier-ignore
  const exact = { namespaceSelector: { matchLabels: { team: "b" } }, podSelector: { matchLabels: { app: "db" } } };
  expect(lets({ from: [exact] }, far)).toBe(false);
  expect(lets({ from: [exact] }, pod({ namespace: there, labels: { app: "db" } }))).toBe(true);
  expect(lets({ from: [exact, { namespaceSelector: exact.namespaceSelector }] }, far)).toBe(true);
});

test("blocks of addresses, with exceptions, of both families", () => {
  const block = { cidr: "10.0.0.0/8", except: ["10.1.0.0/16"] };
  expect(["10.2.0.1", "10.1.0.1", "11.0.0.1", "::1"].map((a) => inBlock(block, a))).toEqual([true, false, false, false]);
  expect(["2001:db8::1", "fd00::1", "10.0.0.1"].map((a) => inBlock({ cidr: "::/0", except: ["fc00::/7"] }, a))).toEqual([true, false, false]); // prettier-ignore
  expect(inBlock({ cidr: "169.254.170.23/32" }, "169.254.170.23")).toBe(true);
  expect([lets({ from: [{ ipBlock: block }] }, outside("10.2.0.1")), lets({ from: [{ ipBlock: block }] }, outside("10.1.0.1"))]).toEqual([true, false]); // prettier-ignore
});

test("ports: none is all; TCP by default; names are the destination's; ranges hold both ends", () => {
  expect([lets({ ports: [] }, pod(), 1, "UDP"), lets({ ports: [{ protocol: "TCP" }] }, pod(), 1)]).toEqual([true, true]);
  expect([lets({ ports: [{ protocol: "UDP" }] }, pod()), lets({ ports: [{ port: 8080 }] }, pod(), 8080, "UDP")]).toEqual([false, false]);
  expect([lets({ ports: [{ port: "http" }] }, pod()), lets({ ports: [{ port: "http" }] }, pod(), 9090)]).toEqual([true, false]);
  expect(lets({ ports: [{ port: "grpc" }] }, pod())).toBe(false);
  expect([7999, 8000, 8100, 8101].map((p) => lets({ ports: [{ port: 8000, endPort: 8100 }] }, pod(), p))).toEqual([false, true, true, false]); // prettier-ignore
});
