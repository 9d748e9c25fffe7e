import type { SharedCluster } from "../../contracts";
import type { System } from "../system";

/** Thanos's microservices. */
export function declareDistributed(system: System, limits: string, cluster: SharedCluster): void {
  throw new Error(`size distributed of ${system.name} is not built yet (${limits.length}${Object.keys(cluster).length})`);
}
