/** The tls stand-in. Its resources live in state alone: creating one is a computation, reading it back is nothing. */
import { UserError } from "../protocol/errors";
import { differences, equal, formatPath } from "../protocol/paths";
import type { CheckArgs, CheckFailure, CreateArgs, DiffArgs, DiffResult, Provider, ReadArgs, UpdateArgs } from "../protocol/provider";
import { type Bag, type Fields, hasUnknown, type Marks, mergeMarks, UNKNOWN, type Value } from "../protocol/values";
import { isDue, type ResourceKind, resources } from "./resources";

const engineKeys = ["version", "pluginDownloadURL", "__internal"];

function kindOf(type: string): ResourceKind {
  const kind = resources[type];
  if (!kind) throw new UserError(`the tls stand-in has no ${type}; it has ${Object.keys(resources).join(", ")}`);
  return kind;
}

function isAbsent(value: Value | undefined): boolean {
  return value === undefined || value === null;
}

function failuresOf(kind: ResourceKind, inputs: Fields): CheckFailure[] {
  const failures: CheckFailure[] = [];
  for (const key of Object.keys(inputs)) {
    if (!(key in kind.inputs) && !isAbsent(inputs[key]))
      failures.push({ property: key, reason: `the tls stand-in has no input ${key}; it has ${Object.keys(kind.inputs).join(", ")}` });
  }
  for (const [key, input] of Object.entries(kind.inputs)) {
    const value = inputs[key];
    if (isAbsent(value)) {
      if (input.required) failures.push({ property: key, reason: `${key} is required` });
    } else if (value !== UNKNOWN) {
      const reason = input.check(value as Value);
      if (reason) failures.push({ property: key, reason: `${key} ${reason}` });
    }
  }
  return failures;
}

function withDefaults(kind: ResourceKind, inputs: Fields): Fields {
  const defaults = Object.entries(kind.inputs).flatMap(([key, { fallback }]) =>
    fallback !== undefined && isAbsent(inputs[key]) ? [[key, fallback] as const] : [],
  );
  return { ...inputs, ...Object.fromEntries(defaults) };
}

function secretsOf(kind: ResourceKind, inputs: Bag): Marks {
  return mergeMarks(inputs.secrets, new Map(kind.secrets.map((key) => [key, true] as const)));
}

/** The provider; `now` is the clock that says which certificates are due. */
export class TlsProvider implements Provider {
  readonly name = "tls";

  constructor(
    readonly version: string,
    private readonly now: () => number = Date.now,
  ) {}

  async checkConfig(news: Bag) {
    // `proxy` serves functions that fetch certificates, which the stand-in does not have.
    const others = Object.entries(news.value).filter(([key, value]) => !engineKeys.includes(key) && !isAbsent(value));
    const failures = others.map(([property]) => ({
      property,
      reason: `${property}: the tls stand-in has no such option; leave it out or use the official plugin`,
    }));
    return { inputs: news, failures };
  }

  async diffConfig(oldInputs: Bag, news: Bag): Promise<DiffResult> {
    const changes = differences(oldInputs.value, news.value).map(({ path, kind }) => [formatPath(path), kind] as const);
    return { detailed: new Map(changes.filter(([key]) => !engineKeys.includes(key))), deleteBeforeReplace: false };
  }

  async configure(): Promise<void> {
    // nothing to connect to
  }

  async check(args: CheckArgs) {
    const kind = kindOf(args.type);
    return {
      inputs: { ...args.news, secrets: mergeMarks(args.news.secrets, kind.secretInputs) },
      failures: failuresOf(kind, args.news.value),
    };
  }

  /** Every change makes the thing anew, except that of the time of renewal, which the thing itself does not show. */
  async diff(args: DiffArgs): Promise<DiffResult> {
    const kind = kindOf(args.type);
    const news = withDefaults(kind, args.news.value);
    const olds = withDefaults(kind, args.oldInputs.value);
    const detailed: DiffResult["detailed"] = new Map();
    for (const { path, kind: change } of differences(olds, news)) {
      detailed.set(formatPath(path), path[0] === "earlyRenewalHours" ? change : `${change}-replace`);
    }
    if (kind.expires && isDue(args.olds.value, news, this.now())) detailed.set("readyForRenewal", "update-replace");
    return { detailed, deleteBeforeReplace: false };
  }

  async create(args: CreateArgs): Promise<{ id: string; outputs: Bag }> {
    const kind = kindOf(args.type);
    const inputs = withDefaults(kind, args.properties.value);
    const secrets = secretsOf(kind, args.properties);
    // What it will be is known only once it is made, so a preview's other outputs stay open.
    if (args.preview || hasUnknown(inputs)) return { id: "", outputs: { value: inputs, secrets } };
    const { id, outputs } = await kind.create(inputs);
    return { id, outputs: { value: { ...inputs, ...outputs }, secrets } };
  }

  async update(args: UpdateArgs): Promise<Bag> {
    const kind = kindOf(args.type);
    const inputs = withDefaults(kind, args.news.value);
    return { value: { ...args.olds.value, ...inputs }, secrets: secretsOf(kind, args.news) };
  }

  async read(args: ReadArgs) {
    const kind = kindOf(args.type);
    if (equal(args.properties.value, {})) throw new UserError(`${args.type} cannot be imported: it exists in a stack's state only`);
    const due = kind.expires && isDue(args.properties.value, args.properties.value, this.now());
    const value = due ? { ...args.properties.value, readyForRenewal: true } : args.properties.value;
    return {
      id: args.id,
      outputs: { value, secrets: mergeMarks(args.properties.secrets, secretsOf(kind, args.inputs)) },
      inputs: args.inputs,
    };
  }

  async delete(): Promise<void> {
    // nothing exists outside the state
  }

  cancel(): void {
    // every call is short
  }
}
