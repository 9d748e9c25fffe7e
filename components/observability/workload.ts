import * as kubernetes from "../kubernetes/api";
import type { types } from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { container, podTemplate, selector, service as declareService, systemLabels } from "../kubernetes";
import type { ContainerArgs, Labels } from "../kubernetes";
import type { System } from "./system";

/** What a part of a system needs to run; security context, probes' shape, service account and labels are the same for all. */
export interface WorkloadArgs {
  /** Name of the workload, of its container and in its labels. */
  readonly part: string;
  readonly container: Omit<ContainerArgs, "name">;
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
}

/** Where the volume of a stateful part is mounted. */
export const dataPath = "/data";

/** One replica with a volume of its own, which outlives the StatefulSet: deleting a workload must not delete data. */
export function statefulSet(system: System, args: WorkloadArgs & { readonly volume: string }): kubernetes.apps.v1.StatefulSet {
  const labels = systemLabels(system.name, args.part);
  const pods = `${args.part}-pods`;
  service(system, { name: pods, part: args.part, ports: args.container.ports ?? {}, headless: true });
  return new kubernetes.apps.v1.StatefulSet(
    `${system.name}/${args.part}`,
    {
      metadata: { namespace: system.namespace, name: args.part, labels },
      spec: {
        replicas: 1,
        serviceName: pods,
        podManagementPolicy: "Parallel",
        selector: { matchLabels: { ...selector(system.name, args.part) } },
        template: template(system, args, [{ name: "data", mountPath: dataPath }]),
        persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
        volumeClaimTemplates: [
          {
            metadata: { name: "data", labels },
            spec: {
              accessModes: ["ReadWriteOnce"],
              resources: { requests: { storage: args.volume } },
              ...(system.storageClass !== undefined && { storageClassName: system.storageClass }),
            },
          },
        ],
      },
    },
    after(system, args),
  );
}

/** One replica without state. */
export function deployment(system: System, args: WorkloadArgs): kubernetes.apps.v1.Deployment {
  return new kubernetes.apps.v1.Deployment(
    `${system.name}/${args.part}`,
    {
      metadata: { namespace: system.namespace, name: args.part, labels: systemLabels(system.name, args.part) },
      spec: {
        replicas: 1,
        selector: { matchLabels: { ...selector(system.name, args.part) } },
        template: template(system, args, []),
      },
    },
    after(system, args),
  );
}

function template(system: System, args: WorkloadArgs, mounts: types.input.core.v1.VolumeMount[]): types.input.core.v1.PodTemplateSpec {
  return podTemplate({
    labels: { ...systemLabels(system.name, args.part), ...args.podLabels },
    ...(args.podAnnotations && { annotations: args.podAnnotations }),
    serviceAccount: args.serviceAccount,
    uid: args.uid,
    graceSeconds: args.graceSeconds,
    containers: [container({ ...args.container, name: args.part, mounts: [...mounts, ...(args.container.mounts ?? [])] })],
    ...(args.volumes && { volumes: args.volumes }),
  });
}

const after = (system: System, args: WorkloadArgs): pulumi.CustomResourceOptions => ({
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
    },
    system.opts,
  );
}

/** A ConfigMap with a fixed name. The provider updates it in place; a pod that must see the change carries its hash. */
export function configMap(system: System, name: string, data: Readonly<Record<string, string>>): kubernetes.core.v1.ConfigMap {
  return new kubernetes.core.v1.ConfigMap(
    `${system.name}/${name.replace(`${system.name}-`, "")}`,
    { metadata: { namespace: system.namespace, name, labels: systemLabels(system.name, name) }, data: { ...data } },
    system.opts,
  );
}
