import { expectedUse } from "./capacity-figures";
import type { Dimension } from "./capacity-figures";
import { rounded } from "./capacity-problems";
import { askedBy, capacitySteps, componentKey } from "./capacity-record";
import type { Bound, CapacityPlan, Planned } from "./capacity";

/** The plan of other tenant files to compare with: `name` is the commit they are from. */
export interface Base {
  readonly name: string;
  readonly plan: CapacityPlan;
}

/**
 * The plan as a table for people, at most 100 columns wide: size distributed by component, size single by what its processes hold. With a base also
 * what is now, which lines change, and the steps apart.
 */
export function capacityTable(plan: CapacityPlan, base?: Base): string {
  const rows = plan.size === "single" ? singleRows(plan, base?.plan) : distributedRows(plan, base?.plan);
  return [heading(plan), "", grid(rows), "", grid(totalRows(plan, base?.plan)), ...steps(plan, base), ""].join("\n");
}

/** `size distributed over 3 zones for 5 tenants` */
export function sizeAndTenants(plan: CapacityPlan): string {
  const count = plan.tenants === 1 ? "1 tenant" : `${plan.tenants} tenants`;
  const over = plan.size === "single" ? "" : ` over ${plan.zones === 1 ? "1 zone" : `${plan.zones} zones`}`;
  return `size ${plan.size}${over} for ${count}`;
}

function heading(plan: CapacityPlan): string {
  const use = `${percent(expectedUse.samples)} of limits`;
  const expects = plan.size === "single" ? use : `${use} (queries ${percent(expectedUse.queries)}) + ${percent(plan.buffer)}`;
  return `Capacity of ${sizeAndTenants(plan)}, expecting ${expects}`;
}

const words: Readonly<Record<Dimension, string>> = {
  series: "series",
  samples: "samples/s",
  megabytes: "MB/s",
  streams: "streams",
  queries: "queries",
  kept: "blocks",
  rules: "rules",
  tenants: "tenants",
};

const order = ["cortex", "loki", "thanos", "tenants"] as const;

const find = (plan: CapacityPlan | undefined, one: Planned) => plan?.components.find((other) => componentKey(other) === componentKey(one));

/** Components of a plan, and where a base has some that the plan has no more, those with nothing. */
function lines(plan: CapacityPlan, base: CapacityPlan | undefined): Planned[] {
  const gone = (base?.components ?? []).filter((one) => find(plan, one) === undefined);
  return [...plan.components, ...gone.map((one) => ({ ...one, replicas: 0, cpu: 0, memory: 0, volume: 0, bounds: [] }))];
}

/** A row of cells; a cell that starts with `>` is aligned to the right. */
export type Row = readonly string[];

function distributedRows(plan: CapacityPlan, base: CapacityPlan | undefined): Row[] {
  const all = lines(plan, base);
  const counts = base === undefined ? [">pods"] : [">now", ">after"];
  const header = ["", "", ...counts, ">zone", ">CPU", ">memory", ">volumes", "headroom", "uses most"];
  return [
    header,
    ...order.flatMap((system) =>
      systemRows(
        system,
        all.filter((one) => one.system === system),
        plan.zones,
        base,
      ),
    ),
  ];
}

/** A system with its sums, and its components below it. */
function systemRows(system: string, parts: readonly Planned[], zones: number, base: CapacityPlan | undefined): Row[] {
  const sum = (of: (one: Planned) => number) => parts.reduce((total, one) => total + of(one), 0);
  const now = (one: Planned) => find(base, one)?.replicas ?? 0;
  const counts = (before: number, after: number) => (base === undefined ? [`>${after}`] : [`>${before}`, `>${after}`]);
  const amounts = (of: Pick<Planned, "cpu" | "memory" | "volume">) => [
    `>${cores(of.cpu)}`,
    `>${gib(of.memory)}`,
    `>${of.volume === 0 ? "-" : gib(of.volume)}`,
  ];
  const total = { cpu: sum((one) => one.cpu), memory: sum((one) => one.memory), volume: sum((one) => one.volume) };
  return [
    [
      "",
      system,
      ...counts(
        sum(now),
        sum((one) => one.replicas),
      ),
      "",
      ...amounts(total),
    ],
    ...parts.map((one) => {
      const mark = base !== undefined && now(one) !== one.replicas ? "~" : "";
      const zone = one.system === "tenants" ? "" : perZone(one.replicas, zones);
      const bound = fullest(one.bounds);
      return [mark, `  ${one.name}`, ...counts(now(one), one.replicas), `>${zone}`, ...amounts(one), headroom(bound), mostOf(bound)];
    }),
  ];
}

/** In size single every process is one; what changes is how full it is. The name of a system stands at its first row only. */
function singleRows(plan: CapacityPlan, base: CapacityPlan | undefined): Row[] {
  const expected = base === undefined ? [">expected"] : [">now", ">after"];
  const rows = plan.components.flatMap((one) =>
    one.bounds.map((bound, i) => {
      const before = find(base, one)?.bounds.find((other) => other.dimension === bound.dimension)?.expected ?? 0;
      const now = base === undefined ? [] : [`>${rounded(before)}`];
      const mark = base !== undefined && before !== bound.expected ? "~" : "";
      const counts = [...now, `>${rounded(bound.expected)}`, `>${rounded(bound.holds)}`];
      return [mark, i === 0 ? one.system : "", words[bound.dimension], ...counts, `>${free(bound)}`, mostOf(bound)];
    }),
  );
  return [["", "", "", ...expected, ">one process holds", ">headroom", "uses most"], ...rows];
}

/** The bound with the least headroom, of those that any tenant uses. */
export function fullest<B extends Bound>(bounds: readonly B[]): B | undefined {
  return bounds.filter((each) => each.most !== undefined).sort((x, y) => used(y) - used(x))[0];
}

const used = (bound: Bound) => bound.expected / bound.holds;

/** How much more of what is expected now would fit. */
const free = (bound: Bound) => (used(bound) > 1 ? `none: ${percent(used(bound))}` : percent(1 - used(bound), Math.floor));

export const headroom = (bound: Bound | undefined) =>
  bound === undefined ? "   -" : `${free(bound).padStart(4)} ${words[bound.dimension]}`;

function mostOf(bound: Bound | undefined): string {
  if (bound?.most === undefined || bound.dimension === "tenants") return "-";
  const { tenant, share } = bound.most;
  return `${tenant.name.length > 12 ? `${tenant.name.slice(0, 11)}…` : tenant.name} ${percent(share)}`;
}

function perZone(replicas: number, zones: number): string {
  const [least, most] = [Math.floor(replicas / zones), Math.ceil(replicas / zones)];
  return least === most ? String(least) : `${least}-${most}`;
}

function totalRows(plan: CapacityPlan, base: CapacityPlan | undefined): Row[] {
  const { type, cpu, memory } = plan.node;
  const perNode = `of ${cpu} CPU, ${memory} GiB (as ${type})${plan.zones === 1 ? "" : `, the same in each zone`}`;
  const row = (name: string, of: (totals: CapacityPlan["totals"]) => string, note = ""): Row => {
    const now = base === undefined ? [] : [`>${of(base.totals)}`];
    return ["", name, ...now, `>${of(plan.totals)}`, note];
  };
  return [
    ["", "in all", ...(base === undefined ? [">"] : [">now", ">after"]), ""],
    row("CPU", (totals) => cores(totals.cpu), "requested"),
    row("memory", (totals) => gib(totals.memory), plan.size === "single" ? "when each process is full" : "requested"),
    row("volumes", (totals) => gib(totals.volume)),
    row("nodes", (totals) => String(totals.nodes), perNode),
  ];
}

/** What an operator must expect when this is rolled out: replicas that come and go. */
function steps(plan: CapacityPlan, base: Base | undefined): string[] {
  if (base === undefined) return [];
  const found = capacitySteps(askedBy(base.plan), askedBy(plan));
  return ["", found.length === 0 ? `No capacity step against ${base.name}.` : `Capacity steps against ${base.name}:`, ...found];
}

/** Columns two spaces apart, as wide as their widest cell. */
export function grid(rows: readonly Row[]): string {
  const bare = (cell: string) => cell.replace(/^>/, "");
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, index) => (widths[index] = Math.max(widths[index] ?? 0, bare(cell).length)));
  const pad = (cell: string, width: number) => (cell.startsWith(">") ? bare(cell).padStart(width) : cell.padEnd(width));
  const line = (row: Row) => row.map((cell, index) => pad(cell, widths[index] ?? 0)).join("  ");
  // The first column only marks changes: one space is enough behind it.
  return rows
    .map((row) =>
      line(row)
        .replace(/^(~?)( *?) {2}/, "$1$2 ")
        .trimEnd(),
    )
    .join("\n");
}

const percent = (share: number, round: (value: number) => number = Math.round) => `${round(share * 100)}%`;

/** Small amounts with one digit behind the point. */
const short = (value: number) => String(value < 10 ? Math.round(value * 10) / 10 : Math.round(value));
export const cores = short;

export function gib(value: number): string {
  return value >= 10_240 ? `${(value / 1024).toFixed(1)}Ti` : `${short(value)}Gi`;
}
