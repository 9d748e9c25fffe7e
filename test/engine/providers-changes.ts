import { type Fields, type Marks, UNKNOWN } from "../../embedded/providers/protocol/values";
import { bag, Plugin, refusal, type State } from "./providers-kit";
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
  meta,
  object,
  plugin,
  secret,
  workload,
} from "./providers-world";

/** Behaviours of the kubernetes stand-in: making objects, differences, replacement, secrets, drift, conflicts. */

export async function previewMutatesNothing(): Promise<void> {
  const name = fresh("preview");
  const state = await plugin.create(name, configMap, map(name, { a: "1", later: UNKNOWN }), { preview: true });
  expect(state).toMatchObject({ id: "", outputs: { value: { data: { a: "1", later: UNKNOWN } } } });
  await plugin.create(name, configMap, map(name, { a: "1" }), { preview: true });
  expect(await cluster.ask("GET", at(name))).toMatchObject({ code: 404 });
}

export async function autonames(): Promise<void> {
  const state = await plugin.create("auto", configMap, map(undefined, { a: "1" }));
  expect(state.id).toMatch(/^default\/auto-[0-9a-f]{8}$/);
  expect(meta(state.outputs.value)["annotations"]).toEqual({ "pulumi.com/autonamed": "true" });
  const again = await plugin.check("auto", configMap, map(undefined, { a: "2" }), state);
  expect(meta(again.inputs.value)["name"]).toBe(meta(state.inputs.value)["name"]);
  expect((await plugin.diff(state, map("other", { a: "1" }))).replaces).toContain("metadata.name");
}

export async function unknownFieldsAreErrors(): Promise<void> {
  const name = fresh("strict");
  for (const preview of [true, false]) {
    expect(await refusal(plugin.create(name, deployment, workload(name, 0, { imag: "x" }), { preview }))).toMatch(
      /default\/strict-\d+".*unknown field spec\.template\.spec\.containers\[name="main"\]\.imag/s,
    );
  }
}

export async function existingIsAnError(): Promise<void> {
  const name = fresh("exists");
  await cluster.ask("POST", "/api/v1/namespaces/default/configmaps", map(name, { mine: "yes" }).value);
  for (const preview of [true, false]) {
    expect(await refusal(plugin.create("new", configMap, map(name, {}), { preview }))).toMatch(
      new RegExp(`"default/${name}" already exists.*import: "default/${name}"`),
    );
  }
  expect((await cluster.ask("GET", at(name)))["data"]).toEqual({ mine: "yes" });
  await configured({ upsertExistingObjects: "true" }, (other) => other.create("new", configMap, map(name, { ours: "too" })));
  expect((await cluster.ask("GET", at(name)))["data"]).toEqual({ mine: "yes", ours: "too" });
}

export async function ownObjectIsTakenUp(): Promise<void> {
  const name = fresh("cutoff");
  // A run that was killed after the server had made the object and before the state was saved.
  await plugin.create(name, configMap, map(name, { first: "run" }));
  for (const preview of [true, false]) await plugin.create(name, configMap, map(name, { second: "run" }), { preview });
  expect((await cluster.ask("GET", at(name)))["data"]).toEqual({ second: "run" });
  expect(await refusal(plugin.create("another", configMap, map(name, {}), { preview: false }))).toMatch(/already exists/);
}

export async function equalInputsAskNobody(): Promise<void> {
  const state = await made(fresh("same"));
  const stranger = await Plugin.start("kubernetes");
  const kubeconfig = cluster.kubeconfig.replace(cluster.server, "https://127.0.0.1:1");
  await stranger.configure({ kubeconfig, namespace: "default" });
  expect(await stranger.diff(state, state.inputs)).toMatchObject({ changes: false, detailed: {} });
  stranger.stop();
}

export async function diffsByPath(): Promise<void> {
  const name = fresh("paths");
  const state = await plugin.create(name, deployment, workload(name, 0, { env: [{ name: "A", value: "1" }] }));
  const news = workload(name, 0, { image: "example.com/app:2", env: [] });
  expect((await plugin.diff(state, news)).detailed).toEqual({
    "spec.template.spec.containers[0].image": "update",
    "spec.template.spec.containers[0].env[0]": "delete",
  });
  const files = await made(fresh("paths"), { "a.b": "1", c: "1" });
  expect((await plugin.diff(files, map(files.name, { "a.b": "2", "d/e": "1" }))).detailed).toEqual({
    'data["a.b"]': "update",
    "data.c": "delete",
    'data["d/e"]': "add",
  });
}

export async function otherSpellingsAreNoChange(): Promise<void> {
  const name = fresh("spelling");
  const limits = (cpu: string) => workload(name, 0, { resources: { limits: { cpu } } });
  const state = await plugin.create(name, deployment, limits("1000m"));
  expect(await plugin.diff(state, limits("1"))).toMatchObject({ changes: false });
  expect((await plugin.diff(state, limits("2"))).detailed).toEqual({ "spec.template.spec.containers[0].resources.limits.cpu": "update" });
  expect((await plugin.refresh(state))?.inputs.value).toEqual(state.inputs.value);
}

export async function immutableFieldsReplace(): Promise<void> {
  const name = fresh("immutable");
  const state = await plugin.create(name, deployment, workload(name, 0));
  const difference = await plugin.diff(state, workload(name, 0, {}, { app: "other" }));
  expect(difference).toMatchObject({ deleteBeforeReplace: true, replaces: ["spec.selector.matchLabels.app"] });
  expect(difference.detailed["spec.template.metadata.labels.app"]).toBe("update");
  const set = (serviceName: string, replicas: number) =>
    object("apps/v1", "StatefulSet", name, { spec: { ...(workload(name, replicas).value["spec"] as Fields), serviceName } });
  const stateful = await plugin.create(name, "kubernetes:apps/v1:StatefulSet", set("one", 0));
  expect((await plugin.diff(stateful, set("two", 0))).replaces).toEqual(["spec.serviceName"]);
  expect((await plugin.diff(stateful, set("one", 1))).replaces).toEqual([]);
}

export async function namesReplace(): Promise<void> {
  const state = await made(fresh("identity"));
  expect(await plugin.diff(state, map("another", { a: "1" }))).toMatchObject({ replaces: ["metadata.name"], deleteBeforeReplace: false });
  expect(await plugin.diff(state, map(state.name, { a: "1" }, { namespace: "kube-public" }))).toMatchObject({
    replaces: ["metadata.namespace"],
    deleteBeforeReplace: false,
  });
  expect(await plugin.diff(state, map(state.name, { a: "1" }, { namespace: UNKNOWN }))).toMatchObject({ replaces: ["metadata.namespace"] });
}

export async function contentsReplaceUnlessMutable(): Promise<void> {
  const state = await made(fresh("mutable"));
  const news = map(state.name, { a: "2" });
  expect(await plugin.diff(state, news)).toMatchObject({ detailed: { "data.a": "update" } });
  expect(await configured({}, (other) => other.diff(state, news))).toMatchObject({
    detailed: { "data.a": "update-replace" },
    deleteBeforeReplace: true,
  });
  const hidden = (value: string) => object("v1", "Secret", state.name, { data: { a: value } });
  const kept = await plugin.create(state.name, secret, hidden("YQ=="));
  expect(await plugin.diff(kept, hidden("Yg=="))).toMatchObject({ replaces: [] });
  expect(await configured({}, (other) => other.diff(kept, hidden("Yg==")))).toMatchObject({ replaces: ["data.a"] });
}

function isSecret(marks: Marks, ...keys: string[]): boolean {
  return keys.reduce<Marks | undefined>((marked, key) => (marked === true ? true : marked?.get(key)), marks) === true;
}

export async function secretsStaySecret(): Promise<void> {
  const name = fresh("hidden");
  const state = await plugin.create(name, secret, object("v1", "Secret", name, { stringData: { password: "correct-horse" } }));
  for (const keys of [["data"], ["__inputs", "stringData"]]) expect([keys, isSecret(state.outputs.secrets, ...keys)]).toEqual([keys, true]);
  expect(isSecret(state.inputs.secrets, "stringData")).toBe(true);
  const refreshed = await plugin.refresh(state);
  expect(isSecret(refreshed?.inputs.secrets ?? new Map(), "stringData")).toBe(true);
  expect(refreshed?.inputs.value).toEqual(state.inputs.value);
  const marked = bag(map(name, { a: "open", b: "correct-horse" }).value, new Map([["data", new Map([["b", true as const]])]]));
  const text = await plugin.create(name, configMap, marked);
  expect([isSecret(text.outputs.secrets, "data", "b"), isSecret(text.outputs.secrets, "data", "a")]).toEqual([true, false]);
  const broken = bag({ ...marked.value, data: { b: "correct-horse", "bad key correct-horse": "x" } }, new Map([["data", true as const]]));
  expect(await refusal(plugin.update(text, broken))).not.toContain("correct-horse");
  const imported = await plugin.import(name, secret, `default/${name}`);
  expect(isSecret(imported?.inputs.secrets ?? new Map(), "data")).toBe(true);
}

export async function driftIsSeenAndRepaired(): Promise<void> {
  const state = await made(fresh("drift"), { a: "1", b: "1" });
  await cluster.ask("PATCH", at(state.name), { data: { a: "foreign", c: "theirs" } }, { manager: "kubectl-edit" });
  const refreshed = (await plugin.refresh(state)) as State;
  expect(refreshed.inputs.value["data"]).toEqual({ a: "foreign", b: "1" });
  expect((await plugin.diff(refreshed, state.inputs)).detailed).toEqual({ "data.a": "update" });
  await plugin.update(refreshed, state.inputs);
  expect((await cluster.ask("GET", at(state.name)))["data"]).toEqual({ a: "1", b: "1", c: "theirs" });
}

export async function conflictsAreExplained(): Promise<void> {
  const state = await made(fresh("conflict"));
  await cluster.ask("PATCH", at(state.name), { data: { a: "foreign" } }, { manager: "kubectl-edit" });
  for (const preview of [true, false]) {
    expect(await refusal(plugin.update(state, map(state.name, { a: "2" }), { preview }))).toMatch(
      /conflict.*data\.a: owned by "kubectl-edit".*pulumi refresh.*pulumi\.com\/patchForce: "true"/s,
    );
  }
  expect((await cluster.ask("GET", at(state.name)))["data"]).toEqual({ a: "foreign" });
  await plugin.update(state, map(state.name, { a: "2" }, annotated("patchForce", "true")));
  expect((await cluster.ask("GET", at(state.name)))["data"]).toEqual({ a: "2" });
}
