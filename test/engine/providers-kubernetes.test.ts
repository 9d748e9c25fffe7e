import { type Fields } from "../../embedded/providers/protocol/values";
import { bag, notReady, refusal, type State } from "./providers-kit";
import {
  annotated,
  at,
  cluster,
  configMap,
  configured,
  deployment,
  fresh,
  made,
  map,
  namespace,
  object,
  plugin,
  workload,
} from "./providers-world";
import {
  previewMutatesNothing,
  autonames,
  unknownFieldsAreErrors,
  existingIsAnError,
  ownObjectIsTakenUp,
  equalInputsAskNobody,
  diffsByPath,
  otherSpellingsAreNoChange,
  immutableFieldsReplace,
  namesReplace,
  contentsReplaceUnlessMutable,
  secretsStaySecret,
  driftIsSeenAndRepaired,
  conflictsAreExplained,
} from "./providers-changes";
import { startWorld, stopWorld } from "./providers-world";

/**
 * The behaviours of the kubernetes stand-in against a real API server, spoken to as the engine speaks to it. Sources: the provider's
 * documentation (pulumi.com/registry/packages/kubernetes: installation and configuration, await logic, server-side apply, API of Provider)
 * and the protocol's (proto/pulumi/provider.proto).
 */

beforeAll(startWorld, 120_000);

afterAll(stopWorld, 60_000);

async function removedFieldsGo(): Promise<void> {
  const state = await made(fresh("removed"), { a: "1", b: "1" });
  const next = await plugin.update(state, map(state.name, { a: "1" }));
  expect(next.outputs.value["data"]).toEqual({ a: "1" });
  expect(next.outputs.value["__fieldManager"]).toMatch(/^pulumi-kubernetes-[0-9a-f]{8}$/);
}

async function goneIsGone(): Promise<void> {
  const state = await made(fresh("gone"));
  await cluster.ask("DELETE", at(state.name));
  expect(await plugin.refresh(state)).toBeUndefined();
  await plugin.delete(state);
}

async function importsByName(): Promise<void> {
  const name = fresh("import");
  await cluster.ask("POST", "/api/v1/namespaces/default/configmaps", map(name, { a: "1" }, { labels: { team: "theirs" } }).value);
  const state = (await plugin.import(name, configMap, `default/${name}`)) as State;
  expect(state.id).toBe(`default/${name}`);
  expect(await plugin.diff(state, map(name, { a: "1" }))).toMatchObject({ changes: false });
  expect(await plugin.diff(state, map(name, { a: "2" }))).toMatchObject({ changes: true });
  expect(await refusal(plugin.import(name, configMap, `a/b/${name}`))).toContain("namespace/name");
}

async function deletesAndWaits(): Promise<void> {
  const name = fresh("delete");
  const state = await plugin.create(name, deployment, workload(name, 1));
  await plugin.delete(state);
  const left = await cluster.ask("GET", `/apis/apps/v1/namespaces/default/replicasets?labelSelector=app%3D${name}`);
  expect(left["items"]).toEqual([]);
  const held = await plugin.create(fresh("held"), configMap, map(fresh("held"), {}, { finalizers: ["example.com/hold"] }));
  expect(await refusal(plugin.delete(held, 1))).toMatch(/still there 1 s after its deletion: finalizers example\.com\/hold/);
  await cluster.ask("PATCH", at(held.id.split("/")[1] ?? ""), { metadata: { finalizers: null } });
}

async function waitsForRollouts(): Promise<void> {
  const name = fresh("rollout");
  const state = await plugin.create(name, deployment, workload(name, 2));
  expect(state.outputs.value["status"]).toMatchObject({ availableReplicas: 2 });
  const service = object("v1", "Service", name, { spec: { selector: { app: name }, ports: [{ port: 80 }] } });
  expect((await plugin.create(name, "kubernetes:core/v1:Service", service)).id).toBe(`default/${name}`);
}

async function saysWhyNotReady(): Promise<void> {
  const lonely = fresh("lonely");
  const service = (spec: Fields, metadata: Fields = {}) =>
    object("v1", "Service", lonely, { spec: { ports: [{ port: 80 }], ...spec } }, metadata);
  const type = "kubernetes:core/v1:Service";
  const failed = await notReady(plugin.create(lonely, type, service({ selector: { app: "nobody" } }), { timeout: 1 }));
  expect(failed).toMatchObject({
    id: `default/${lonely}`,
    reasons: [expect.stringMatching(/not ready after 1 s: no ready pod matches its selector/)],
  });
  expect(failed.outputs.value["spec"]).toMatchObject({ type: "ClusterIP" });
  await cluster.ask("DELETE", `/api/v1/namespaces/default/services/${lonely}`);
  const headless = await plugin.create(lonely, type, service({ selector: { app: "nobody" }, clusterIP: "None" }));
  await plugin.delete(headless);
  await plugin.delete(await plugin.create(lonely, type, service({ selector: { app: "nobody" } }, annotated("skipAwait", "true"))));
  const stuck = workload(lonely, 1, {}, { app: lonely }, annotated("timeoutSeconds", "2"), {
    minReadySeconds: 3000,
    progressDeadlineSeconds: 3600,
  });
  expect((await notReady(plugin.create(lonely, deployment, stuck))).reasons[0]).toMatch(/not ready after 2 s: 0 of 1 pods are available/);
}

async function customResources(): Promise<void> {
  const type = "kubernetes:monitoring.coreos.com/v1:Prometheus";
  const prometheus = (spec: Fields) => object("monitoring.coreos.com/v1", "Prometheus", fresh("p"), { spec: { replicas: 0, ...spec } });
  expect((await plugin.create("p", type, prometheus({}))).outputs.value["kind"]).toBe("Prometheus");
  expect(await refusal(plugin.create("p", type, prometheus({ retentoin: "1d" }), { preview: true }))).toMatch(/retentoin/);
}

async function definitionsAndNamespacesOfTheSameRun(): Promise<void> {
  const properties = { spec: { type: "object", properties: { size: { type: "integer" } } } };
  const versions = [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object", properties } } }];
  const spec = { group: "test.example.com", scope: "Cluster", names: { plural: "widgets", singular: "widget", kind: "Widget" }, versions };
  const definition = object("apiextensions.k8s.io/v1", "CustomResourceDefinition", "widgets.test.example.com", { spec });
  const widget = object("test.example.com/v1", "Widget", "w", { spec: { size: 1 } });
  const type = "kubernetes:test.example.com/v1:Widget";
  await plugin.create("w", type, widget, { preview: true });
  const [, state] = await Promise.all([
    plugin.create("d", "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition", definition),
    plugin.create("w", type, widget),
  ]);
  expect(state.id).toBe("w");
  const home = fresh("home");
  const tenant = map("m", { a: "1" }, { namespace: home });
  await plugin.create("m", configMap, tenant, { preview: true });
  expect(await refusal(plugin.create("m", configMap, tenant))).toMatch(new RegExp(`namespace "${home}" does not exist`));
  const made = await plugin.create(home, namespace, object("v1", "Namespace", home, {}));
  const held = await plugin.create("m", configMap, map("m", {}, { namespace: home, finalizers: ["example.com/hold"] }));
  await refusal(plugin.delete(made, 1));
  expect(await refusal(plugin.create("n", configMap, map("n", {}, { namespace: home })))).toMatch(
    new RegExp(`namespace "${home}" is being deleted`),
  );
  await cluster.ask("PATCH", `/api/v1/namespaces/${home}/configmaps/m`, { metadata: { finalizers: null } });
  await Promise.all([plugin.delete(held), plugin.delete(made)]);
}

async function refusesWhatItDoesNotDo(): Promise<void> {
  const bad: [string, Fields, RegExp][] = [
    ["kubernetes:helm.sh/v3:Release", {}, /creates API objects only/],
    ["kubernetes:yaml:ConfigFile", {}, /creates API objects only/],
    ["kubernetes:core/v1:ConfigMapPatch", {}, /official plugin/],
    [configMap, { apiVersion: "v1", kind: "Secret" }, /needs "ConfigMap"/],
    [configMap, { apiVersion: "v1", kind: "ConfigMap", metadata: { generateName: "x-" } }, /generateName/],
    [
      configMap,
      { apiVersion: "v1", kind: "ConfigMap", metadata: annotated("waitFor", "x") },
      /does not know annotation pulumi\.com\/waitFor/,
    ],
  ];
  for (const [type, inputs, text] of bad) expect(await refusal(plugin.create("x", type, bag(inputs)))).toMatch(text);
  await expect(plugin.checkConfig({ renderYamlToDirectory: "/tmp" })).resolves.toEqual([expect.stringContaining("no such option")]);
  await expect(plugin.checkConfig({ enableServerSideApply: "false" })).resolves.toEqual([expect.stringContaining("server-side apply")]);
}

async function providerConfiguration(): Promise<void> {
  const olds = { kubeconfig: cluster.kubeconfig, clusterIdentifier: "one" };
  const kubeconfig = cluster.kubeconfig.replace(cluster.server, "https://127.0.0.1:1");
  expect(await plugin.diffConfig(olds, { ...olds, kubeconfig })).toMatchObject({ changes: true, replaces: [] });
  expect(await plugin.diffConfig(olds, { ...olds, clusterIdentifier: "two" })).toMatchObject({ replaces: ["clusterIdentifier"] });
  expect(await plugin.diffConfig({ kubeconfig: cluster.kubeconfig }, { kubeconfig })).toMatchObject({ replaces: ["kubeconfig"] });
  expect(await plugin.diffConfig(olds, olds)).toMatchObject({ changes: false });
  expect(await refusal(configured({ context: "nowhere" }, async () => undefined))).toMatch(/has no context "nowhere"; it has "/);
  const state = await configured({ namespace: "kube-public" }, (other) => other.create("there", configMap, map(fresh("there"), {})));
  expect(state.id).toMatch(/^kube-public\//);
}

async function unreachableIsSaid(): Promise<void> {
  const kubeconfig = cluster.kubeconfig.replace(cluster.server, "https://127.0.0.1:1");
  const state = await made(fresh("far"));
  const said = refusal(configured({ kubeconfig }, (other) => other.delete(state)));
  await configured({ kubeconfig, deleteUnreachable: "true" }, (other) => other.delete(state));
  expect(await said).toMatch(/API server at https:\/\/127\.0\.0\.1:1 cannot be reached: nothing listens there.*Start the cluster/);
}

const behaviours: [string, () => Promise<void>][] = [
  ["a preview of a create returns the inputs, unknowns too, and makes nothing", previewMutatesNothing],
  ["an object without a name gets <resource>-<8 digits> and keeps it", autonames],
  ["a field that the schema does not have is an error, in previews already", unknownFieldsAreErrors],
  ["an object that exists is not taken over, unless upsertExistingObjects says so", existingIsAnError],
  ["an object that a cut-off run of the same resource made is taken up again", ownObjectIsTakenUp],
  ["equal inputs are no difference, without a request", equalInputsAskNobody],
  ["differences are told by property path", diffsByPath],
  ["another spelling of a quantity is no change and no drift; server defaults are none either", otherSpellingsAreNoChange],
  ["what the API server calls immutable replaces, deleting first when the name is fixed", immutableFieldsReplace],
  ["another name or namespace, known or not, replaces", namesReplace],
  ["ConfigMaps and Secrets replace on change unless they are made mutable", contentsReplaceUnlessMutable],
  ["Secret contents and marked values are secret in inputs, outputs, refreshes, imports and errors", secretsStaySecret],
  ["an out-of-band change is seen by a refresh and set back by the next update; fields of others stay", driftIsSeenAndRepaired],
  ["a field that another manager took is a conflict with the remedy; patchForce takes it", conflictsAreExplained],
  ["a field that leaves the program leaves the object; the field manager is recorded", removedFieldsGo],
  ["an object that is gone leaves the state; deleting it again is success", goneIsGone],
  ["an object is imported by namespace/name without a change", importsByName],
  ["a delete takes dependents first and waits until the object is gone, or says what holds it", deletesAndWaits],
  ["rollouts and endpoints are waited for", waitsForRollouts],
  ["what does not get ready is kept and explained; skipAwait, timeoutSeconds and custom time limits count", saysWhyNotReady],
  ["custom resources work by token, strictly, and are not waited for", customResources],
  ["definitions and namespaces may come in the same run; a missing or ending namespace is explained", definitionsAndNamespacesOfTheSameRun],
  ["charts, YAML files, patches, unknown annotations and options are refused", refusesWhatItDoesNotDo],
  ["a changed kubeconfig updates the provider where the identifier stays; context and namespace count", providerConfiguration],
  ["an API server that cannot be reached is named, with what to do", unreachableIsSaid],
]; // prettier-ignore

test.each(behaviours)("%s", async (_name, behaviour) => behaviour(), 60_000);
