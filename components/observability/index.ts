import * as pulumi from "@pulumi/pulumi";
import type { LedgerEntry } from "../../model/ledger";
import { planCapacity } from "../../model/capacity";
import type { CapacitySettings } from "../../model/capacity";
import { retentionClasses } from "../../model/retention";
import { limitsFiles } from "../../model/limits";
import { readsSharded, receiverShards } from "../../model/shards";
import type { Tenant } from "../../model/tenant";
import type { Hardware, SharedCluster } from "../contracts";
import { clusterAddresses } from "./addresses";
import { declareCortex } from "./cortex";
import { declareLoki } from "./loki";
import { priorityClasses } from "./priorities";
import { declareSystem } from "./system";
import type { SystemName } from "./system";
import { declareThanos } from "./thanos";
import { limiting } from "./thanos/receive-config";

export { clusterAddresses } from "./addresses";
export { sharedPriority } from "./system";
export { dedicatedQuerier } from "./thanos/dedicated";
export type { DedicatedQuerier, QuerierOwner } from "./thanos/dedicated";

export interface ObservabilityArgs {
  readonly settings: CapacitySettings;
  readonly hardware: Hardware;
  /** Tenants of all cells that use this cluster, in any order. */
  readonly tenants: readonly Tenant[];
  /** The ledger: storage ids of retired tenants keep their overrides until their data is gone. */
  readonly retired: readonly LedgerEntry[];
  /** Replicas that there are at least (`keptReplicas`). */
  readonly atLeast: ReadonlyMap<string, number>;
}

/**
 * The shared Cortex, Loki and Thanos. All three are always declared, so that every address of `SharedCluster` exists and a first tenant of a
 * system is a change of limits only. Size single runs one process of each system, size distributed their microservices, in numbers that the capacity
 * plan gives. Limits that do not fit their objects are refused before (`checkLimitSizes`).
 */
export class ObservabilityCluster extends pulumi.ComponentResource {
  /** Plain values, for tenants of this and of other stacks. */
  public readonly addresses: SharedCluster;

  public constructor(name: string, args: ObservabilityArgs, opts: pulumi.ComponentResourceOptions = {}) {
    const { size } = args.settings.cluster;
    super("tenantstack:observability:Cluster", name, { size }, opts);
    const inside = { parent: this, provider: args.hardware.provider };
    const writes = limiting(size, args.tenants);
    const limits = limitsFiles(args.tenants, args.retired, size, writes.file);
    const plan = planCapacity(args.tenants, args.settings, { zones: args.hardware.zones.length, atLeast: args.atLeast });
    const priorities = priorityClasses(inside);
    const system = (of: SystemName) => declareSystem(of, args.hardware, plan, { ...inside, dependsOn: priorities });
    this.addresses = clusterAddresses();

    declareCortex(system("cortex"), size, limits.cortex.text, readsSharded(args.settings.cluster));
    declareLoki(system("loki"), size, limits.loki, this.addresses);
    declareThanos(system("thanos"), size, {
      limits: { text: limits.thanos.text, isMeasured: writes.isMeasured },
      classes: retentionClasses(args.tenants, args.retired),
      shardSizes: receiverShards(args.tenants),
      cluster: this.addresses,
    });

    this.registerOutputs({ addresses: this.addresses });
  }
}
