/**
 * When an object counts as ready, by kind, as the official plugin documents it (registry/packages/kubernetes, "await logic"). Pure: what
 * else the judgement needs (endpoints, a storage class) is read by the caller.
 */
import { type Fields, isFields, textOf, type Value } from "../protocol/values";

/** The judgement; `failed` means that waiting longer is of no use. */
export type Readiness = { ready: true } | { ready: false; reason: string; failed?: true };

/** Facts beside the object itself. */
export interface Surroundings {
  /** Ready addresses behind a Service. */
  endpoints: number;
  /** `volumeBindingMode` of a claim's storage class. */
  bindingMode: string | undefined;
}

const ready: Readiness = { ready: true };

function waiting(reason: string): Readiness {
  return { ready: false, reason };
}

function part(object: Value | undefined, ...path: string[]): Value | undefined {
  return path.reduce<Value | undefined>((value, key) => (isFields(value) ? value[key] : undefined), object);
}

function count(object: Fields, ...path: string[]): number {
  const value = part(object, ...path);
  return typeof value === "number" ? value : 0;
}

interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
}

/** The conditions of an object's status. */
export function conditions(object: Fields): Condition[] {
  const list = part(object, "status", "conditions");
  return Array.isArray(list) ? (list as unknown as Condition[]) : [];
}

function condition(object: Fields, type: string): Condition | undefined {
  return conditions(object).find((one) => one.type === type);
}

function isStale(object: Fields): boolean {
  return count(object, "status", "observedGeneration") < count(object, "metadata", "generation");
}

function wantedReplicas(object: Fields): number {
  const replicas = part(object, "spec", "replicas");
  return typeof replicas === "number" ? replicas : 1;
}

// The steps of `kubectl rollout status`.
function deployment(object: Fields): Readiness {
  if (isStale(object)) return waiting("the deployment controller has not seen the change yet");
  const progressing = condition(object, "Progressing");
  if (progressing?.reason === "ProgressDeadlineExceeded")
    return { ready: false, failed: true, reason: `the rollout stopped: ${progressing.message ?? "progress deadline exceeded"}` };
  const wanted = wantedReplicas(object);
  const updated = count(object, "status", "updatedReplicas");
  const total = count(object, "status", "replicas");
  const available = count(object, "status", "availableReplicas");
  if (updated < wanted) return waiting(`${updated} of ${wanted} pods are updated`);
  if (total > updated) return waiting(`${total - updated} old pods are still there`);
  return available < updated ? waiting(`${available} of ${updated} pods are available`) : ready;
}

function statefulSet(object: Fields): Readiness {
  if (isStale(object)) return waiting("the statefulset controller has not seen the change yet");
  const wanted = wantedReplicas(object);
  const readyReplicas = count(object, "status", "readyReplicas");
  if (readyReplicas < wanted) return waiting(`${readyReplicas} of ${wanted} pods are ready`);
  if (part(object, "spec", "updateStrategy", "type") === "OnDelete") return ready;
  const partition = count(object, "spec", "updateStrategy", "rollingUpdate", "partition");
  const updated = count(object, "status", "updatedReplicas");
  if (updated < wanted - partition) return waiting(`${updated} of ${wanted - partition} pods are updated`);
  const done = partition > 0 || part(object, "status", "currentRevision") === part(object, "status", "updateRevision");
  return done ? ready : waiting("old pods are still there");
}

function daemonSet(object: Fields): Readiness {
  if (isStale(object)) return waiting("the daemonset controller has not seen the change yet");
  const wanted = count(object, "status", "desiredNumberScheduled");
  const onDelete = part(object, "spec", "updateStrategy", "type") === "OnDelete";
  const updated = onDelete ? wanted : count(object, "status", "updatedNumberScheduled");
  const available = count(object, "status", "numberAvailable");
  if (updated < wanted) return waiting(`${updated} of ${wanted} pods are updated`);
  return available < wanted ? waiting(`${available} of ${wanted} pods are available`) : ready;
}

/** Why a pod is not ready: its condition, and what its containers wait for. */
export function podTrouble(object: Fields): string {
  const statuses = part(object, "status", "containerStatuses");
  const containers = (Array.isArray(statuses) ? statuses : []).flatMap((one) => {
    const state = part(one, "state", "waiting") ?? part(one, "state", "terminated");
    return state
      ? [
          `container ${textOf(part(one, "name"))}: ${textOf(part(state, "reason"))}${part(state, "message") ? `: ${textOf(part(state, "message"))}` : ""}`,
        ]
      : [];
  });
  const failing = conditions(object).filter(({ status, message }) => status === "False" && message);
  return [...failing.map(({ reason, message }) => `${reason ?? ""} ${message ?? ""}`.trim()), ...containers].join("; ");
}

function pod(object: Fields): Readiness {
  const phase = part(object, "status", "phase");
  if (phase === "Succeeded") return ready;
  if (phase === "Failed")
    return { ready: false, failed: true, reason: `the pod failed: ${textOf(part(object, "status", "message") ?? podTrouble(object))}` };
  if (phase === "Running" && condition(object, "Ready")?.status === "True") return ready;
  return waiting(podTrouble(object) || `the pod is ${textOf(phase ?? "Pending")}`);
}

function service(object: Fields, { endpoints }: Surroundings): Readiness {
  const type = part(object, "spec", "type");
  const selector = part(object, "spec", "selector");
  const hasSelector = isFields(selector) && Object.keys(selector).length > 0;
  const headless = part(object, "spec", "clusterIP") === "None";
  if (type === "LoadBalancer" && !Array.isArray(part(object, "status", "loadBalancer", "ingress")))
    return waiting("no load balancer address yet");
  if (type === "ExternalName" || headless || !hasSelector || endpoints > 0) return ready;
  return waiting("no ready pod matches its selector");
}

function claim(object: Fields, { bindingMode }: Surroundings): Readiness {
  const phase = part(object, "status", "phase");
  if (phase === "Bound" || bindingMode === "WaitForFirstConsumer") return ready;
  if (phase === "Lost") return { ready: false, failed: true, reason: "the claim lost its volume" };
  return waiting(`the claim is ${textOf(phase ?? "Pending")}`);
}

function definition(object: Fields): Readiness {
  if (condition(object, "NamesAccepted")?.status === "False")
    return { ready: false, failed: true, reason: condition(object, "NamesAccepted")?.message ?? "its names are taken" };
  return condition(object, "Established")?.status === "True" ? ready : waiting("the API server does not serve the definition yet");
}

interface Judge {
  judge(object: Fields, surroundings: Surroundings): Readiness;
  /** Seconds to wait unless the program says otherwise: the official plugin's defaults. */
  seconds: number;
}

const judges: Record<string, Judge> = {
  "apps/Deployment": { judge: deployment, seconds: 600 },
  "apps/StatefulSet": { judge: statefulSet, seconds: 600 },
  "apps/DaemonSet": { judge: daemonSet, seconds: 600 },
  "/Pod": { judge: pod, seconds: 600 },
  "/Service": { judge: service, seconds: 600 },
  "/PersistentVolumeClaim": { judge: claim, seconds: 300 },
  "apiextensions.k8s.io/CustomResourceDefinition": { judge: definition, seconds: 60 },
};

/** How a kind is waited for; undefined for kinds that are ready once they exist (Ingress, Job and custom resources among them). */
export function judgeOf(object: Fields): Judge | undefined {
  const apiVersion = textOf(object["apiVersion"]);
  const group = apiVersion.includes("/") ? apiVersion.split("/")[0] : "";
  return judges[`${group}/${textOf(object["kind"])}`];
}
