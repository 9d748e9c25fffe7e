/** The kubernetes stand-in: the engine's calls, each a few steps of the parts beside this file. */
import { CancelledError, NotReadyError, UserError } from "../protocol/errors";
import { equal } from "../protocol/paths";
import type { Log } from "../protocol/engine";
import type { CheckArgs, CreateArgs, DeleteArgs, DiffArgs, Provider, ReadArgs, UpdateArgs } from "../protocol/provider";
import { type Bag, emptyBag, type Fields, hasUnknown, isFields, textOf } from "../protocol/values";
import { apply, applyChange, type Applied, type Cluster, type Desired, dryRun, locate, pathOf, wantsForce } from "./apply";
import { checkInputs, parseToken } from "./check";
import { ApiClient, ApiError, UnreachableError } from "./client";
import { diffInputs } from "./diff";
import { Discovery } from "./discovery";
import { inputsFromLive, refreshedInputs } from "./drift";
import {
  annotation,
  annotations,
  bookkeeping,
  describe,
  fieldManager,
  idOf,
  identityOf,
  identityUnknown,
  madeBy,
  metadataText,
  outputsOf,
  parseId,
  recordedObject,
} from "./objects";
import { checkOptions, diffOptions, loadKubeconfig, readOptions } from "./options";
import { explain } from "./refusals";
import { awaitGone, awaitReady, skipsAwait } from "./waiting";

async function explained<Result>(desired: Desired, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw explain(error, desired.identity, desired.inputs);
  }
}

/** A provider for one cluster; `log` shows lines to the user. */
export class KubernetesProvider implements Provider {
  readonly name = "kubernetes";
  #cluster: Cluster | undefined;
  /** `urn|id` of objects that resources had before this run: a previewed replacement finds the old object still there. */
  readonly #owned = new Set<string>();
  /** What dry runs of Diff came to, for the previewed update that follows it. */
  readonly #dryRuns = new Map<string, { inputs: Fields; applied: Applied }>();

  constructor(
    readonly version: string,
    private readonly log: Log,
  ) {}

  async checkConfig(news: Bag) {
    return { inputs: news, failures: checkOptions(news.value) };
  }

  async diffConfig(oldInputs: Bag, news: Bag) {
    return diffOptions(oldInputs.value, news.value);
  }

  async configure(given: Bag): Promise<void> {
    const options = readOptions(given.value);
    const timeout = options.requestTimeout === undefined ? undefined : options.requestTimeout * 1000;
    const client = new ApiClient(await loadKubeconfig(options), timeout);
    this.#cluster = { client, discovery: new Discovery(client), options, log: this.log };
  }

  async check(args: CheckArgs) {
    const olds = args.olds?.value;
    if (olds && metadataText(olds, "name")) this.#owned.add(`${args.urn}|${idOf(identityOf(olds))}`);
    return checkInputs(this.#cluster, args);
  }

  async diff(args: DiffArgs) {
    const oldInputs = oldInputsOf(args.oldInputs, args.olds);
    const manager = fieldManager(args.urn, args.news.value, args.olds.value);
    const { result, applied } = await diffInputs(this.#configured(), args.urn, oldInputs, args.news, args.olds.value, manager);
    if (applied) this.#dryRuns.set(args.urn, { inputs: args.news.value, applied });
    return result;
  }

  async create(args: CreateArgs): Promise<{ id: string; outputs: Bag }> {
    if (args.preview) return { id: "", outputs: await this.#previewCreate(args) };
    const cluster = this.#configured();
    const inputs = args.properties;
    const manager = fieldManager(args.urn, inputs.value, {});
    const desired = await this.#locate(args.urn, inputs, manager);
    return explained(desired, async () => {
      const exists = !cluster.options.upsertExistingObjects && (await cluster.client.get(pathOf(cluster, desired)));
      if (exists && !madeBy(exists, manager)) throw alreadyExists(desired);
      const { object } = await apply(cluster, desired, { dryRun: false, force: wantsForce(cluster, inputs) });
      const outputs = await this.#settled(desired, object, args.timeout);
      return { id: idOf(desired.identity), outputs };
    });
  }

  async update(args: UpdateArgs): Promise<Bag> {
    const cluster = this.#configured();
    const manager = fieldManager(args.urn, args.news.value, args.olds.value);
    const overlay: Bag = {
      value: { ...recordedObject(args.olds.value), ...args.news.value },
      secrets: outputsOf(args.news.value, args.news, manager).secrets,
    };
    if (args.preview && hasUnknown(args.news.value)) return overlay;
    const dry = this.#dryRuns.get(args.urn);
    this.#dryRuns.delete(args.urn);
    if (args.preview && dry && equal(dry.inputs, args.news.value)) return outputsOf(dry.applied.object, args.news, manager);
    const desired = await this.#locate(args.urn, args.news, manager);
    return explained(desired, async () => {
      const applied = await applyChange(cluster, desired, args.olds.value, args.preview);
      if (args.preview) return applied ? outputsOf(applied.object, args.news, manager) : overlay;
      return this.#settled(desired, (applied as Applied).object, args.timeout);
    });
  }

  async read(args: ReadArgs) {
    const cluster = this.#configured();
    const inputs = oldInputsOf(args.inputs, args.properties);
    const { apiVersion, kind } = { ...parseToken(args.type), ...kindOf(args.properties.value), ...kindOf(inputs.value) };
    const resource = await cluster.discovery.find(apiVersion, kind);
    if (!resource) return undefined; // its definition is gone, and every object with it
    const { namespace, name } = parseId(args.id);
    const identity = { apiVersion, kind, name, namespace: resource.namespaced ? (namespace ?? cluster.options.namespace) : undefined };
    const live = await this.#reachable(args.urn, () => cluster.client.get(cluster.discovery.path(resource, identity)));
    if (!live) return undefined;
    const isKnown = metadataText(inputs.value, "name") !== undefined;
    const manager = fieldManager(args.urn, inputs.value, args.properties.value);
    const desired: Desired = {
      urn: args.urn,
      identity,
      resource,
      inputs: isKnown ? inputs : { value: inputsFromLive(live), secrets: new Map() },
      manager,
    };
    const refreshed = isKnown ? await refreshedInputs(cluster, desired, live) : desired.inputs;
    const outputs = outputsOf(live, refreshed, manager);
    return { id: idOf(identity), outputs, inputs: { value: refreshed.value, secrets: secretsOf(outputs) } };
  }

  async delete(args: DeleteArgs): Promise<void> {
    const cluster = this.#configured();
    const state = recordedObject(args.properties.value);
    const inputs = oldInputsOf(args.oldInputs, args.properties);
    const { apiVersion, kind } = { ...parseToken(args.type), ...kindOf(state) };
    const { namespace, name } = parseId(args.id);
    await this.#reachable(args.urn, async () => {
      const resource = await cluster.discovery.find(apiVersion, kind);
      if (!resource) return; // its definition is gone, and every object with it
      const desired: Desired = { urn: args.urn, identity: { apiVersion, kind, namespace, name }, resource, inputs, manager: "" };
      await explained(desired, () => this.#deleteObject(desired, args.timeout));
    });
  }

  cancel(): void {
    this.#cluster?.client.cancel();
  }

  #configured(): Cluster {
    if (!this.#cluster) throw new UserError("the kubernetes provider was not configured before its use");
    return this.#cluster;
  }

  async #locate(urn: string, inputs: Bag, manager: string): Promise<Desired> {
    return (await locate(this.#configured(), urn, inputs, manager, true)) as Desired;
  }

  async #previewCreate(args: CreateArgs): Promise<Bag> {
    const inputs = args.properties;
    // Without configuration the cluster itself is made in this run.
    if (!this.#cluster || hasUnknown(inputs.value) || identityUnknown(inputs.value)) return inputs;
    const manager = fieldManager(args.urn, inputs.value, {});
    const desired = await locate(this.#cluster, args.urn, inputs, manager, false);
    if (!desired || this.#owned.has(`${args.urn}|${idOf(desired.identity)}`)) return inputs;
    const cluster = this.#cluster;
    await explained(desired, async () => {
      // Forced: an object that is there already is said to be there, not to have conflicting fields.
      const result = await dryRun(cluster, desired, true);
      const isForeign = result && !result.created && !madeBy((await cluster.client.get(pathOf(cluster, desired))) ?? {}, manager);
      if (isForeign && !cluster.options.upsertExistingObjects) throw alreadyExists(desired);
    });
    return inputs;
  }

  async #settled(desired: Desired, applied: Fields, timeout: number): Promise<Bag> {
    const { live, reasons } = await awaitReady(this.#configured(), desired, applied, timeout).catch((error: unknown) => {
      // The object is there whatever ended the wait: the state must know of it.
      if (!(error instanceof CancelledError)) throw error;
      return { live: applied, reasons: ["the wait for it was cancelled"] };
    });
    const outputs = outputsOf(live, desired.inputs, desired.manager);
    if (reasons.length > 0) throw new NotReadyError(idOf(desired.identity), outputs, desired.inputs, reasons);
    return outputs;
  }

  async #deleteObject(desired: Desired, timeout: number): Promise<void> {
    const cluster = this.#configured();
    const policy = annotation(desired.inputs.value, annotations.deletionPropagationPolicy);
    const propagationPolicy = policy === undefined ? "Foreground" : policy.charAt(0).toUpperCase() + policy.slice(1).toLowerCase();
    try {
      const { body } = await cluster.client.request({ method: "DELETE", path: pathOf(cluster, desired), body: { propagationPolicy } });
      if (skipsAwait(desired.inputs.value)) return;
      const metadata = isFields(body["metadata"]) ? body["metadata"] : {};
      const details = isFields(body["details"]) ? body["details"] : {};
      await awaitGone(cluster, desired.urn, desired, textOf(metadata["uid"] ?? details["uid"]) || undefined, timeout);
    } catch (error) {
      if (!(error instanceof ApiError && error.status.code === 404)) throw error; // 404: gone already, as wanted
    }
  }

  // With deleteUnreachable an unreachable cluster counts as gone, with everything in it.
  async #reachable<Result>(urn: string, work: () => Promise<Result>): Promise<Result | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof UnreachableError) || !this.#configured().options.deleteUnreachable) throw error;
      this.log("warning", urn, `dropped from the state: ${error.message}`);
      return undefined;
    }
  }
}

function alreadyExists(desired: Desired): UserError {
  const id = idOf(desired.identity);
  return new UserError(
    `${describe(desired.identity)} already exists, but not in this stack's state. Delete it (kubectl delete), or take it over with the resource option import: "${id}".`,
  );
}

function kindOf(object: Fields): { apiVersion?: string; kind?: string } {
  const { apiVersion, kind } = object;
  return typeof apiVersion === "string" && typeof kind === "string" ? { apiVersion, kind } : {};
}

function secretsOf(outputs: Bag) {
  return (outputs.secrets === true ? true : outputs.secrets.get(bookkeeping.inputs)) ?? new Map<string, never>();
}

// Engines that send no old inputs are old; the bookkeeping in state has them as well.
function oldInputsOf(oldInputs: Bag, state: Bag): Bag {
  if (Object.keys(oldInputs.value).length > 0) return oldInputs;
  const recorded = state.value[bookkeeping.inputs];
  if (!isFields(recorded)) return emptyBag();
  return { value: recorded, secrets: secretsOf(state) };
}
