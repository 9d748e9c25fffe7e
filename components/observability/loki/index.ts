import type { LimitsFile } from "../../../model/limits";
import type { Settings } from "../../../model/settings";
import type { SharedCluster } from "../../contracts";
import type { System } from "../system";
import { declareDistributed } from "./distributed";
import { declareSingle } from "./single";

/** Loki in one of the two sizes. `limits` are the runtime files, the one thing that changes with tenants' limits. */
export function declareLoki(
  system: System,
  size: Settings["cluster"]["size"],
  limits: readonly LimitsFile[],
  cluster: SharedCluster,
): void {
  if (size === "single") declareSingle(system, limits, cluster);
  else declareDistributed(system, limits, cluster);
}
