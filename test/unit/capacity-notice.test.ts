import fc from "fast-check";
import { capacityProblems, planCapacity } from "../../model/capacity";
import type { CapacityPlan } from "../../model/capacity";
import { capacityNotice } from "../../model/capacity-notice";
import { askedBy, capacityRecord, readCapacity } from "../../model/capacity-record";
import type { Asked } from "../../model/capacity-record";
import { capacityTable } from "../../model/capacity-table";
import type { Tenant } from "../../model/tenant";
import { anyTenants, grown, settings, three } from "./capacity-kit";

const planOf = (tenants: readonly Tenant[], size: "single" | "distributed", zones = 3) =>
  planCapacity(tenants, settings(size), { zones: size === "single" ? 1 : zones });
/** Through the stack's output and back, in the order in which the engine gives it. */
const remembered = (plan: CapacityPlan) =>
  readCapacity(JSON.parse(JSON.stringify(Object.fromEntries(Object.entries(capacityRecord(plan)).sort()))));
const narrow = (text: string) => expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
const anyPlan = fc
  .tuple(anyTenants, fc.constantFrom("single" as const, "distributed" as const), fc.integer({ min: 1, max: 6 }))
  .map(([tenants, size, zones]) => planOf(tenants, size, zones))
  // Others are refused before anything is said of them.
  .filter((plan) => capacityProblems(plan).length === 0);

describe("the output that the next run compares with", () => {
  test("has a line for each component and the number of nodes", () => {
    expect(capacityRecord(planOf(three, "single"))).toEqual({
      cortex: "1 pod, 0.25 CPU, 6 GiB memory, 20 GiB volumes",
      "cortex query-operators": "1 pod, 0.1 CPU, 0.5 GiB memory, 0 GiB volumes",
      loki: "1 pod, 0.25 CPU, 4 GiB memory, 20 GiB volumes",
      "thanos receive": "1 pod, 0.25 CPU, 6 GiB memory, 20 GiB volumes",
      "thanos store": "1 pod, 0.1 CPU, 1 GiB memory, 10 GiB volumes",
      "thanos compactor": "2 pods, 0.1 CPU, 1 GiB memory, 20 GiB volumes",
      "thanos query": "1 pod, 0.1 CPU, 0.5 GiB memory, 0 GiB volumes",
      "thanos query-frontend": "1 pod, 0.05 CPU, 0.25 GiB memory, 0 GiB volumes",
      "thanos query-operators": "1 pod, 0.1 CPU, 0.5 GiB memory, 0 GiB volumes",
      "tenants gateway": "6 pods, 0.9 CPU, 0.625 GiB memory, 0 GiB volumes",
      "tenants grafana": "3 pods, 0.2 CPU, 1.5 GiB memory, 4 GiB volumes",
      "tenants prometheus": "3 pods, 0.45 CPU, 2 GiB memory, 40 GiB volumes",
      "tenants collector": "1 pod, 0.1 CPU, 0.25 GiB memory, 0 GiB volumes",
      nodes: "3",
    });
  });

  test("leaves out what has no pod", () => {
    expect(Object.keys(capacityRecord(planOf(three.slice(1), "single")))).not.toContain("tenants collector");
  });

  test("is read as it was written, whatever the plan", () => {
    fc.assert(fc.property(anyPlan, (plan) => expect(remembered(plan)).toEqual(askedBy(plan))));
  });

  test.each([
    ["none", undefined],
    ["null", null],
    ["a text", "6 pods"],
    ["no nodes", { "cortex ingester": "6 pods, 24 CPU, 90 GiB memory, 600 GiB volumes" }],
    ["another form", { nodes: "3", "cortex ingester": "6 pods" }],
    ["no text", { nodes: "3", "cortex ingester": { replicas: 6 } }],
    ["a number that is none", { nodes: "3", cortex: "1 pod, 1.2.3 CPU, 6 GiB memory, 20 GiB volumes" }],
  ])("%s is not taken for a plan: the notice shows the whole one", (_, output) => {
    expect(readCapacity(output)).toBeUndefined();
    const plan = planOf(three, "distributed");
    expect(capacityNotice(plan, readCapacity(output))).toBe(capacityTable(plan));
  });
});

describe("the notice of a preview", () => {
  test("is one line when nothing changes", () => {
    expect(capacityNotice(planOf(three, "single"), remembered(planOf(three, "single")))).toBe(
      "Capacity: no change; 3 tenants, 3 nodes, least headroom: cortex 23% samples/s",
    );
    fc.assert(
      fc.property(anyPlan, (plan) => {
        const text = capacityNotice(plan, remembered(plan));
        expect(text).toMatch(/^Capacity: no change; \d+ tenants?, \d+ nodes?, (least headroom: [a-z].*|all of it free)$/);
        narrow(text);
      }),
    );
  });

  test("is more when only the number of nodes changes", () => {
    const plan = planOf(three, "single");
    expect(capacityNotice(plan, readCapacity({ ...capacityRecord(plan), nodes: "9" }))).toMatch(/^ nodes +9 -> 3$/m);
  });

  test("has what changes, the totals, and the steps apart", () => {
    const text = capacityNotice(planOf(grown, "distributed"), remembered(planOf(three, "distributed")));
    expect(text).toMatchInlineSnapshot(`
     "Capacity of size distributed over 3 zones for 5 tenants, what changes against the last up:

                             pods         CPU          memory           volumes  headroom
      cortex
        ingester          6 -> 18    24 -> 72   90Gi -> 270Gi   600Gi -> 1800Gi   42% samples/s
      loki
        ingester           3 -> 6     6 -> 12    12Gi -> 24Gi    150Gi -> 300Gi   40% MB/s
        querier            3 -> 7      3 -> 7      3Gi -> 7Gi                 -   35% queries
      thanos
        own queriers       0 -> 1    0 -> 0.1      0 -> 0.5Gi                 -     -
        own frontends      0 -> 1    0 -> 0.1      0 -> 0.3Gi                 -     -
      tenants
        gateway           6 -> 17    0.9 -> 6  0.6Gi -> 3.2Gi                 -     -
        grafana            3 -> 5  0.2 -> 0.5    1.5Gi -> 3Gi       4Gi -> 10Gi     -
        prometheus         3 -> 5  0.5 -> 1.1    2Gi -> 4.5Gi     40Gi -> 100Gi     -
      in all           105 -> 141  146 -> 210  514Gi -> 718Gi  1964Gi -> 3380Gi
      nodes              27 -> 36

     Capacity steps:
       cortex ingester: 6 -> 18
       loki ingester: 3 -> 6
       loki querier: 3 -> 7
       thanos own queriers: 0 -> 1
       thanos own frontends: 0 -> 1"
    `);
  });

  test("names every component that changes and no other, with now and after; replicas of the shared cluster are the steps", () => {
    fc.assert(
      fc.property(anyPlan, anyPlan, (before, plan) => {
        const now = remembered(before) as Asked;
        const after = askedBy(plan);
        const text = capacityNotice(plan, now);
        narrow(text);
        fc.pre(text.includes("\n"));
        const [table = "", steps = ""] = text.split(/\n\n(?=Capacity steps:|No capacity step)/);
        const keys = [...new Set([...now.components.keys(), ...after.components.keys()])];
        const differing = keys.filter((key) => JSON.stringify(now.components.get(key)) !== JSON.stringify(after.components.get(key)));
        expect(rowKeys(table).sort()).toEqual(differing.sort());
        const pods = (asked: Asked, key: string) => asked.components.get(key)?.replicas ?? 0;
        const expected = differing
          .filter((key) => !key.startsWith("tenants ") && pods(now, key) !== pods(after, key))
          .map((key) => `${key}: ${pods(now, key)} -> ${pods(after, key)}`);
        expect(steps.split("\n").slice(1).map((line) => line.trim()).sort()).toEqual(expected.sort()); // prettier-ignore
        const all = (asked: Asked) => [...asked.components.values()].reduce((sum, one) => sum + one.replicas, 0);
        const arrow = (a: number, b: number) => (a === b ? String(a) : `${a} -> ${b}`);
        expect(table).toMatch(new RegExp(`^ in all +${arrow(all(now), all(after))}  `, "m"));
        expect(table).toMatch(new RegExp(`^ nodes +${arrow(now.nodes, after.nodes)}$`, "m"));
      }),
    );
  });
});

/** Keys of the components that have a row: names below the name of their system. */
function rowKeys(table: string): string[] {
  let system = "";
  const keys: string[] = [];
  for (const line of table.split("\n").slice(3)) {
    const [, indent = "", name = ""] = /^ ( {2})?(\S+(?: \S+)*)/.exec(line) ?? [];
    if (name === "in all" || name === "nodes") break;
    if (indent === "") system = name;
    else keys.push(name === system ? name : `${system} ${name}`);
  }
  return keys;
}
