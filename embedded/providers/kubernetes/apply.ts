/** Server-side apply, for real and as a dry run. */
import { differences, equal, valueAt } from "../protocol/paths";
import type { Bag, Fields } from "../protocol/values";
import { isFields } from "../protocol/values";
import type { Log } from "../protocol/engine";
import { type ApiClient, ApiError } from "./client";
import type { Discovery, Resource } from "./discovery";
import { annotation, annotations, identityOf, type Identity, recordedObject } from "./objects";
import type { Options } from "./options";
import { isConflict, isNamespaceMissing } from "./refusals";

/** One cluster as configured. */
export interface Cluster {
  client: ApiClient;
  discovery: Discovery;
  options: Options;
  log: Log;
}

/** An object to apply: where it is, what is wanted, under which name fields are owned. */
export interface Desired {
  urn: string;
  identity: Identity;
  resource: Resource;
  inputs: Bag;
  manager: string;
}

/** The server's answer to an apply; `created` says that there was no such object. */
export interface Applied {
  object: Fields;
  created: boolean;
}

/** How to apply. `force` takes over fields that others own. */
export interface ApplyMode {
  dryRun: boolean;
  force: boolean;
}

/** Finds where `inputs` go. A kind that is not served yet gives undefined with `wait: false`; otherwise it is waited for. */
export async function locate(cluster: Cluster, urn: string, inputs: Bag, manager: string, wait: boolean): Promise<Desired | undefined> {
  const asked = identityOf(inputs.value);
  const resource = wait
    ? await cluster.discovery.require(asked.apiVersion, asked.kind)
    : await cluster.discovery.find(asked.apiVersion, asked.kind);
  if (!resource) return undefined;
  // Check could not know the scope of a kind whose definition did not exist then, and gave it a namespace.
  const identity = resource.namespaced
    ? { ...asked, namespace: asked.namespace ?? cluster.options.namespace }
    : { ...asked, namespace: undefined };
  return { urn, identity, resource, inputs, manager };
}

/** The object's URL path. */
export function pathOf(cluster: Cluster, desired: Desired): string {
  return cluster.discovery.path(desired.resource, desired.identity);
}

/** Whether the program or the provider's options ask to take over fields of other managers. */
export function wantsForce(cluster: Cluster, inputs: Bag): boolean {
  return cluster.options.enablePatchForce || annotation(inputs.value, annotations.patchForce) === "true";
}

function body(desired: Desired): Fields {
  const metadata = isFields(desired.inputs.value["metadata"]) ? { ...desired.inputs.value["metadata"] } : {};
  if (desired.identity.namespace === undefined) delete metadata["namespace"];
  else metadata["namespace"] = desired.identity.namespace;
  return { ...desired.inputs.value, metadata };
}

/** Applies once, strictly: a field the schema does not have is an error. Throws `ApiError`. */
export async function apply(cluster: Cluster, desired: Desired, mode: ApplyMode): Promise<Applied> {
  const query: Record<string, string> = { fieldManager: desired.manager, fieldValidation: "Strict", force: String(mode.force) };
  if (mode.dryRun) query["dryRun"] = "All";
  const path = pathOf(cluster, desired);
  const answer = await cluster.client.request({
    method: "PATCH",
    path,
    query,
    body: body(desired),
    contentType: "application/apply-patch+yaml",
  });
  if (!cluster.options.suppressDeprecationWarnings) for (const warning of answer.warnings) cluster.log("warning", desired.urn, warning);
  return { object: answer.body, created: answer.code === 201 };
}

/**
 * A dry run where one can be had: undefined when the namespace is not there yet (the same run makes it) or an admission webhook has side
 * effects. Throws `ApiError` for every other refusal.
 */
export async function dryRun(cluster: Cluster, desired: Desired, force: boolean): Promise<Applied | undefined> {
  try {
    return await apply(cluster, desired, { dryRun: true, force });
  } catch (error) {
    if (isNamespaceMissing(error)) return undefined;
    if (error instanceof ApiError && /does not support dry run/.test(error.message)) return undefined;
    throw error;
  }
}

const volatile = ["managedFields", "resourceVersion", "generation", "creationTimestamp", "uid"];

/** An object without what changes by itself, for comparisons. */
export function comparable(object: Fields): Fields {
  const { status: _status, ...rest } = object;
  if (!isFields(rest["metadata"])) return rest;
  return { ...rest, metadata: Object.fromEntries(Object.entries(rest["metadata"]).filter(([key]) => !volatile.includes(key))) };
}

// What a forced apply would overwrite was on record, so a refresh has shown it and the preview has listed it: then it is meant.
async function overwritesOnlyWhatWasSeen(cluster: Cluster, desired: Desired, recorded: Fields): Promise<boolean> {
  const live = await cluster.client.get(pathOf(cluster, desired));
  const forced = await apply(cluster, desired, { dryRun: true, force: true });
  if (!live) return false;
  return differences(comparable(live), comparable(forced.object)).every(({ path }) => equal(valueAt(live, path), valueAt(recorded, path)));
}

/**
 * Applies a change to an object of which `state` is the last record. Fields that other managers own are a conflict (`ApiError`), except
 * where a refresh has recorded the foreign value: then the change sets it back.
 */
export async function applyChange(cluster: Cluster, desired: Desired, state: Fields, isDryRun: boolean): Promise<Applied | undefined> {
  const once = (force: boolean) => (isDryRun ? dryRun(cluster, desired, force) : apply(cluster, desired, { dryRun: false, force }));
  try {
    return await once(wantsForce(cluster, desired.inputs));
  } catch (error) {
    if (isConflict(error) && (await overwritesOnlyWhatWasSeen(cluster, desired, recordedObject(state)))) return once(true);
    throw error;
  }
}
