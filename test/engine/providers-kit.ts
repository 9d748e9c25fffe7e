import { type ChildProcess, spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import * as grpc from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as rpc from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { type ClusterOptions, startCluster, stopCluster } from "../../embedded/cluster";
import { Api } from "../../embedded/cluster/api";
import { layoutOf } from "../../embedded/cluster/layout";
import { silentReporter } from "../../embedded/console";
import { type Bag, decode, emptyBag, encode, type Fields, type Marks } from "../../embedded/providers/protocol/values";
import { ensureTools } from "../../embedded/toolchain";

const launcher = path.join(__dirname, "../../embedded/providers/launch.js");
const callMilliseconds = 60_000;

/** A resource as the engine keeps it. */
export interface State {
  readonly name: string;
  readonly type: string;
  readonly id: string;
  readonly inputs: Bag;
  readonly outputs: Bag;
}

/** The answer of Diff in plain words. */
export interface Difference {
  readonly changes: boolean;
  readonly detailed: Record<string, string>;
  readonly replaces: string[];
  readonly deleteBeforeReplace: boolean;
}

/** Inputs of a test: plain ones, or with secrets. */
export function bag(value: Fields, secrets: Marks = new Map()): Bag {
  return { value, secrets };
}

const kindNames = ["add", "add-replace", "delete", "delete-replace", "update", "update-replace"];

/** A plugin process, spoken to as the engine speaks to it. */
export class Plugin {
  private constructor(
    private readonly child: ChildProcess,
    private readonly client: ResourceProviderClient,
    /** Milliseconds from the start of the process to its port. */
    public readonly startMilliseconds: number,
    public readonly stderr: () => string,
  ) {}

  public static async start(name: "kubernetes" | "tls"): Promise<Plugin> {
    const begun = Date.now();
    const child = spawn(process.execPath, [launcher, name], { stdio: ["ignore", "pipe", "pipe"] });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    const port = await new Promise<string>((resolve, reject) => {
      child.stdout.setEncoding("utf8").once("data", (text: string) => resolve(text.trim()));
      child.once("exit", () => reject(new Error(`the plugin ended: ${stderr}`)));
      setTimeout(() => reject(new Error("the plugin printed no port within 20 s")), 20_000).unref();
    });
    const client = new ResourceProviderClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
    return new Plugin(child, client, Date.now() - begun, () => stderr);
  }

  public stop(): void {
    this.client.close();
    this.child.kill("SIGKILL");
  }

  /** One raw call. */
  public async call<Response>(method: string, request: unknown): Promise<Response> {
    type Method = (
      request: unknown,
      metadata: grpc.Metadata,
      options: object,
      done: (error: Error | null, response: Response) => void,
    ) => void;
    const call = (this.client as unknown as Record<string, Method>)[method];
    if (!call) throw new Error(`no call ${method}`);
    return new Promise((resolve, reject) => {
      call.call(this.client, request, new grpc.Metadata(), { deadline: Date.now() + callMilliseconds }, (error, response) =>
        error ? reject(error) : resolve(response),
      );
    });
  }

  public async configure(options: Fields): Promise<void> {
    const failures = await this.checkConfig(options);
    if (failures.length > 0) throw new Error(failures.join("\n"));
    await this.call("configure", new rpc.ConfigureRequest().setArgs(encode(bag(options))).setAcceptsecrets(true));
  }

  public async checkConfig(options: Fields): Promise<string[]> {
    const response = await this.call<rpc.CheckResponse>("checkConfig", new rpc.CheckRequest().setNews(encode(bag(options))));
    return response.getFailuresList().map((failure) => failure.getReason());
  }

  public async diffConfig(olds: Fields, news: Fields): Promise<Difference> {
    const request = new rpc.DiffRequest()
      .setOldInputs(encode(bag(olds)))
      .setOlds(encode(bag(olds)))
      .setNews(encode(bag(news)));
    return difference(await this.call("diffConfig", request));
  }

  public async check(name: string, type: string, news: Bag, olds?: State): Promise<{ inputs: Bag; failures: string[] }> {
    const request = new rpc.CheckRequest().setUrn(urn(name, type)).setNews(encode(news)).setRandomseed(Buffer.from(name));
    if (olds) request.setOlds(encode(olds.inputs));
    const response = await this.call<rpc.CheckResponse>("check", request);
    return { inputs: decode(response.getInputs()), failures: response.getFailuresList().map((failure) => failure.getReason()) };
  }

  private async checked(name: string, type: string, news: Bag, olds?: State): Promise<Bag> {
    const { inputs, failures } = await this.check(name, type, news, olds);
    if (failures.length > 0) throw new Error(failures.join("\n"));
    return inputs;
  }

  /** Check and Create, as for a resource that is new. */
  public async create(name: string, type: string, news: Bag, how: { preview?: boolean; timeout?: number } = {}): Promise<State> {
    const inputs = await this.checked(name, type, news);
    const request = new rpc.CreateRequest().setUrn(urn(name, type)).setProperties(encode(inputs));
    request.setPreview(how.preview ?? false).setTimeout(how.timeout ?? 0);
    const response = await this.call<rpc.CreateResponse>("create", request);
    return { name, type, id: response.getId(), inputs, outputs: decode(response.getProperties()) };
  }

  /** Check and Diff, as for a resource that is there. */
  public async diff(state: State, news: Bag): Promise<Difference> {
    const inputs = await this.checked(state.name, state.type, news, state);
    const request = new rpc.DiffRequest().setUrn(urn(state.name, state.type)).setId(state.id).setNews(encode(inputs));
    request.setOlds(encode(state.outputs)).setOldInputs(encode(state.inputs));
    return difference(await this.call("diff", request));
  }

  /** Check and Update. */
  public async update(state: State, news: Bag, how: { preview?: boolean; timeout?: number } = {}): Promise<State> {
    const inputs = await this.checked(state.name, state.type, news, state);
    const request = new rpc.UpdateRequest().setUrn(urn(state.name, state.type)).setId(state.id).setNews(encode(inputs));
    request.setOlds(encode(state.outputs)).setOldInputs(encode(state.inputs));
    request.setPreview(how.preview ?? false).setTimeout(how.timeout ?? 0);
    const response = await this.call<rpc.UpdateResponse>("update", request);
    return { ...state, inputs, outputs: decode(response.getProperties()) };
  }

  /** Read as a refresh does; undefined when the object is gone. */
  public async refresh(state: State): Promise<State | undefined> {
    const request = new rpc.ReadRequest().setUrn(urn(state.name, state.type)).setId(state.id);
    request.setInputs(encode(state.inputs)).setProperties(encode(state.outputs));
    const response = await this.call<rpc.ReadResponse>("read", request);
    if (response.getId() === "") return undefined;
    return { ...state, id: response.getId(), inputs: decode(response.getInputs()), outputs: decode(response.getProperties()) };
  }

  /** Read as an import does. */
  public async import(name: string, type: string, id: string): Promise<State | undefined> {
    return this.refresh({ name, type, id, inputs: emptyBag(), outputs: emptyBag() });
  }

  public async delete(state: State, timeout = 0): Promise<void> {
    const request = new rpc.DeleteRequest().setUrn(urn(state.name, state.type)).setId(state.id).setTimeout(timeout);
    await this.call("delete", request.setProperties(encode(state.outputs)).setOldInputs(encode(state.inputs)));
  }
}

function urn(name: string, type: string): string {
  return `urn:pulumi:test::providers::${type}::${name}`;
}

function difference(response: rpc.DiffResponse): Difference {
  const detailed: Record<string, string> = {};
  response.getDetaileddiffMap().forEach((diff, key) => (detailed[key] = kindNames[diff.getKind()] ?? "?"));
  const changes = response.getChanges() === rpc.DiffResponse.DiffChanges.DIFF_SOME;
  return { changes, detailed, replaces: response.getReplacesList(), deleteBeforeReplace: response.getDeletebeforereplace() };
}

/** What a call that must fail says; the test fails when it succeeds, or when the text holds a stack. */
export async function refusal(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (reason: Error) => reason,
  );
  if (!error) throw new Error("this call was expected to fail, and did not");
  const text = (error as grpc.ServiceError).details ?? error.message;
  if (/\n\s+at \S+ \(/.test(text)) throw new Error(`a stack trace is no message for people:\n${text}`);
  return text;
}

/** The state a failed create or update hands over, and why the object is not ready. */
export async function notReady(work: Promise<unknown>): Promise<{ id: string; reasons: string[]; outputs: Bag }> {
  const error = (await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )) as grpc.ServiceError | undefined;
  const [packed] = error?.metadata.get("grpc-status-details-bin") ?? [];
  if (!packed) throw new Error(`no details of a half-made resource: ${error?.message ?? "the call succeeded"}`);
  const detail = Status.deserializeBinary(packed as Buffer)
    .getDetailsList()[0]
    ?.unpack((bytes: Uint8Array) => rpc.ErrorResourceInitFailed.deserializeBinary(bytes), "pulumirpc.ErrorResourceInitFailed");
  if (!detail) throw new Error("the details are not of a half-made resource");
  return { id: detail.getId(), reasons: detail.getReasonsList(), outputs: decode(detail.getProperties()) };
}

const clusterTools = [
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kwok",
  "prometheus-operator",
  "crds",
] as const;

/** A cluster for one test file. */
export interface TestCluster {
  readonly dir: string;
  readonly kubeconfig: string;
  readonly server: string;
  /** Folder of `pulumi`. */
  readonly pulumiFolder: string;
  /** A request past the provider, as another person's kubectl would make it; the body of the answer. */
  ask(method: "GET" | "POST" | "PATCH" | "DELETE", path: string, body?: object, how?: { manager?: string }): Promise<Fields>;
  stop(): Promise<void>;
}

/** Starts a cluster in a temporary folder from the tool chain. */
export async function startTestCluster(): Promise<TestCluster> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "tenantstack-providers-"));
  const found = await ensureTools([...clusterTools, "pulumi"], { report: silentReporter });
  const tools = Object.fromEntries([...found].map(([name, tool]) => [name, tool.path])) as unknown as ClusterOptions["tools"] & {
    pulumi: string;
  };
  const cluster = await startCluster({ dir: path.join(dir, "cluster"), tools, report: silentReporter });
  const api = new Api(layoutOf(path.join(dir, "cluster")), Number(new URL(cluster.server).port));
  return {
    dir,
    kubeconfig: fs.readFileSync(cluster.kubeconfig, "utf8"),
    server: cluster.server,
    pulumiFolder: tools.pulumi,
    async ask(method, where, body, how = {}) {
      const query = how.manager ? `?fieldManager=${how.manager}` : "";
      const question = { method, path: `${where}${query}`, ...(body ? { body: JSON.stringify(body) } : {}) };
      const answer = await api.ask(method === "PATCH" ? { ...question, contentType: "application/merge-patch+json" } : question);
      if (answer.status >= 300 && answer.status !== 404) throw new Error(`${method} ${where}: ${answer.text}`);
      return JSON.parse(answer.text) as Fields;
    },
    async stop() {
      await stopCluster(path.join(dir, "cluster"), silentReporter);
      fs.rmSync(dir, { recursive: true, force: true });
    },
  };
}
