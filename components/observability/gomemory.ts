import type { types } from "@pulumi/kubernetes";
import { amount } from "../../model/capacity-single";
import type { ContainerResources } from "../../model/tiers";

/**
 * Where Go collects garbage harder, below the limit at which the kernel kills: a tenth is left for what is not on its heap.
 * https://go.dev/doc/gc-guide#Memory_limit
 */
export function goMemory({ limits }: ContainerResources): types.input.core.v1.EnvVar {
  return { name: "GOMEMLIMIT", value: `${Math.floor(amount(limits.memory) * 1024 * 0.9)}MiB` };
}
