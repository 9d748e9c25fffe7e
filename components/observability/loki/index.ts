import type { Settings } from "../../../model/settings";
import type { SharedCluster } from "../../contracts";
import type { System } from "../system";
import { declareDistributed } from "./distributed";
import { declareSingle } from "./single";

/** Loki in one of the two sizes. `limits` is the runtime file: the one object that changes when a tenant's limits change. */
export function declareLoki(system: System, size: Settings["cluster"]["size"], limits: string, cluster: SharedCluster): void {
  if (size === "single") declareSingle(system, limits, cluster);
  else declareDistributed(system, limits, cluster);
}
