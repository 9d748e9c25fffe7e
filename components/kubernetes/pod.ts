import type { types } from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { ContainerResources } from "../../model/tiers";
import type { Labels } from "./labels";

type PodSpec = types.input.core.v1.PodSpec;
type Container = types.input.core.v1.Container;

/** Requests and limits from three figures: memory has one number for both, so that a node is never promised twice; CPU may burst. */
export function resources(cpu: string, cpuLimit: string, memory: string): ContainerResources {
  return { requests: { cpu, memory }, limits: { cpu: cpuLimit, memory } };
}

/** HTTP GET of a path on a named port, or a TCP connection to one. */
export type Probe = { readonly path: string; readonly port: string; readonly scheme?: "HTTP" | "HTTPS" } | { readonly connect: string };

export interface ContainerArgs {
  readonly name: string;
  /** `repository:tag` from `model/versions.ts`. */
  readonly image: string;
  readonly args?: pulumi.Input<string>[];
  readonly env?: types.input.core.v1.EnvVar[];
  readonly ports?: Readonly<Record<string, number>>;
  readonly resources: ContainerResources;
  /** Also the startup probe, so slow starts do not need a lax liveness probe. undefined, for sidecars: their pod serves whether they are ready or not. */
  readonly ready: Probe | undefined;
  /** undefined: no liveness probe (an ingester that replays its log must not be killed for it). */
  readonly alive?: Probe;
  /** Longest start in seconds before the pod counts as failed; default 120. */
  readonly startupSeconds?: number;
  readonly mounts?: types.input.core.v1.VolumeMount[];
  readonly lifecycle?: types.input.core.v1.Lifecycle;
}

const handler = (probe: Probe): types.input.core.v1.Probe =>
  "connect" in probe
    ? { tcpSocket: { port: probe.connect } }
    : { httpGet: { path: probe.path, port: probe.port, scheme: probe.scheme ?? "HTTP" } };

/** A container as Pod Security `restricted` wants it, with requests, limits and probes. */
export function container(args: ContainerArgs): Container {
  const period = 5;
  return {
    name: args.name,
    image: args.image,
    imagePullPolicy: "IfNotPresent",
    ...(args.args && { args: args.args }),
    ...(args.env && { env: args.env }),
    ports: Object.entries(args.ports ?? {}).map(([name, containerPort]) => ({ name, containerPort, protocol: "TCP" })),
    resources: { requests: { ...args.resources.requests }, limits: { ...args.resources.limits } },
    ...(args.ready && {
      startupProbe: {
        ...handler(args.ready),
        periodSeconds: period,
        failureThreshold: Math.ceil((args.startupSeconds ?? 120) / period),
      },
      readinessProbe: { ...handler(args.ready), periodSeconds: period, failureThreshold: 3 },
    }),
    ...(args.alive && { livenessProbe: { ...handler(args.alive), periodSeconds: 15, failureThreshold: 6 } }),
    securityContext: restrictedContainer,
    volumeMounts: args.mounts ?? [],
    ...(args.lifecycle && { lifecycle: args.lifecycle }),
  };
}

/** https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted */
export const restrictedContainer: types.input.core.v1.SecurityContext = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] },
};

export interface PodArgs {
  readonly labels: Labels;
  readonly annotations?: Readonly<Record<string, pulumi.Input<string>>>;
  readonly serviceAccount: string;
  readonly containers: Container[];
  readonly volumes?: types.input.core.v1.Volume[];
  /** User and group of every process; volumes belong to it. */
  readonly uid: number;
  readonly graceSeconds?: number;
  /** Which pods are to be spread over zones and nodes, and whether a pod rather waits than shares a node unevenly; omitted for single pods. */
  readonly spread?: { readonly pods: Labels; readonly nodes: "preferred" | "required" };
  /** The one availability zone whose nodes may run it. */
  readonly availabilityZone?: string;
  readonly priorityClass?: string;
  /** Only what calls the Kubernetes API gets a token; default false. */
  readonly apiAccess?: boolean;
}

/** https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted */
export function restrictedPod(uid: number): types.input.core.v1.PodSecurityContext {
  return {
    runAsNonRoot: true,
    runAsUser: uid,
    runAsGroup: uid,
    fsGroup: uid,
    fsGroupChangePolicy: "OnRootMismatch",
    seccompProfile: { type: "RuntimeDefault" },
  };
}

const zoneOfNode = "topology.kubernetes.io/zone";

/** Keeps pods apart over zones (softly, so that a lost zone does not stop rollouts) and over nodes. */
export function spreadOver({ pods, nodes }: NonNullable<PodArgs["spread"]>): types.input.core.v1.TopologySpreadConstraint[] {
  const over = (topologyKey: string, isRequired: boolean) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: isRequired ? "DoNotSchedule" : "ScheduleAnyway",
    labelSelector: { matchLabels: { ...pods } },
  });
  return [over(zoneOfNode, false), over("kubernetes.io/hostname", nodes === "required")];
}

/** Only nodes of one availability zone. */
function inZone(zone: string): types.input.core.v1.Affinity {
  const term = { matchExpressions: [{ key: zoneOfNode, operator: "In", values: [zone] }] };
  return { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] } } };
}

/** The pod template of a Deployment or StatefulSet. */
export function podTemplate(args: PodArgs): types.input.core.v1.PodTemplateSpec {
  const spec: PodSpec = {
    serviceAccountName: args.serviceAccount,
    automountServiceAccountToken: args.apiAccess ?? false,
    enableServiceLinks: false,
    securityContext: restrictedPod(args.uid),
    terminationGracePeriodSeconds: args.graceSeconds ?? 30,
    containers: args.containers,
    volumes: args.volumes ?? [],
    ...(args.spread && { topologySpreadConstraints: spreadOver(args.spread) }),
    ...(args.availabilityZone !== undefined && { affinity: inZone(args.availabilityZone) }),
    ...(args.priorityClass && { priorityClassName: args.priorityClass }),
  };
  return { metadata: { labels: { ...args.labels }, annotations: { ...args.annotations } }, spec };
}
