import * as kubernetes from "../kubernetes/api";
import type { types } from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { container, podTemplate, selector, service as declareService, systemLabels } from "../kubernetes";
import type { ContainerArgs, Labels } from "../kubernetes";
import { sharedPriority } from "./system";
import type { System, Zone } from "./system";

/** What a part of a system needs to run; security context, probes' shape, service account and labels are the same for all. */
export interface WorkloadArgs {
  /** Name of the workload, of its container and in its labels. */
  readonly part: string;
  readonly container: Omit<ContainerArgs, "name">;
  /** Containers beside it, e.g. an exporter. */
  readonly sidecars?: readonly ContainerArgs[];
  /** Labels of the pods besides the selector. */
  readonly podLabels?: Labels;
  readonly podAnnotations?: Labels;
  readonly serviceAccount: string;
  /** User that the image is made for. */
  readonly uid: number;
  /** Seconds a pod gets to hand over or flush what it holds in memory. */
  readonly graceSeconds: number;
  readonly volumes?: types.input.core.v1.Volume[];
  /** Objects that must be there before the first pod. */
  readonly dependsOn?: readonly pulumi.Resource[];
  /** StatefulSets only: objects before whose replacement it is deleted, to be made anew after it. Its pods are gone by then. */
  readonly replaceWith?: readonly pulumi.Resource[];
  /** Default 1. More than one are spread over zones and nodes, and drains take them one at a time. */
  readonly replicas?: number;
  /** Seconds that a new pod must have been ready before a rollout goes on to the next; default 0. */
  readonly minReadySeconds?: number;
}

/** A volume for each pod. */
export interface VolumeArgs {
  /** Size in Kubernetes' notation. */
  readonly volume: string;
  /**
   * A scratch volume goes with its pod (generic ephemeral volume): for caches and working space, whose size may then follow the capacity plan. Any
   * other outlives its pod and its StatefulSet, and keeps the size that it was made with, since claim templates are immutable.
   */
  readonly scratch?: boolean;
}

/** Where the volume of a stateful part is mounted. */
export const dataPath = "/data";
export const dataMount = { name: "data", mountPath: dataPath };

/** Pods with names and volumes of their own, in no quorum. */
export function statefulSet(system: System, args: WorkloadArgs & VolumeArgs): kubernetes.apps.v1.StatefulSet {
  podNames(system, args);
  const set = declareSet(system, args, { name: args.part, replicas: args.replicas ?? 1 });
  disruptionBudget(system, args.part, args.replicas ?? 1);
  return set;
}

/** What differs between the zones of a quorum. */
export type PerZone = (zone: Zone) => Pick<ContainerArgs, "args" | "env">;

/**
 * Pods that keep a quorum: one StatefulSet for each zone, `<part>-zone-a` and so on, each on nodes of its availability zone. A rollout goes zone by zone,
 * since each set waits for the one before it, and drains take one pod of the whole part at a time: two of three copies are always there.
 */
export function zonedStatefulSets(
  system: System,
  args: Omit<WorkloadArgs, "replicas"> & VolumeArgs & { readonly perZone: number },
  containerOf: PerZone,
): kubernetes.apps.v1.StatefulSet[] {
  podNames(system, args);
  const sets: kubernetes.apps.v1.StatefulSet[] = [];
  for (const zone of system.zones) {
    const before = sets.at(-1);
    const own = {
      ...args,
      container: { ...args.container, ...containerOf(zone) },
      dependsOn: [...(args.dependsOn ?? []), ...(before ? [before] : [])],
    };
    sets.push(declareSet(system, own, { name: `${args.part}-${zone.name}`, replicas: args.perZone, zone }));
  }
  disruptionBudget(system, args.part, args.perZone * system.zones.length);
  return sets;
}

/** The DNS name of one pod of `zonedStatefulSets`, for lists of peers; `index` counts from 0. */
export function zonedPodHost(system: Pick<System, "namespace">, part: string, zone: Zone, index: number): string {
  return `${part}-${zone.name}-${index}.${podsService(part)}.${system.namespace}.svc`;
}

const podsService = (part: string) => `${part}-pods`;
/** The headless Service under which pods have names. */
function podNames(system: System, args: WorkloadArgs): void {
  service(system, { name: podsService(args.part), part: args.part, ports: args.container.ports ?? {}, headless: true });
}

interface SetArgs {
  readonly name: string;
  readonly replicas: number;
  readonly zone?: Zone;
}

/** Label of the pods of one zone's StatefulSet. */
const zoneLabel = "tenantstack.dev/quorum-zone";

function declareSet(system: System, args: WorkloadArgs & VolumeArgs, set: SetArgs): kubernetes.apps.v1.StatefulSet {
  const ofZone: Labels = set.zone === undefined ? {} : { [zoneLabel]: set.zone.name };
  const labels = { ...systemLabels(system.name, args.part), ...ofZone };
  const claim = {
    accessModes: ["ReadWriteOnce"],
    resources: { requests: { storage: args.volume } },
    ...(system.storageClass !== undefined && { storageClassName: system.storageClass }),
  };
  const scratch = { name: "data", ephemeral: { volumeClaimTemplate: { metadata: { labels }, spec: claim } } };
  const kept = {
    persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
    volumeClaimTemplates: [{ metadata: { name: "data", labels }, spec: claim }],
  };
  const pods = {
    ...args,
    podLabels: { ...args.podLabels, ...ofZone },
    volumes: [...(args.volumes ?? []), ...(args.scratch ? [scratch] : [])],
  };
  return new kubernetes.apps.v1.StatefulSet(
    `${system.name}/${set.name}`,
    {
      metadata: { namespace: system.namespace, name: set.name, labels },
      spec: {
        replicas: set.replicas,
        serviceName: podsService(args.part),
        podManagementPolicy: "Parallel",
        ...(args.minReadySeconds !== undefined && { minReadySeconds: args.minReadySeconds }),
        selector: { matchLabels: { ...selector(system.name, args.part), ...ofZone } },
        template: template(system, pods, { mounts: [dataMount], ...set }),
        ...(args.scratch ? {} : kept),
      },
    },
    { ...after(system, args), ...(args.replaceWith && { replaceWith: [...args.replaceWith], deleteBeforeReplace: true }) },
  );
}

/** Pods without state. A new pod comes before an old one goes. */
export function deployment(system: System, args: WorkloadArgs): kubernetes.apps.v1.Deployment {
  const replicas = args.replicas ?? 1;
  const declared = new kubernetes.apps.v1.Deployment(
    `${system.name}/${args.part}`,
    {
      metadata: { namespace: system.namespace, name: args.part, labels: systemLabels(system.name, args.part) },
      spec: {
        replicas,
        strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
        ...(args.minReadySeconds !== undefined && { minReadySeconds: args.minReadySeconds }),
        selector: { matchLabels: { ...selector(system.name, args.part) } },
        template: template(system, args, { mounts: [], replicas }),
      },
    },
    after(system, args),
  );
  disruptionBudget(system, args.part, replicas);
  return declared;
}

/** Drains take one pod of a part at a time. None for a single pod: it could only block them. */
function disruptionBudget(system: System, part: string, replicas: number): void {
  if (replicas < 2) return;
  new kubernetes.policy.v1.PodDisruptionBudget(
    `${system.name}/budget-${part}`,
    {
      metadata: { namespace: system.namespace, name: part, labels: systemLabels(system.name, part) },
      spec: { maxUnavailable: 1, selector: { matchLabels: { ...selector(system.name, part) } } },
    },
    system.opts,
  );
}

interface PodPlace {
  readonly mounts: types.input.core.v1.VolumeMount[];
  readonly replicas: number;
  readonly zone?: Zone;
}

function template(system: System, args: WorkloadArgs, place: PodPlace): types.input.core.v1.PodTemplateSpec {
  const main = container({ ...args.container, name: args.part, mounts: [...place.mounts, ...(args.container.mounts ?? [])] });
  const isMany = place.replicas > 1 || place.zone !== undefined;
  return podTemplate({
    labels: { ...systemLabels(system.name, args.part), ...args.podLabels },
    ...(args.podAnnotations && { annotations: args.podAnnotations }),
    serviceAccount: args.serviceAccount,
    uid: args.uid,
    graceSeconds: args.graceSeconds,
    containers: [main, ...(args.sidecars ?? []).map(container)],
    ...(args.volumes && { volumes: args.volumes }),
    ...(isMany && { spread: { pods: selector(system.name, args.part), nodes: place.zone === undefined ? "preferred" : "required" } }),
    ...(place.zone?.availabilityZone !== undefined && { availabilityZone: place.zone.availabilityZone }),
    priorityClass: sharedPriority.className,
  });
}

const after = (system: System, args: Pick<WorkloadArgs, "dependsOn">): pulumi.CustomResourceOptions => ({
  ...system.opts,
  dependsOn: [...system.opts.dependsOn, ...(args.dependsOn ?? [])],
});

export interface ServiceArgs {
  readonly name: string;
  /** The part whose pods answer; or labels. */
  readonly part: string;
  /** Port name -> number, the same at the Service and at the pod. */
  readonly ports: Readonly<Record<string, number>>;
  /** Headless: DNS gives the pods' own addresses. */
  readonly headless?: boolean;
  /** Headless only: names pods that are not ready too, for rings that gossip before they serve. */
  readonly unready?: boolean;
  /** Selects by these labels instead of by the part. */
  readonly select?: Labels;
}

/** A Service inside the cluster. */
export function service(system: System, args: ServiceArgs): kubernetes.core.v1.Service {
  return declareService(
    `${system.name}/service-${args.name}`,
    {
      namespace: system.namespace,
      name: args.name,
      labels: systemLabels(system.name, args.name),
      pods: args.select ?? selector(system.name, args.part),
      ports: Object.fromEntries(Object.entries(args.ports).map(([name, port]) => [name, { port, target: port }])),
      ...(args.headless && { headless: true }),
      ...(args.unready && { unready: true }),
    },
    system.opts,
  );
}

/** A ConfigMap with a fixed name. The provider updates it in place; a pod that must see the change carries its hash. */
export function configMap(
  system: System,
  name: string,
  data: Readonly<Record<string, string>>,
  how: ConfigMapOptions = {},
): kubernetes.core.v1.ConfigMap {
  return new kubernetes.core.v1.ConfigMap(
    `${system.name}/${name.replace(`${system.name}-`, "")}`,
    {
      metadata: { namespace: system.namespace, name, labels: systemLabels(system.name, name) },
      data: { ...data },
      ...(how.isImmutable && { immutable: true }),
    },
    { ...after(system, how), ...(how.isImmutable && { deleteBeforeReplace: true }) },
  );
}

export interface ConfigMapOptions {
  /** Objects that must be there before, also before a change. */
  readonly dependsOn?: readonly pulumi.Resource[];
  /** Never changes under a pod that reads it: a new content is a new object, after the old one is deleted. */
  readonly isImmutable?: boolean;
}
