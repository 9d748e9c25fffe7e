import * as pulumi from "@pulumi/pulumi";
import type { LedgerEntry } from "../../model/ledger";
import type { Settings } from "../../model/settings";
import type { Tenant } from "../../model/tenant";
import type { Hardware, SharedCluster } from "../contracts";
import { clusterAddresses, refuseDistributed } from "./addresses";
import { declareCortex } from "./cortex";
import { limitsFiles } from "./limits";
import { declareLoki } from "./loki";
import { declareSystem } from "./system";
import { declareThanos } from "./thanos";

export { clusterAddresses } from "./addresses";
export { dedicatedQuerier } from "./thanos/dedicated";
export type { DedicatedQuerier, QuerierOwner } from "./thanos/dedicated";

export interface ObservabilityArgs {
  readonly settings: Pick<Settings, "stack" | "cluster">;
  readonly hardware: Hardware;
  /** Tenants of all cells that use this cluster, in any order. */
  readonly tenants: readonly Tenant[];
  /** The ledger: storage ids of retired tenants keep their overrides until their data is gone. */
  readonly retired: readonly LedgerEntry[];
}

/**
 * The shared Cortex, Loki and Thanos. All three are always declared, so that every address of `SharedCluster` exists and a first tenant of a
 * system is a change of limits only. With size single nothing is replicated, so there are no disruption budgets: they could only block drains.
 * @throws InputError for a size that cannot be declared, RunError for limits that do not fit one object.
 */
export class ObservabilityCluster extends pulumi.ComponentResource {
  /** Plain values, for tenants of this and of other stacks. */
  public readonly addresses: SharedCluster;

  public constructor(name: string, args: ObservabilityArgs, opts: pulumi.ComponentResourceOptions = {}) {
    refuseDistributed(args.settings.cluster.size, args.settings.stack);
    super("tenantstack:observability:Cluster", name, { size: args.settings.cluster.size }, opts);
    const inside = { parent: this, provider: args.hardware.provider };
    const limits = limitsFiles(args.tenants, args.retired);
    this.addresses = clusterAddresses(args.settings.cluster.size);

    declareCortex(declareSystem("cortex", args.hardware, inside), limits.cortex);
    declareLoki(declareSystem("loki", args.hardware, inside), limits.loki, this.addresses);
    declareThanos(declareSystem("thanos", args.hardware, inside), limits.thanos, this.addresses);

    this.registerOutputs({ addresses: this.addresses });
  }
}
