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

export interface ContainerArgs {
  readonly name: string;
  /** `repository:tag` from `model/versions.ts`. */
  readonly image: string;
  readonly args?: pulumi.Input<string>[];
  readonly env?: types.input.core.v1.EnvVar[];
  readonly ports?: Readonly<Record<string, number>>;
  readonly resources: ContainerResources;
  /** HTTP GET of path on a named port; also the startup probe, so slow starts do not need a lax liveness probe. */
  readonly ready: { readonly path: string; readonly port: string; readonly scheme?: "HTTP" | "HTTPS" };
  /** undefined: no liveness probe (an ingester that replays its log must not be killed for it). */
  readonly alive?: { readonly path: string; readonly port: string; readonly scheme?: "HTTP" | "HTTPS" };
  /** Longest start in seconds before the pod counts as failed; default 120. */
  readonly startupSeconds?: number;
  readonly mounts?: types.input.core.v1.VolumeMount[];
  readonly lifecycle?: types.input.core.v1.Lifecycle;
}

const httpGet = (p: { path: string; port: string; scheme?: "HTTP" | "HTTPS" }) => ({
  path: p.path,
  port: p.port,
  scheme: p.scheme ?? "HTTP",
});

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
    startupProbe: {
      httpGet: httpGet(args.ready),
      periodSeconds: period,
      failureThreshold: Math.ceil((args.startupSeconds ?? 120) / period),
    },
    readinessProbe: { httpGet: httpGet(args.ready), periodSeconds: period, failureThreshold: 3 },
    ...(args.alive && { livenessProbe: { httpGet: httpGet(args.alive), periodSeconds: 15, failureThreshold: 6 } }),
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
  /** Labels that say which pods are to be spread over zones and nodes; omitted for single pods. */
  readonly spread?: Labels;
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

/** Keeps pods apart over zones (softly, so that a lost zone does not stop rollouts) and over nodes. */
export function spreadOver(labels: Labels): types.input.core.v1.TopologySpreadConstraint[] {
  return ["topology.kubernetes.io/zone", "kubernetes.io/hostname"].map((topologyKey) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: "ScheduleAnyway",
    labelSelector: { matchLabels: { ...labels } },
  }));
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
    ...(args.priorityClass && { priorityClassName: args.priorityClass }),
  };
  return { metadata: { labels: { ...args.labels }, annotations: { ...args.annotations } }, spec };
}
