import type { LimitsFile } from "../../../model/limits";
import type { SharedCluster } from "../../contracts";
import type { System } from "../system";

/** Loki's microservices. */
export function declareDistributed(system: System, limits: readonly LimitsFile[], cluster: SharedCluster): void {
  throw new Error(`size distributed of ${system.name} is not built yet (${limits.length}${Object.keys(cluster).length})`);
}
