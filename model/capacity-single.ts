import { distributed } from "./capacity-figures";
import type { Dimension, SystemName } from "./capacity-figures";
import type { ContainerResources } from "./tiers";

/** What size single declares for one process: components/observability takes it from here. */
export interface SingleSize {
  readonly resources: ContainerResources;
  readonly volume?: string;
}

/**
 * A store requests what an almost idle process takes and may grow to its limit: size single is for development, where a cluster on a laptop must
 * carry all of them. Queriers and front ends hold nothing and have one figure for memory.
 */
const growing = (memory: string, cpuLimit: string, memoryLimit: string): ContainerResources => ({
  requests: { cpu: "250m", memory },
  limits: { cpu: cpuLimit, memory: memoryLimit },
});
const fixed = (cpu: string, cpuLimit: string, memory: string): ContainerResources => ({
  requests: { cpu, memory },
  limits: { cpu: cpuLimit, memory },
});

/**
 * Limits: three tenants by their tiers' defaults (medium and two small) fit Cortex and Loki with a sixth to spare. Thanos holds as many series on
 * volumes, half of them with a bucket: there its 20 GiB are the bound, and a volume cannot be made larger in place.
 */
export const singleSizes = {
  cortex: { resources: growing("2Gi", "5", "6Gi"), volume: "20Gi" },
  loki: { resources: growing("1Gi", "3", "4Gi"), volume: "20Gi" },
  receive: { resources: growing("1Gi", "5", "6Gi"), volume: "20Gi" },
  store: { resources: fixed("100m", "2", "1Gi"), volume: "10Gi" },
  compactor: { resources: fixed("50m", "2", "512Mi"), volume: "10Gi" },
  querier: { resources: fixed("100m", "2", "512Mi") },
  frontend: { resources: fixed("50m", "1", "256Mi") },
} as const satisfies Record<string, SingleSize>;

/** Cores and GiB out of Kubernetes' notation: `250m` is 0.25, `512Mi` is 0.5. */
export function amount(quantity: string): number {
  const value = Number.parseFloat(quantity);
  if (quantity.endsWith("m")) return value / 1000;
  return quantity.endsWith("Mi") ? value / 1024 : value;
}

const gib = 2 ** 30;

/** GiB of a process that are not for what tenants write: its own parts and queries. Assumption; all three idle below 0.2 GiB (measured). */
const base = { cortex: 1, loki: 0.5, thanos: 0.5 } as const;

/** What one of something costs, out of the figures of the parts that one process unites. */
function perPod(system: SystemName, part: string, dimension: Dimension): { cpu: number; memory: number } {
  const component = distributed[system].find((one) => one.name === part);
  const hold = component?.holds.find((one) => one.dimension === dimension);
  if (component === undefined || hold === undefined) throw new Error(`no figure for ${dimension} of ${system} ${part}`);
  const pod = component.from?.pod ?? component.pod;
  return { cpu: pod.cpu / hold.each, memory: pod.memory / hold.each };
}

const metricsCpu = perPod("cortex", "distributor", "samples").cpu + perPod("cortex", "ingester", "samples").cpu;
const logsCpu = perPod("loki", "distributor", "megabytes").cpu + perPod("loki", "ingester", "megabytes").cpu;
const seriesMemory = perPod("cortex", "ingester", "series").memory;
const logsMemory = perPod("loki", "ingester", "megabytes").memory;
const streamMemory = 2 ** 18 / gib;

/**
 * GiB that a series leaves on the volume of Thanos receive, which keeps two days where there is a bucket. Cortex' page on ingesters: 30 KB for the
 * first day with its log; Mimir: 2 bytes a sample in blocks, so 11.5 KB for each further day at a sample every 15 s.
 */
const diskPerSeries = 41_500 / gib;

/**
 * What one process per system serves at one time. Where blocks stay on the volume (no bucket) it bounds how long data is kept, not how much is
 * taken in, so it is not in here.
 */
export function singleHolds(hasBucket: boolean): Readonly<Record<SystemName, Partial<Record<Dimension, number>>>> {
  const { cortex, loki, receive } = singleSizes;
  const room = (size: SingleSize, system: SystemName) => amount(size.resources.limits.memory) - base[system];
  const cpu = (size: SingleSize) => amount(size.resources.limits.cpu);
  const heads = room(receive, "thanos") / seriesMemory;
  return {
    cortex: { series: room(cortex, "cortex") / seriesMemory, samples: cpu(cortex) / metricsCpu },
    loki: {
      megabytes: Math.min(cpu(loki) / logsCpu, room(loki, "loki") / logsMemory),
      streams: room(loki, "loki") / streamMemory,
    },
    thanos: {
      series: hasBucket ? Math.min(heads, amount(receive.volume) / diskPerSeries) : heads,
      samples: cpu(receive) / metricsCpu,
    },
  };
}
