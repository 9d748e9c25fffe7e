/** Waits until objects are ready, or gone, and says why not when time is up. */
import { UserError } from "../protocol/errors";
import type { Fields, Value } from "../protocol/values";
import { isFields, textOf } from "../protocol/values";
import { type Cluster, type Desired, pathOf } from "./apply";
import { annotation, annotations, describe } from "./objects";
import { judgeOf, podTrouble, type Readiness, type Surroundings } from "./readiness";

const firstPauseMilliseconds = 100;
const longestPauseMilliseconds = 1_000;
const deleteSeconds = 600;

/** Whether the program asks not to wait for an object. */
export function skipsAwait(inputs: Fields): boolean {
  return annotation(inputs, annotations.skipAwait) === "true";
}

/** Seconds to wait: `customTimeouts` of the resource, else its annotation, else `fallback`. Throws `UserError` for a bad annotation. */
export function timeoutSeconds(custom: number, inputs: Fields, fallback: number): number {
  if (custom > 0) return custom;
  const text = annotation(inputs, annotations.timeoutSeconds);
  if (text === undefined) return fallback;
  const seconds = Number(text);
  if (!(seconds > 0)) throw new UserError(`annotation ${annotations.timeoutSeconds} must be a number of seconds above 0, not "${text}"`);
  return seconds;
}

async function list(cluster: Cluster, path: string, query: Record<string, string>): Promise<Fields[]> {
  const { body } = await cluster.client.request({ method: "GET", path, query });
  return (body["items"] ?? []) as Fields[];
}

function textAt(object: Value | undefined, ...path: string[]): string | undefined {
  const value = path.reduce<Value | undefined>((at, key) => (isFields(at) ? at[key] : undefined), object);
  return typeof value === "string" ? value : undefined;
}

async function readyEndpoints(cluster: Cluster, namespace: string, service: string): Promise<number> {
  const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
  const slices = await list(cluster, path, { labelSelector: `kubernetes.io/service-name=${service}` });
  const endpoints = slices.flatMap((slice) => (slice["endpoints"] ?? []) as unknown as { conditions?: { ready?: boolean } }[]);
  // An absent condition counts as ready (discovery.k8s.io/v1).
  return endpoints.filter((endpoint) => endpoint.conditions?.ready !== false).length;
}

async function bindingMode(cluster: Cluster, live: Fields): Promise<string | undefined> {
  const name = textAt(live, "spec", "storageClassName");
  const storageClass = name ? await cluster.client.get(`/apis/storage.k8s.io/v1/storageclasses/${name}`) : undefined;
  return textAt(storageClass, "volumeBindingMode");
}

async function surroundings(cluster: Cluster, desired: Desired, live: Fields): Promise<Surroundings> {
  const { kind, namespace, name } = desired.identity;
  return {
    endpoints: kind === "Service" ? await readyEndpoints(cluster, namespace ?? "default", name) : 0,
    bindingMode: kind === "PersistentVolumeClaim" ? await bindingMode(cluster, live) : undefined,
  };
}

async function eventsOf(cluster: Cluster, namespace: string, uid: string): Promise<string[]> {
  const events = await list(cluster, `/api/v1/namespaces/${namespace}/events`, { fieldSelector: `involvedObject.uid=${uid},type=Warning` });
  return events.map((event) => `${textAt(event, "reason") ?? ""}: ${textAt(event, "message") ?? ""}`);
}

async function podTroubles(cluster: Cluster, namespace: string, live: Fields): Promise<string[]> {
  const spec = live["spec"];
  const selector = isFields(spec) ? spec["selector"] : undefined;
  const labels = isFields(selector) && isFields(selector["matchLabels"]) ? selector["matchLabels"] : undefined;
  if (!labels) return [];
  const labelSelector = Object.entries(labels)
    .map(([key, value]) => `${key}=${textOf(value)}`)
    .join(",");
  const pods = await list(cluster, `/api/v1/namespaces/${namespace}/pods`, { labelSelector });
  return pods
    .map((one) => [textAt(one, "metadata", "name") ?? "", podTrouble(one)] as const)
    .flatMap(([name, why]) => (why ? [`pod ${name}: ${why}`] : []));
}

const mostReasons = 8;

/** What conditions, events and pods say about an object that does not get ready; empty when they cannot be read. */
async function diagnosis(cluster: Cluster, desired: Desired, live: Fields): Promise<string[]> {
  const { namespace } = desired.identity;
  const uid = textAt(live, "metadata", "uid");
  if (namespace === undefined || uid === undefined) return [];
  try {
    const found = await Promise.all([eventsOf(cluster, namespace, uid), podTroubles(cluster, namespace, live)]);
    return [...new Set(found.flat())].slice(0, mostReasons);
  } catch {
    return []; // the reason for the failure is shown anyway
  }
}

/** How the wait ended: the object as last seen, and the reasons where it is not ready. */
export interface Outcome {
  live: Fields;
  reasons: string[];
}

/**
 * Waits until the object is ready; returns at once for kinds that need no waiting or with `pulumi.com/skipAwait`. `custom` is the
 * resource's own time limit in seconds, 0 for none.
 */
export async function awaitReady(cluster: Cluster, desired: Desired, applied: Fields, custom: number): Promise<Outcome> {
  const judge = judgeOf(applied);
  if (!judge || skipsAwait(desired.inputs.value)) return { live: applied, reasons: [] };
  const seconds = timeoutSeconds(custom, desired.inputs.value, judge.seconds);
  const end = Date.now() + seconds * 1000;
  let live = applied;
  let shown = "";
  for (let pause = firstPauseMilliseconds; ; pause = Math.min(longestPauseMilliseconds, pause * 1.5)) {
    const state: Readiness = judge.judge(live, await surroundings(cluster, desired, live));
    if (state.ready) return { live, reasons: [] };
    if (state.reason !== shown) cluster.log("status", desired.urn, `waiting: ${state.reason}`);
    shown = state.reason;
    if (state.failed || Date.now() >= end) {
      const first = state.failed ? state.reason : `not ready after ${seconds} s: ${state.reason}`;
      return { live, reasons: [`${describe(desired.identity)}: ${first}`, ...(await diagnosis(cluster, desired, live))] };
    }
    await cluster.client.pause(pause);
    const seen = await cluster.client.get(pathOf(cluster, desired));
    if (!seen) return { live, reasons: [`${describe(desired.identity)} was deleted while waiting for it`] };
    live = seen;
  }
}

function holdsBack(live: Fields): string {
  const metadata = isFields(live["metadata"]) ? live["metadata"] : {};
  const finalizers = Array.isArray(metadata["finalizers"]) ? metadata["finalizers"].map(String) : [];
  const status = isFields(live["status"]) && Array.isArray(live["status"]["conditions"]) ? live["status"]["conditions"] : [];
  const messages = (status as Fields[]).filter((one) => one["status"] === "True" && one["message"]).map((one) => textOf(one["message"]));
  return [
    ...(finalizers.length > 0
      ? [
          `finalizers ${finalizers.join(", ")} are not done${finalizers.includes("foregroundDeletion") ? " (the garbage collector does that one: does kube-controller-manager run?)" : ""}`,
        ]
      : []),
    ...messages,
  ].join("; ");
}

/** Waits until the object with `uid` is gone. Throws `UserError` with what holds it back when time is up. */
export async function awaitGone(cluster: Cluster, urn: string, desired: Desired, uid: string | undefined, custom: number): Promise<void> {
  const seconds = timeoutSeconds(custom, desired.inputs.value, deleteSeconds);
  const end = Date.now() + seconds * 1000;
  let shown = "";
  for (let pause = firstPauseMilliseconds / 2; ; pause = Math.min(longestPauseMilliseconds, pause * 1.5)) {
    const live = await cluster.client.get(pathOf(cluster, desired));
    // Another uid: gone, and made anew by someone else.
    if (!live || (uid !== undefined && textAt(live, "metadata", "uid") !== uid)) return;
    const why = holdsBack(live);
    if (Date.now() >= end)
      throw new UserError(
        `${describe(desired.identity)} is still there ${seconds} s after its deletion${why ? `: ${why}` : ""}. Look at it with kubectl, then run again.`,
      );
    if (why && why !== shown) cluster.log("status", urn, `waiting: ${why}`);
    shown = why;
    await cluster.client.pause(pause);
  }
}
