import type { V1ConfigMap, V1Deployment, V1Secret, V1Service, V1StatefulSet, V2HorizontalPodAutoscaler } from "@kubernetes/client-node";
import { systemNamespaces, tenantNamespace } from "../../model/names";
import type { Api } from "../cluster/api";

/** What of the API server decides which processes run, and with which files. */
export interface World {
  readonly statefulSets: readonly V1StatefulSet[];
  readonly deployments: readonly V1Deployment[];
  readonly autoscalers: readonly V2HorizontalPodAutoscaler[];
  readonly services: readonly V1Service[];
  /** By `namespace/name`. */
  readonly configMaps: ReadonlyMap<string, V1ConfigMap>;
  readonly secrets: ReadonlyMap<string, V1Secret>;
}

interface Named {
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
}

/** `namespace/name`. */
export const keyOf = (object: Named): string => `${object.metadata?.namespace ?? ""}/${object.metadata?.name ?? ""}`;

const shared: ReadonlySet<string> = new Set(Object.values(systemNamespaces));
const isOurs = (object: Named): boolean => {
  const namespace = object.metadata?.namespace ?? "";
  return shared.has(namespace) || namespace.endsWith(tenantNamespace(""));
};

/** Reads the namespaces of the stores and of all tenants; whatever else runs on the cluster stays simulated. */
export async function readWorld(api: Api): Promise<World> {
  const list = async <T extends Named>(path: string): Promise<T[]> =>
    ((await api.get<{ items: T[] }>(path))?.items ?? []).filter(isOurs).sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const [statefulSets, deployments, autoscalers, services, configMaps, secrets] = await Promise.all([
    list<V1StatefulSet>("/apis/apps/v1/statefulsets"),
    list<V1Deployment>("/apis/apps/v1/deployments"),
    list<V2HorizontalPodAutoscaler>("/apis/autoscaling/v2/horizontalpodautoscalers"),
    list<V1Service>("/api/v1/services"),
    list<V1ConfigMap>("/api/v1/configmaps"),
    list<V1Secret>("/api/v1/secrets"),
  ]);
  const byKey = <T extends Named>(objects: readonly T[]) => new Map(objects.map((object) => [keyOf(object), object] as const));
  return { statefulSets, deployments, autoscalers, services, configMaps: byKey(configMaps), secrets: byKey(secrets) };
}
