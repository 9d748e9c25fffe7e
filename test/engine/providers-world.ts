import type { Fields } from "../../embedded/providers/protocol/values";
import { bag, Plugin, type State, startTestCluster, type TestCluster } from "./providers-kit";

/** What the behaviours of the kubernetes stand-in share: a cluster, a configured plugin, and short ways to write objects. */

export let cluster: TestCluster;
export let plugin: Plugin;
let last = 0;

export const fresh = (name: string) => `${name}-${(last += 1)}`;
export const configMap = "kubernetes:core/v1:ConfigMap";
export const secret = "kubernetes:core/v1:Secret";
export const deployment = "kubernetes:apps/v1:Deployment";
export const namespace = "kubernetes:core/v1:Namespace";

export function object(apiVersion: string, kind: string, name: string | undefined, rest: Fields, metadata: Fields = {}) {
  return bag({ apiVersion, kind, metadata: { ...(name ? { name } : {}), ...metadata }, ...rest });
}

export const map = (name: string | undefined, data: Fields, metadata: Fields = {}) => object("v1", "ConfigMap", name, { data }, metadata);
export const annotated = (name: string, value: string): Fields => ({ annotations: { [`pulumi.com/${name}`]: value } });

export function workload(
  name: string,
  replicas: number,
  pod: Fields = {},
  labels: Fields = { app: name },
  metadata: Fields = {},
  spec: Fields = {},
) {
  const containers = [{ name: "main", image: "example.com/app:1", ...pod }];
  const template = { metadata: { labels }, spec: { containers } };
  return object("apps/v1", "Deployment", name, { spec: { replicas, selector: { matchLabels: labels }, template, ...spec } }, metadata);
}

export const at = (name: string) => `/api/v1/namespaces/default/configmaps/${name}`;
export const meta = (fields: Fields) => fields["metadata"] as Fields;

export async function startWorld(): Promise<void> {
  cluster = await startTestCluster();
  plugin = await Plugin.start("kubernetes");
  await plugin.configure({ kubeconfig: cluster.kubeconfig, enableConfigMapMutable: "true", enableSecretMutable: "true" });
}

export async function stopWorld(): Promise<void> {
  plugin.stop();
  await cluster.stop();
}

/** Another configuration of the provider, for one behaviour. */
export async function configured<Result>(options: Fields, work: (plugin: Plugin) => Promise<Result>): Promise<Result> {
  const other = await Plugin.start("kubernetes");
  try {
    await other.configure({ kubeconfig: cluster.kubeconfig, ...options });
    return await work(other);
  } finally {
    other.stop();
  }
}

export async function made(name: string, data: Fields = { a: "1" }): Promise<State> {
  return plugin.create(name, configMap, map(name, data));
}
