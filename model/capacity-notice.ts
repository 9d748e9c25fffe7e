import type { CapacityPlan } from "./capacity";
import { askedBy, capacityChanges, capacitySteps, componentKey, systemAndName } from "./capacity-record";
import type { Amounts, Asked, CapacityChange } from "./capacity-record";
import { capacityTable, cores, fullest, gib, grid, headroom, sizeAndTenants } from "./capacity-table";
import type { Row } from "./capacity-table";

/**
 * What a preview says of capacity, at most 100 columns wide. Without an earlier `up` the whole plan; when nothing changes against it, one line; else
 * the rows that change, the totals, and apart from them the replicas that come and go.
 */
export function capacityNotice(plan: CapacityPlan, now: Asked | undefined): string {
  if (now === undefined) return capacityTable(plan);
  const after = askedBy(plan);
  const changes = capacityChanges(now, after);
  if (changes.length === 0 && now.nodes === after.nodes)
    return `Capacity: no change; ${counted(plan.tenants, "tenant")}, ${counted(after.nodes, "node")}, ${leastHeadroom(plan)}`;
  const steps = capacitySteps(now, after);
  const spaced = table(now, plan, changes, " -> ");
  return [
    `Capacity of ${sizeAndTenants(plan)}, what changes against the last up:`,
    "",
    width(spaced) <= mostColumns ? spaced : table(now, plan, changes, "->"),
    "",
    steps.length === 0 ? "No capacity step: no replica of the shared cluster comes or goes." : "Capacity steps:",
    ...steps,
  ].join("\n");
}

const mostColumns = 100;
const width = (text: string) => Math.max(...text.split("\n").map((line) => line.length));

/** Rows that change and the totals; `arrow` stands between now and after. */
function table(now: Asked, plan: CapacityPlan, changes: readonly CapacityChange[], arrow: string): string {
  const after = askedBy(plan);
  return grid([
    ["", "", ">pods", ">CPU", ">memory", ">volumes", "headroom"],
    ...changes.flatMap((change, at) => rowsOf(change, changes[at - 1], plan, arrow)),
    ["", "in all", ...cells({ now: sum(now), after: sum(after) }, arrow)],
    ["", "nodes", `>${between(now.nodes, after.nodes, arrow)}`],
  ]);
}

const counted = (count: number, what: string) => (count === 1 ? `1 ${what}` : `${count} ${what}s`);

/** The part of the shared cluster that is full first. */
function leastHeadroom({ components }: CapacityPlan): string {
  const bounds = components.flatMap((one) => one.bounds.map((bound) => ({ ...bound, key: componentKey(one) })));
  const bound = fullest(bounds);
  return bound === undefined ? "all of it free" : `least headroom: ${bound.key} ${headroom(bound).trim()}`;
}

/** A component that changes, below the name of its system where that is another than the row's before. */
function rowsOf(change: CapacityChange, before: CapacityChange | undefined, plan: CapacityPlan, arrow: string): Row[] {
  const [system, name] = systemAndName(change.key);
  const component = plan.components.find((one) => componentKey(one) === change.key);
  const row: Row = ["", `  ${name}`, ...cells(change, arrow), headroom(fullest(component?.bounds ?? []))];
  return before !== undefined && systemAndName(before.key)[0] === system ? [row] : [["", system], row];
}

const between = (now: number | string, after: number | string, arrow: string) => (now === after ? String(now) : `${now}${arrow}${after}`);

function cells({ now, after }: Omit<CapacityChange, "key">, arrow: string): string[] {
  const gibs = (value: number) => (value === 0 ? "0" : gib(value));
  return [
    `>${between(now.replicas, after.replicas, arrow)}`,
    `>${between(cores(now.cpu), cores(after.cpu), arrow)}`,
    `>${between(gibs(now.memory), gibs(after.memory), arrow)}`,
    `>${now.volume + after.volume === 0 ? "-" : between(gibs(now.volume), gibs(after.volume), arrow)}`,
  ];
}

function sum({ components }: Asked): Amounts {
  const total = (field: keyof Amounts) => [...components.values()].reduce((all, one) => all + one[field], 0);
  return { replicas: total("replicas"), cpu: total("cpu"), memory: total("memory"), volume: total("volume") };
}
