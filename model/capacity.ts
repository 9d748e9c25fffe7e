import { defaultBuffer, distributed, quorumZones, systems } from "./capacity-figures";
import type { Component, Dimension, Pod, SystemName } from "./capacity-figures";
import { amount, singleHolds, singleSizes } from "./capacity-single";
import type { SingleSize } from "./capacity-single";
import { componentKey } from "./capacity-record";
import { counted, loadsOn, uses } from "./capacity-use";
import type { Load, Loads } from "./capacity-use";
import { retentionClasses } from "./retention";
import type { Settings } from "./settings";
import { serviceLevel } from "./tiers";
import type { ContainerResources } from "./tiers";
import type { Tenant } from "./tenant";

export { defaultBuffer } from "./capacity-figures";
export { singleSizes } from "./capacity-single";

/** Nodes that a cloud is asked for: the same number in every zone. */
export type NodePlan = Pick<CapacityPlan, "node" | "zones" | "totals">;

/** What of a stack's settings the plan depends on. */
export type CapacitySettings = Pick<Settings, "stack" | "cluster" | "hardware" | "s3" | "aws">;

export interface CapacityOptions {
  /** What is planned above expected use: 0.5 is half as much again. Size distributed only. Default `defaultBuffer`. */
  readonly buffer?: number;
  /** Availability zones; default those of the settings, one on existing hardware. */
  readonly zones?: number;
  /** Replicas of a component that there are at least, by its key (`cortex ingester`). Size distributed only. */
  readonly atLeast?: ReadonlyMap<string, number>;
}

/** How far one dimension of a component is used. */
export interface Bound extends Load {
  readonly dimension: Dimension;
  /** How much of it all replicas serve. */
  readonly holds: number;
}

/** One part of the cluster: totals of all its replicas, in cores and GiB. */
export interface Planned {
  readonly system: SystemName | "tenants";
  readonly name: string;
  readonly replicas: number;
  readonly cpu: number;
  /** What the pods request; in size single what they may grow to. */
  readonly memory: number;
  readonly volume: number;
  /** The same number of replicas in each of the quorum's zones. */
  readonly quorum: boolean;
  readonly bounds: readonly Bound[];
}

export interface CapacityPlan {
  readonly size: Settings["cluster"]["size"];
  readonly zones: number;
  readonly buffer: number;
  /** Tenants that the plan counts: all but retired ones. */
  readonly tenants: number;
  readonly components: readonly Planned[];
  readonly totals: { readonly cpu: number; readonly memory: number; readonly volume: number; readonly nodes: number };
  /** The node that `totals.nodes` counts. */
  readonly node: Node;
}

/** A node by its name at AWS, and what of it pods get. */
export interface Node {
  readonly type: string;
  readonly cpu: number;
  readonly memory: number;
}

/** 4 GiB a core, as ingesters are bound by memory; the larger one so that an ingester of 4 cores and 15 GiB finds room. */
export const nodes: Readonly<Record<CapacityPlan["size"], Node>> = {
  single: { type: "m7i.xlarge", cpu: 4, memory: 16 },
  distributed: { type: "m7i.2xlarge", cpu: 8, memory: 32 },
};

/**
 * Of a node: EKS keeps 0.1 cores and 1 GiB (its formula at 58 pods), agents on every node take 0.4 cores and 1 GiB (assumption), and a fifth stays
 * empty since pods do not fill gaps exactly (assumption).
 */
const forPods = (node: Node) => ({ cpu: (node.cpu - 0.5) * 0.8, memory: (node.memory - 2) * 0.8 });

/**
 * What the cluster needs for these tenants: pure, and the order of tenants does not matter. More tenants or higher limits never give less of
 * anything. It says nothing of whether that can be had: see `capacityProblems`.
 */
export function planCapacity(tenants: readonly Tenant[], settings: CapacitySettings, options: CapacityOptions = {}): CapacityPlan {
  const { size } = settings.cluster;
  const { buffer = defaultBuffer, zones = settings.aws?.zones ?? 1, atLeast = new Map<string, number>() } = options;
  const living = counted(tenants);
  const shared = size === "single" ? singleParts(living, settings) : distributedParts(living, zones, buffer, atLeast);
  const components = [...shared, ...dedicatedParts(living), ...tenantParts(living)];
  const sum = (of: (one: Planned) => number) => components.reduce((total, one) => total + of(one), 0);
  const totals = { cpu: sum((one) => one.cpu), memory: sum((one) => one.memory), volume: sum((one) => one.volume) };
  const node = nodes[size];
  const room = forPods(node);
  const perZone = up(Math.max(totals.cpu / room.cpu, totals.memory / room.memory, 1) / zones);
  return {
    size,
    zones,
    buffer: size === "single" ? 0 : buffer,
    tenants: living.length,
    components,
    totals: { ...totals, nodes: perZone * zones },
    node,
  };
}

/** Up to a whole number; what floating point adds to an exact one does not count. */
const up = (value: number) => Math.ceil(value - 1e-9);

function distributedParts(tenants: readonly Tenant[], zones: number, buffer: number, atLeast: ReadonlyMap<string, number>): Planned[] {
  return systems.flatMap((system) => {
    const loads = loadsOn(system, tenants);
    return distributed[system].map((component) => {
      const needed = component.placement === "classes" ? retentionClasses(tenants, []).length : replicasOf(component, loads, zones, buffer);
      const replicas = Math.max(needed, atLeast.get(componentKey({ system, name: component.name })) ?? 0);
      const pod = podOf(
        component,
        loads,
        buffer,
        tenants.filter((tenant) => uses(tenant, system)),
      );
      return planned(system, component.name, replicas, pod, {
        quorum: component.placement === "quorum",
        bounds: component.holds.map(({ dimension, each, copies = 1 }) => ({
          dimension,
          ...loads[dimension],
          holds: (replicas * each) / copies,
        })),
      });
    });
  });
}

function replicasOf({ placement, holds }: Component, loads: Loads, zones: number, buffer: number): number {
  const isSpread = placement === "spread";
  const withoutZone = isSpread && zones > 1 ? zones / (zones - 1) : 1;
  const factor = Math.max(1 + buffer, withoutZone);
  const needed = Math.max(1, ...holds.map(({ dimension, each, copies = 1 }) => up((loads[dimension].expected * copies * factor) / each)));
  if (isSpread) return Math.max(needed, zones, 2);
  return placement === "quorum" ? Math.ceil(needed / quorumZones.length) * quorumZones.length : needed;
}

function podOf(
  { pod, from, volumePer10MSeriesOfLargest: per10M }: Component,
  loads: Loads,
  buffer: number,
  tenants: readonly Tenant[],
): Pod {
  if (from !== undefined && loads[from.dimension].expected * (1 + buffer) > from.amount) return from.pod;
  if (per10M === undefined) return pod;
  const largest = Math.max(0, ...tenants.map((tenant) => tenant.limits.metrics.activeSeries));
  return { ...pod, volume: Math.max(pod.volume ?? 0, up((largest / 1e7) * per10M)) };
}

type Rest = Partial<Pick<Planned, "quorum" | "bounds">>;

function planned(system: Planned["system"], name: string, replicas: number, pod: Pod, rest: Rest = {}): Planned {
  const totals = { cpu: replicas * pod.cpu, memory: replicas * pod.memory, volume: replicas * (pod.volume ?? 0) };
  return { system, name, replicas, ...totals, quorum: false, bounds: [], ...rest };
}

/** CPU as requested, memory as it may grow. */
function podFrom({ resources, volume }: SingleSize): Pod {
  const size = { cpu: amount(resources.requests.cpu), memory: amount(resources.limits.memory) };
  return volume === undefined ? size : { ...size, volume: amount(volume) };
}

function singleParts(tenants: readonly Tenant[], settings: CapacitySettings): Planned[] {
  const hasBucket = settings.hardware === "aws" || settings.s3 !== undefined;
  const holds = singleHolds(hasBucket);
  const store = (system: SystemName, name: string, size: SingleSize) => {
    const loads = loadsOn(system, tenants);
    const bounds = Object.entries(holds[system]).map(([dimension, most]) => ({
      dimension: dimension as Dimension,
      ...loads[dimension as Dimension],
      holds: most,
    }));
    return planned(system, name, 1, podFrom(size), { bounds });
  };
  const querier = podFrom(singleSizes.querier);
  return [
    store("cortex", "cortex", singleSizes.cortex),
    planned("cortex", "query-operators", 1, querier),
    store("loki", "loki", singleSizes.loki),
    store("thanos", "receive", singleSizes.receive),
    ...(hasBucket ? [planned("thanos", "store", 1, podFrom(singleSizes.store))] : []),
    ...(hasBucket ? [planned("thanos", "compactor", retentionClasses(tenants, []).length, podFrom(singleSizes.compactor))] : []),
    planned("thanos", "query", 1, querier),
    planned("thanos", "query-frontend", 1, podFrom(singleSizes.frontend)),
    planned("thanos", "query-operators", 1, querier),
  ];
}

/** A tenant's own querier is the same in both sizes. */
function dedicatedParts(tenants: readonly Tenant[]): Planned[] {
  const count = tenants.filter((tenant) => tenant.querier === "dedicated" && uses(tenant, "thanos")).length;
  if (count === 0) return [];
  return [
    planned("thanos", "own queriers", count, podFrom(singleSizes.querier)),
    planned("thanos", "own frontends", count, podFrom(singleSizes.frontend)),
  ];
}

/** What runs in the tenants' own namespaces; gateways as many as their autoscalers may ask for. */
function tenantParts(tenants: readonly Tenant[]): Planned[] {
  const part = (name: "gateway" | "grafana" | "prometheus" | "collector", of: readonly Tenant[]): Planned => {
    const rows = of.map((tenant) => {
      const { gateway, resources, volumes } = serviceLevel(tenant);
      const volume = name === "grafana" || name === "prometheus" ? volumes[name] : undefined;
      return planned("tenants", name, name === "gateway" ? gateway.max : 1, requested(resources[name], volume));
    });
    const sum = (field: "replicas" | "cpu" | "memory" | "volume") => rows.reduce((total, row) => total + row[field], 0);
    return {
      ...planned("tenants", name, 0, { cpu: 0, memory: 0 }),
      replicas: sum("replicas"),
      cpu: sum("cpu"),
      memory: sum("memory"),
      volume: sum("volume"),
    };
  };
  const collecting = tenants.filter((tenant) => tenant.apis.includes("datadog"));
  return [part("gateway", tenants), part("grafana", tenants), part("prometheus", tenants), part("collector", collecting)];
}

const requested = ({ requests }: ContainerResources, volume: string | undefined): Pod => ({
  cpu: amount(requests.cpu),
  memory: amount(requests.memory),
  ...(volume !== undefined && { volume: amount(volume) }),
});
