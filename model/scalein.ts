import type { CapacityPlan } from "./capacity";
import { componentKey, type Asked } from "./capacity-record";
import type { Settings } from "./settings";

/**
 * Cortex' ingesters keep what is not in the bucket yet on volumes of their own, and upload none of it when they end: a smaller plan, as after a tenant has
 * gone, would take the last hours of samples of every tenant out of reach, in all three zones in one `up`. So the number of an `up` stays until an operator has
 * emptied those that go and says `cluster.fewerIngesters` (docs/operations.md). Loki's ingesters flush, and Thanos' ship, before they end.
 */
const ingesters = "cortex ingester";

/** Least replicas by component, for `planCapacity`. `last` is what the last `up` asked for. */
export function keptReplicas(last: Asked | undefined, cluster: Settings["cluster"]): ReadonlyMap<string, number> {
  const replicas = last?.components.get(ingesters)?.replicas;
  return new Map(replicas === undefined || cluster.size === "single" || cluster.fewerIngesters === true ? [] : [[ingesters, replicas]]);
}

/** What a preview says where ingesters stay that the plan by itself, `needed`, could do without; undefined where it needs all. */
export function keptNotice(needed: CapacityPlan, plan: CapacityPlan): string | undefined {
  const [least = 0, stay = 0] = [needed, plan].map(({ components }) => components.find((one) => componentKey(one) === ingesters)?.replicas);
  if (stay <= least) return undefined;
  return (
    `${stay} Cortex ingesters stay, though ${least} would do: they hold samples that are nowhere else yet. ` +
    "To let them go see docs/operations.md, Fewer ingesters of Cortex"
  );
}
