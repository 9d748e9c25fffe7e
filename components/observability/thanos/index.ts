import type { RetentionClass } from "../../../model/retention";
import type { Settings } from "../../../model/settings";
import type { SharedCluster } from "../../contracts";
import type { System } from "../system";
import { declareDistributed } from "./distributed";
import type { WriteLimitsFile } from "./receive";
import type { ShardSizes } from "./receive-config";
import { declareSingle } from "./single";

export interface ThanosArgs {
  /** The runtime file of tenants' limits: the one object that changes when a limit changes. */
  readonly limits: WriteLimitsFile;
  /** The partition of storage ids by retention; nothing without a bucket. */
  readonly classes: readonly RetentionClass[];
  /** Size distributed only. */
  readonly shardSizes: ShardSizes;
  readonly cluster: SharedCluster;
}

/** Thanos in one of the two sizes. */
export function declareThanos(system: System, size: Settings["cluster"]["size"], args: ThanosArgs): void {
  if (size === "single") declareSingle(system, args);
  else declareDistributed(system, args);
}
