import fc from "fast-check";
import { planCapacity } from "../../model/capacity";
import { capacityProblems } from "../../model/capacity-problems";
import type { CapacityPlan, Planned } from "../../model/capacity";
import { capacityNotice } from "../../model/capacity-notice";
import { askedBy, capacityRecord, readCapacity } from "../../model/capacity-record";
import type { Asked } from "../../model/capacity-record";
import { capacityTable } from "../../model/capacity-table";
import type { Tenant } from "../../model/tenant";
import { anyTenants, settings, three } from "./capacity-kit";

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

/** A plan by hand, so that what it says does not depend on the figures of the day. */
function planWith(ingesters: number, gateways: number): CapacityPlan {
  const part = (system: Planned["system"], name: string, replicas: number, pod: [cpu: number, memory: number, volume: number]): Planned => {
    const [cpu, memory, volume] = pod.map((each) => each * replicas) as [number, number, number];
    return { system, name, replicas, cpu, memory, volume, quorum: false, bounds: [] };
  };
  const series = {
    dimension: "series" as const,
    allowed: 5e6,
    expected: 3e6,
    holds: ingesters * 1e6,
    most: { tenant: three[0]!, share: 1 },
  };
  const components = [
    { ...part("cortex", "ingester", ingesters, [4, 15, 100]), bounds: [series] },
    part("cortex", "compactor", 1, [1, 5, 50]),
    part("loki", "loki", 1, [0.25, 4, 20]),
    part("tenants", "gateway", gateways, [0.1, 0.0625, 0]),
    part("tenants", "collector", 0, [0.1, 0.25, 0]),
  ];
  const sum = (field: "cpu" | "memory" | "volume") => components.reduce((all, one) => all + one[field], 0);
  const totals = { cpu: sum("cpu"), memory: sum("memory"), volume: sum("volume"), nodes: ingesters * 3 };
  const node = { type: "m7i.2xlarge", cpu: 8, memory: 32 };
  return { size: "distributed", zones: 3, buffer: 0.5, tenants: gateways, components, totals, node };
}

describe("the output that the next run compares with", () => {
  test("has a line for each component that has pods, and the number of nodes", () => {
    expect(capacityRecord(planWith(6, 3))).toEqual({
      "cortex ingester": "6 pods, 24 CPU, 90 GiB memory, 600 GiB volumes",
      "cortex compactor": "1 pod, 1 CPU, 5 GiB memory, 50 GiB volumes",
      loki: "1 pod, 0.25 CPU, 4 GiB memory, 20 GiB volumes",
      "tenants gateway": "3 pods, 0.3 CPU, 0.188 GiB memory, 0 GiB volumes",
      nodes: "18",
    });
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
    expect(capacityNotice(planWith(6, 1), remembered(planWith(6, 1)))).toBe(
      "Capacity: no change; 1 tenant, 18 nodes, least headroom: cortex ingester 50% series",
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
    const plan = planWith(6, 3);
    expect(capacityNotice(plan, readCapacity({ ...capacityRecord(plan), nodes: "9" }))).toMatch(/^ nodes +9 -> 18$/m);
  });

  test("has what changes, the totals, and the steps apart", () => {
    const text = capacityNotice(planWith(9, 4), remembered(planWith(6, 3)));
    expect(text).toMatchInlineSnapshot(`
     "Capacity of size distributed over 3 zones for 4 tenants, what changes against the last up:

                      pods         CPU          memory         volumes  headroom
      cortex
        ingester    6 -> 9    24 -> 36   90Gi -> 135Gi  600Gi -> 900Gi   66% series
      tenants
        gateway     3 -> 4  0.3 -> 0.4  0.2Gi -> 0.3Gi               -     -
      in all      11 -> 15    26 -> 38   99Gi -> 144Gi  670Gi -> 970Gi
      nodes       18 -> 27

     Capacity steps:
       cortex ingester: 6 -> 9"
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
        const arrow = (a: number, b: number) => (a === b ? String(a) : `${a} ?-> ?${b}`);
        expect(table).toMatch(new RegExp(`^ in all +${arrow(all(now), all(after))}  `, "m"));
        expect(table).toMatch(new RegExp(`^ nodes +${arrow(now.nodes, after.nodes)}$`, "m"));
      }),
      // Making a counterexample of two plans smaller can take minutes.
      { interruptAfterTimeLimit: 20_000 },
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
