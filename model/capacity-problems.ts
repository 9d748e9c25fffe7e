import { planCapacity } from "./capacity";
import type { Bound, CapacityPlan, CapacitySettings } from "./capacity";
import { lokiMost } from "./capacity-figures";
import { tenantProblem } from "./conflicts";
import { InputError } from "./problem";
import type { Problem } from "./problem";
import type { Tenant } from "./tenant";
import { formatQuantity } from "./units";

/** "No more than 5,000 nodes": kubernetes.io, considerations for large clusters. */
const mostNodes = 5_000;

/** Fields of the tenant file behind the dimensions that a plan can break at, with the words for them, in the order they are reported. */
const limitsOf = {
  series: { path: ["limits", "metrics", "activeSeries"], unit: "series" },
  samples: { path: ["limits", "metrics", "samplesPerSecond"], unit: "samples/s" },
  megabytes: { path: ["limits", "logs", "megabytesPerSecond"], unit: "MB/s" },
  streams: { path: ["limits", "logs", "streams"], unit: "streams" },
} as const;
type Breakable = keyof typeof limitsOf;

/** Every limit that a plan cannot hold, the first first; empty when it holds its tenants. Each stands at the tenant that uses most of it. */
export function capacityProblems(plan: CapacityPlan): Problem[] {
  const bounds =
    plan.size === "single" ? plan.components.flatMap((one) => one.bounds.map((bound) => ({ ...bound, system: one.system }))) : [];
  const loki = plan.components.find((one) => one.system === "loki")?.bounds.find((bound) => bound.dimension === "megabytes");
  if (plan.size === "distributed" && loki !== undefined) bounds.push({ ...loki, holds: lokiMost, system: "loki" });
  const full = bounds.filter((bound) => bound.expected > bound.holds && bound.dimension in limitsOf);
  return [...full.map((bound) => fullProblem(plan.size, bound.system, bound)), ...nodeProblem(plan)];
}

function fullProblem(size: CapacityPlan["size"], system: string, bound: Bound): Problem {
  const { path, unit } = limitsOf[bound.dimension as Breakable];
  const { tenant, share } = bound.most ?? {};
  if (tenant === undefined || share === undefined) throw new Error(`${system} is full without tenants`);
  const value = bound.allowed * share;
  const shown = (number: number) => `${rounded(number)} ${unit}`;
  const where = size === "single" ? `${system} in cluster.size single holds` : `${system} has no published sizing above`;
  const rule =
    `${where} ${shown(bound.holds)} at one time, and its tenants are expected to use ${shown(bound.expected)} ` +
    `(${percent(bound.expected / bound.allowed)} of the ${rounded(bound.allowed)} that their limits add up to; ${rounded(value)} of it ${tenant.name})`;
  const fitting = Math.floor((bound.holds / bound.expected) * bound.allowed - (bound.allowed - value));
  const lower = fitting > 0 ? `Write ${path.at(-1)}: ${rounded(fitting)} or less here` : `Lower ${path.at(-1)} of several tenants`;
  const other =
    size === "single"
      ? "or write cluster.size: distributed in the stack's settings"
      : "or move tenants to a stack with a cluster of its own";
  return tenantProblem(tenant, path, formatQuantity(value), rule, `${lower}, ${other}; npx tenantstack capacity shows who uses what`);
}

function nodeProblem({ totals, node, size }: CapacityPlan): Problem[] {
  if (totals.nodes <= mostNodes) return [];
  const rule = `needs ${totals.nodes} nodes of ${node.cpu} CPU and ${node.memory} GiB; one Kubernetes cluster has at most ${mostNodes}`;
  return [
    { file: "tenants", line: 0, column: 0, path: "", value: size, rule, remedy: "Move tenants to a stack with a cluster of its own" },
  ];
}

const percent = (share: number) => `${Math.round(share * 100)}%`;

/** Three digits, rounded down so that what is said to fit does: 1048576 is `1.04M`. */
export function rounded(value: number): string {
  if (value <= 0) return "0";
  const unit = 10 ** (Math.floor(Math.log10(value) + 1e-9) - 2);
  return formatQuantity(Number((Math.floor(value / unit + 1e-9) * unit).toPrecision(3)));
}

/**
 * Refuses tenants that the cluster of these settings cannot hold, before anything is declared.
 * @throws InputError naming the first limit that breaks the plan, the numbers and the remedy.
 */
export function checkCapacity(tenants: readonly Tenant[], settings: CapacitySettings): void {
  const problems = capacityProblems(planCapacity(tenants, settings));
  if (problems.length > 0) throw new InputError(problems);
}
