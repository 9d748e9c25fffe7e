/** What a provider implements: the calls of `pulumirpc.ResourceProvider` that the stack uses, with decoded values. */
import type { Bag } from "./values";

/** An input that is refused; `property` is a property path, empty for the resource as a whole. */
export interface CheckFailure {
  property: string;
  reason: string;
}

/** What happens to a property; `inputDiff` says that the path is one of inputs (not outputs). */
export type DiffKind = "add" | "add-replace" | "delete" | "delete-replace" | "update" | "update-replace";

/** The answer of Diff. `detailed` maps property paths to what happens to them; no entry means no change. */
export interface DiffResult {
  detailed: Map<string, DiffKind>;
  deleteBeforeReplace: boolean;
}

/** The resource a call is about. */
export interface Target {
  urn: string;
  /** Type token, such as `kubernetes:apps/v1:Deployment`. */
  type: string;
  /** Logical name. */
  name: string;
}

/** Arguments of Check. `olds` is undefined for a new or replaced resource. */
export interface CheckArgs extends Target {
  olds: Bag | undefined;
  news: Bag;
  randomSeed: Uint8Array;
  autonaming: { proposed: string; mode: "propose" | "enforce" | "disable" } | undefined;
}

/** Arguments of Diff: `olds` are outputs of the last run, `oldInputs` its inputs. */
export interface DiffArgs extends Target {
  id: string;
  olds: Bag;
  oldInputs: Bag;
  news: Bag;
}

/** Arguments of Create; `timeout` in seconds, 0 when the program sets none. */
export interface CreateArgs extends Target {
  properties: Bag;
  preview: boolean;
  timeout: number;
}

/** Arguments of Update. */
export interface UpdateArgs extends DiffArgs {
  preview: boolean;
  timeout: number;
}

/** Arguments of Read; `inputs` and `properties` are empty for an import. */
export interface ReadArgs extends Target {
  id: string;
  inputs: Bag;
  properties: Bag;
}

/** Arguments of Delete. */
export interface DeleteArgs extends Target {
  id: string;
  properties: Bag;
  oldInputs: Bag;
  timeout: number;
}

/** A provider plugin. Every call may throw `UserError`; create and update may throw `NotReadyError`. */
export interface Provider {
  readonly name: string;
  readonly version: string;
  checkConfig(news: Bag): Promise<{ inputs: Bag; failures: CheckFailure[] }>;
  diffConfig(oldInputs: Bag, news: Bag): Promise<DiffResult>;
  configure(options: Bag): Promise<void>;
  check(args: CheckArgs): Promise<{ inputs: Bag; failures: CheckFailure[] }>;
  diff(args: DiffArgs): Promise<DiffResult>;
  create(args: CreateArgs): Promise<{ id: string; outputs: Bag }>;
  update(args: UpdateArgs): Promise<Bag>;
  /** Undefined when the object is gone. */
  read(args: ReadArgs): Promise<{ id: string; outputs: Bag; inputs: Bag } | undefined>;
  delete(args: DeleteArgs): Promise<void>;
  cancel(): void;
}
