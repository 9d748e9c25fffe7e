import { quorumZones } from "./capacity-figures";
import type { SystemName } from "./capacity-figures";
import type { CapacityPlan } from "./capacity";
import type { ContainerResources } from "./tiers";

/** What the capacity plan gives one part of a system: how many pods, and what each of them gets. */
export interface PartSize {
  readonly replicas: number;
  /** Replicas in each of `quorumZones`; undefined where the part has no quorum to keep. */
  readonly perZone: number | undefined;
  readonly resources: ContainerResources;
  /** Size of each pod's volume, in Kubernetes' notation; undefined: none. */
  readonly volume: string | undefined;
}

/**
 * The size of a part in size distributed, for components/observability. Memory is requested as it may grow, so that no node is promised twice;
 * CPU may burst to twice the request, since what waits for CPU answers late but loses nothing.
 * @throws Error for a part that the plan does not name: model/capacity-figures.ts must list it.
 */
export function partSize(plan: CapacityPlan, system: SystemName, part: string): PartSize {
  const planned = plan.components.find((one) => one.system === system && one.name === part);
  if (planned === undefined) throw new Error(`model/capacity-figures.ts has no figures for ${part} of ${system}`);
  const { replicas, quorum } = planned;
  const each = (total: number) => total / replicas;
  const memory = `${Math.round(each(planned.memory) * 1024)}Mi`;
  return {
    replicas,
    perZone: quorum ? replicas / quorumZones.length : undefined,
    resources: { requests: { cpu: millis(each(planned.cpu)), memory }, limits: { cpu: millis(2 * each(planned.cpu)), memory } },
    volume: planned.volume === 0 ? undefined : `${Math.ceil(each(planned.volume))}Gi`,
  };
}

const millis = (cores: number) => `${Math.round(cores * 1000)}m`;
