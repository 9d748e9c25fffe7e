import type { V1Container, V1Deployment, V1Service, V1StatefulSet, V1Volume } from "@kubernetes/client-node";
import { Names } from "../../embedded/pods/names";
import { planPods, type PlannedPod } from "../../embedded/pods/plan";
import type { World } from "../../embedded/pods/world";
import { images } from "../../model/versions";

interface Workload {
  readonly namespace: string;
  readonly name: string;
  readonly replicas?: number;
  readonly containers?: V1Container[];
  readonly volumes?: V1Volume[];
  readonly claims?: readonly string[];
}

const defaultContainers = [{ name: "main", image: images.thanos, ports: [{ name: "http", containerPort: 8080 }] }];

function workload({ namespace, name, replicas, containers = defaultContainers, volumes = [] }: Workload) {
  const labels = { "app.kubernetes.io/name": name };
  return {
    metadata: { namespace, name },
    spec: {
      ...(replicas !== undefined && { replicas }),
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers, volumes } },
    },
  };
}

export function deployment(of: Workload): V1Deployment {
  return workload(of);
}

export function statefulSet(of: Workload): V1StatefulSet {
  const { spec, ...rest } = workload(of);
  const volumeClaimTemplates = (of.claims ?? []).map((name) => ({ metadata: { name } }));
  return { ...rest, spec: { ...spec, serviceName: `${of.name}-pods`, volumeClaimTemplates } };
}

export function service(namespace: string, name: string, part: string, more: V1Service["spec"] = {}): V1Service {
  return { metadata: { namespace, name }, spec: { selector: { "app.kubernetes.io/name": part }, ports: [{ port: 8080 }], ...more } };
}

export function world(of: Partial<World>): World {
  return { statefulSets: [], deployments: [], autoscalers: [], services: [], configMaps: new Map(), secrets: new Map(), ...of };
}

/** Addresses in the order of the plan: 127.1.2.2, 127.1.2.3, ... */
export function addresses(pods: readonly PlannedPod[]): (pod: string) => string {
  return (key) => `127.1.2.${pods.findIndex((pod) => pod.key === key) + 2}`;
}

/** A cluster with one of each that names can lead to. */
export function namesOf(of: Partial<World>): Names {
  const all = world(of);
  const { pods } = planPods(all);
  return new Names(all.services, pods, addresses(pods), "127.1.2.254", { "s3.storage.svc": "127.1.2.1" });
}
