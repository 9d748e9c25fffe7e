import type { V1Container, V1PodTemplateSpec, V1Service } from "@kubernetes/client-node";
import { programOf, type Program } from "./programs";
import { keyOf, type World } from "./world";

/** A container that runs here as a process. */
export interface PlannedContainer {
  /** `cortex/cortex-0`; with the container's name behind it where the pod has several. Name of the process. */
  readonly name: string;
  readonly container: V1Container;
  readonly program: Program;
}

/** A replica of a workload. */
export interface PlannedPod {
  /** `namespace/name`. */
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly template: V1PodTemplateSpec;
  /** Claims by volume that the StatefulSet makes for each replica. */
  readonly claims: Readonly<Record<string, string>>;
  readonly containers: readonly PlannedContainer[];
}

/** What runs here, and what does not. */
export interface Plan {
  /** Pods with at least one container that runs here. */
  readonly pods: readonly PlannedPod[];
  /** Containers that stay simulated, because this machine has no program for their image, each name once: `grafana`. */
  readonly leftOut: readonly string[];
}

/** The pods of all workloads. */
export function planPods(world: World): Plan {
  const stateful = world.statefulSets.flatMap((set) =>
    replicas(set.spec?.replicas).map((ordinal) => {
      const name = `${set.metadata?.name ?? ""}-${ordinal}`;
      const claims = (set.spec?.volumeClaimTemplates ?? []).map((claim) => claim.metadata?.name ?? "");
      return pod(keyOf(set), name, set.spec?.template, Object.fromEntries(claims.map((claim) => [claim, `${claim}-${name}`])));
    }),
  );
  const stateless = world.deployments.flatMap((deployment) =>
    replicas(Math.max(deployment.spec?.replicas ?? 1, leastReplicas(world, keyOf(deployment)))).map((ordinal) =>
      pod(keyOf(deployment), `${deployment.metadata?.name ?? ""}-${ordinal}`, deployment.spec?.template, {}),
    ),
  );
  const all = [...stateful, ...stateless];
  const simulated = all.flatMap(({ template }) =>
    (template.spec?.containers ?? []).flatMap((one) => (programOf(one.image) === undefined ? [one.name] : [])),
  );
  return { pods: all.filter((one) => one.containers.length > 0), leftOut: [...new Set(simulated)].sort() };
}

const replicas = (count: number | undefined): number[] => Array.from({ length: count ?? 1 }, (_, ordinal) => ordinal);

/** What an autoscaler asks for at least: it has its say some seconds after the workload was made, and a second start must not find more. */
function leastReplicas(world: World, key: string): number {
  const found = world.autoscalers.find(
    ({ metadata, spec }) => spec?.scaleTargetRef.kind === "Deployment" && key === `${metadata?.namespace}/${spec.scaleTargetRef.name}`,
  );
  return found?.spec?.minReplicas ?? 0;
}

function pod(workload: string, name: string, template: V1PodTemplateSpec = {}, claims: Readonly<Record<string, string>>): PlannedPod {
  const namespace = workload.split("/")[0] ?? "";
  const key = `${namespace}/${name}`;
  const runnable = (template.spec?.containers ?? []).flatMap((container) => {
    const program = programOf(container.image);
    return program === undefined ? [] : [{ container, program }];
  });
  const containers = runnable.map((one) => ({ ...one, name: runnable.length === 1 ? key : `${key}/${one.container.name}` }));
  return { key, namespace, name, template, claims, containers };
}

/** The pods that a Service selects, of those that run here. */
export function selected(service: V1Service, pods: readonly PlannedPod[]): PlannedPod[] {
  const wanted = Object.entries(service.spec?.selector ?? {});
  if (wanted.length === 0) return [];
  return pods.filter(
    ({ namespace, template }) =>
      namespace === service.metadata?.namespace && wanted.every(([label, value]) => template.metadata?.labels?.[label] === value),
  );
}
