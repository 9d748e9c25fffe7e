import type { System } from "../system";

/** Cortex's microservices. */
export function declareDistributed(system: System, limits: string): void {
  throw new Error(`size distributed of ${system.name} is not built yet (${limits.length})`);
}
