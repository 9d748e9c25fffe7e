import type { V1Container, V1EnvVar, V1ObjectFieldSelector, V1ResourceFieldSelector } from "@kubernetes/client-node";
import type { PlannedPod } from "./plan";
import type { World } from "./world";

/** What variables may refer to. */
export interface EnvSources {
  readonly world: Pick<World, "configMaps" | "secrets">;
  readonly pod: Pick<PlannedPod, "namespace" | "name" | "template">;
  readonly address: string;
  /** Applied to what is written in the object itself or in a ConfigMap; never to a Secret's values. */
  readonly rewrite: (text: string) => string;
}

/**
 * The environment of a container as the kubelet makes it: `envFrom` first, then `env` in order, where `$(NAME)` stands for a variable that came
 * before it.
 * @throws Error naming the pod, the variable and what is missing.
 */
export function environment(container: V1Container, of: EnvSources): Record<string, string> {
  const result: Record<string, string> = {};
  for (const { configMapRef, secretRef, prefix = "" } of container.envFrom ?? []) {
    const from = configMapRef ? configMap(of, configMapRef.name) : secret(of, secretRef?.name);
    if (from === undefined && (configMapRef ?? secretRef)?.optional !== true)
      throw missing(of, container, "envFrom", configMapRef?.name ?? secretRef?.name);
    for (const [key, value] of Object.entries(from ?? {})) result[`${prefix}${key}`] = value;
  }
  for (const variable of container.env ?? []) {
    const value = valueOf(variable, container, of, result);
    if (value !== undefined) result[variable.name] = value;
  }
  return result;
}

/** Replaces `$(NAME)` by a variable that is there; `$$(NAME)` is `$(NAME)` itself, and an unknown one stays as it is written (Kubernetes' rules). */
export function expand(text: string, env: Readonly<Record<string, string>>): string {
  return text.replace(/\$(?:\$|\(([A-Za-z_][\w.-]*)\))/g, (whole, name: string | undefined) =>
    name === undefined ? "$" : Object.hasOwn(env, name) ? (env[name] ?? "") : whole,
  );
}

function valueOf(variable: V1EnvVar, container: V1Container, of: EnvSources, before: Readonly<Record<string, string>>): string | undefined {
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = variable.valueFrom ?? {};
  if (fieldRef) return field(fieldRef, of);
  if (resourceFieldRef) return String(resource(resourceFieldRef, container));
  const ref = configMapKeyRef ?? secretKeyRef;
  if (ref === undefined) return of.rewrite(expand(variable.value ?? "", before));
  const value = (configMapKeyRef ? configMap(of, ref.name) : secret(of, ref.name))?.[ref.key];
  if (value === undefined && ref.optional !== true) throw missing(of, container, variable.name, `${ref.name} (key ${ref.key})`);
  return value;
}

function configMap(of: EnvSources, name: string | undefined): Record<string, string> | undefined {
  const data = of.world.configMaps.get(`${of.pod.namespace}/${name}`)?.data;
  return data && Object.fromEntries(Object.entries(data).map(([key, value]) => [key, of.rewrite(value)]));
}

function secret(of: EnvSources, name: string | undefined): Record<string, string> | undefined {
  const data = of.world.secrets.get(`${of.pod.namespace}/${name}`)?.data;
  return data && Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString()]));
}

function missing(of: EnvSources, container: V1Container, variable: string, what: string | undefined): Error {
  return new Error(
    `${of.pod.namespace}/${of.pod.name}, container ${container.name}, env ${variable}: there is no ${what ?? "such object"} in namespace ${of.pod.namespace}.`,
  );
}

function field({ fieldPath }: V1ObjectFieldSelector, { pod, address }: EnvSources): string {
  const { metadata, spec } = pod.template;
  const keyed = /^metadata\.(labels|annotations)\['([^']+)'\]$/.exec(fieldPath);
  if (keyed) return metadata?.[keyed[1] as "labels" | "annotations"]?.[keyed[2] ?? ""] ?? "";
  const fields: Readonly<Record<string, string>> = {
    "metadata.name": pod.name,
    "metadata.namespace": pod.namespace,
    "spec.nodeName": "local",
    "spec.serviceAccountName": spec?.serviceAccountName ?? "default",
    "status.hostIP": address,
    "status.podIP": address,
    "status.podIPs": address,
  };
  const value = fields[fieldPath];
  if (value === undefined)
    throw new Error(
      `${pod.namespace}/${pod.name}: fieldRef ${fieldPath} is none that this machine can fill (${Object.keys(fields).join(", ")}).`,
    );
  return value;
}

const units: Readonly<Record<string, number>> = { m: 1e-3, k: 1e3, M: 1e6, G: 1e9, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 };

/** A request or limit in units of `divisor`, rounded up as the kubelet does. */
function resource({ resource: path, divisor }: V1ResourceFieldSelector, container: V1Container): number {
  const [kind, name = ""] = path.split(".");
  const quantity = container.resources?.[kind as "limits" | "requests"]?.[name] ?? "0";
  return Math.ceil(amount(quantity) / (amount(divisor ?? "1") || 1));
}

function amount(quantity: string): number {
  const [, number = "0", unit = ""] = /^([\d.]+)([A-Za-z]*)$/.exec(quantity) ?? [];
  return Number(number) * (units[unit] ?? 1);
}
