import * as pulumi from "@pulumi/pulumi";

/** One resource as the program asked the engine for it. */
export interface Recorded {
  readonly type: string;
  readonly name: string;
  /** URN of the parent; empty for the stack. */
  readonly parent: string;
  readonly urn: string;
  /** Inputs with secrets as `{ "4dabf...": "1b47...", value }`, exactly as they cross the wire. */
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly protect: boolean;
  readonly provider: string;
  readonly dependencies: readonly string[];
  readonly aliases: readonly string[];
  readonly secretOutputs: readonly string[];
}

/** Everything that one run of the program declares. */
export interface Recording {
  readonly resources: readonly Recorded[];
  readonly outputs: Readonly<Record<string, unknown>>;
}

export interface RecordOptions {
  /** Settings as Pulumi.<stack>.yaml would give them: `tenantstack:zone` -> text. */
  readonly config: Readonly<Record<string, string>>;
  readonly stack?: string;
  /** Outputs of the stack's last `up`, read by the program through its StackReference. */
  readonly before?: Readonly<Record<string, unknown>>;
  readonly preview?: boolean;
}

/** A resource's outputs under mocks: its inputs, and what only a provider could know, made from the name so that runs are comparable. */
export type Outputs = (args: pulumi.runtime.MockResourceArgs) => Record<string, unknown>;

type Program = () => Promise<Record<string, unknown>>;

/** The recording before, done or failed. */
let before: Promise<unknown> = Promise.resolve();

/**
 * Runs a program under Pulumi's mocks and records what it declares, without engine, provider or cluster. Throws what the program throws,
 * and on two resources with one URN (mocks would overwrite one silently). Recordings wait for one another: the SDK's runtime is global.
 */
export function record(program: Program, options: RecordOptions, outputs: Outputs): Promise<Recording> {
  const recording = before.then(() => recordNow(program, options, outputs));
  before = recording.catch(() => undefined);
  return recording;
}

async function recordNow(program: Program, options: RecordOptions, outputs: Outputs): Promise<Recording> {
  const resources: Recorded[] = [];
  const seen = new Set<string>();
  await pulumi.runtime.setMocks(
    {
      call: (args) => {
        throw new Error(`the program calls ${args.token}, which a recording does not know`);
      },
      newResource: (args) => {
        const inputs = args.inputs as Record<string, unknown>;
        if (args.type === "pulumi:pulumi:StackReference")
          return { id: String(inputs.name), state: { name: inputs.name, outputs: options.before ?? {}, secretOutputNames: [] } };
        return { id: `${args.name}-id`, state: { ...inputs, ...outputs(args) } };
      },
    },
    "tenantstack",
    options.stack ?? "dev",
    options.preview ?? false,
    "organization",
  );
  pulumi.runtime.setAllConfig({ ...options.config });
  const monitor = pulumi.runtime.getMonitor() as unknown as Monitor;
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, callback) => {
    const one = recorded(request);
    if (seen.has(one.urn)) throw new Error(`two resources have the URN ${one.urn}`);
    seen.add(one.urn);
    resources.push(one);
    register(request, callback);
  };
  let result: Record<string, unknown> = {};
  let failure: { readonly error: unknown } | undefined;
  const loud = quietStacks();
  try {
    await pulumi.runtime.runInPulumiStack(async () => {
      try {
        result = await program();
      } catch (error) {
        // Kept and thrown below: what is thrown in here also rejects promises of the runtime that nobody else holds.
        failure = { error };
      }
      return result;
    });
    await pulumi.runtime.disconnect();
  } finally {
    loud();
  }
  if (failure !== undefined) throw failure.error;
  return { resources: resources.sort((a, b) => (a.urn < b.urn ? -1 : 1)), outputs: result };
}

/** The SDK writes down a stack for every promise and resource; nobody reads those of a recording. Returns what undoes it. */
function quietStacks(): () => void {
  const before = { stackTraceLimit: Error.stackTraceLimit, prepareStackTrace: Reflect.get(Error, "prepareStackTrace") as unknown };
  Object.assign(Error, { stackTraceLimit: 0, prepareStackTrace: String });
  return () => void Object.assign(Error, before);
}

interface Monitor {
  registerResource(request: Request, callback: (error: unknown, response: unknown) => void): void;
}

interface Request {
  getType(): string;
  getName(): string;
  getParent(): string;
  getObject(): { toJavaScript(): Record<string, unknown> } | undefined;
  getProtect(): boolean;
  getProvider(): string;
  getDependenciesList(): string[];
  getAliasesList(): { getUrn(): string }[];
  getAdditionalsecretoutputsList(): string[];
}

function recorded(request: Request): Recorded {
  const type = request.getType();
  const parent = request.getParent();
  const parentType = parent === "" || parent.includes("::pulumi:pulumi:Stack::") ? "" : `${parent.split("::")[2] ?? ""}$`;
  return {
    type,
    name: request.getName(),
    parent,
    urn: `${parentType}${type}::${request.getName()}`,
    inputs: request.getObject()?.toJavaScript() ?? {},
    protect: request.getProtect(),
    provider: request.getProvider(),
    dependencies: request.getDependenciesList(),
    aliases: request.getAliasesList().map((a) => a.getUrn()),
    secretOutputs: request.getAdditionalsecretoutputsList(),
  };
}
