import type { Settings } from "../../../model/settings";
import type { System } from "../system";
import { declareDistributed } from "./distributed";
import { declareSingle } from "./single";

/**
 * Cortex in one of the two sizes. `limits` is the runtime file: the one object that changes when a tenant's limits change. `readSharding` is of size
 * distributed, see `cortexConfig`.
 */
export function declareCortex(system: System, size: Settings["cluster"]["size"], limits: string, readSharding = true): void {
  if (size === "single") declareSingle(system, limits);
  else declareDistributed(system, limits, readSharding);
}
