/** The calls of `pulumirpc.ResourceProvider`: decodes requests, encodes answers and errors, refuses what no stand-in does. */
import * as grpc from "@grpc/grpc-js";
import { Any } from "google-protobuf/google/protobuf/any_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import * as plugin from "@pulumi/pulumi/proto/plugin_pb";
import * as rpc from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { messageOf, NotReadyError } from "./errors";
import type { CheckArgs, CheckFailure, DiffKind, DiffResult, Provider } from "./provider";
import { type Bag, decode, encode } from "./values";

type Call<Request, Response> = (request: Request) => Promise<Response>;
type Callback = (error: Partial<grpc.ServiceError> | null, response?: unknown) => void;

// The engine reads the state of a half-made object from this detail (sdk/go/common/util/rpcutil/rpcerror).
function notReadyMetadata(error: NotReadyError): grpc.Metadata {
  const detail = new rpc.ErrorResourceInitFailed().setId(error.id).setReasonsList(error.reasons);
  detail.setProperties(encode(error.outputs)).setInputs(encode(error.inputs));
  const any = new Any();
  any.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const status = new Status().setCode(grpc.status.UNKNOWN).setMessage(error.message);
  status.addDetails(any);
  const metadata = new grpc.Metadata();
  metadata.add("grpc-status-details-bin", Buffer.from(status.serializeBinary()));
  return metadata;
}

function serviceError(error: unknown): Partial<grpc.ServiceError> {
  const details = messageOf(error);
  const metadata = error instanceof NotReadyError ? notReadyMetadata(error) : new grpc.Metadata();
  return { code: grpc.status.UNKNOWN, details, metadata };
}

function unary<Request, Response>(call: Call<Request, Response>) {
  return (incoming: { request: Request }, callback: Callback): void => {
    // The promise turns an error thrown while decoding into an answer as well.
    Promise.resolve()
      .then(() => call(incoming.request))
      .then((response) => callback(null, response))
      .catch((error: unknown) => callback(serviceError(error)));
  };
}

function refused(provider: Provider, what: string) {
  return unary<unknown, never>(async () => {
    throw new Error(
      `the ${provider.name} stand-in does not support ${what}; use the official plugin (pulumi plugin install resource ${provider.name} ${provider.version})`,
    );
  });
}

function unimplemented(provider: Provider, what: string) {
  return (_call: unknown, callback: Callback): void =>
    callback({ code: grpc.status.UNIMPLEMENTED, details: `the ${provider.name} stand-in does not implement ${what}` });
}

const kinds: Record<DiffKind, rpc.PropertyDiff.Kind> = {
  add: rpc.PropertyDiff.Kind.ADD,
  "add-replace": rpc.PropertyDiff.Kind.ADD_REPLACE,
  delete: rpc.PropertyDiff.Kind.DELETE,
  "delete-replace": rpc.PropertyDiff.Kind.DELETE_REPLACE,
  update: rpc.PropertyDiff.Kind.UPDATE,
  "update-replace": rpc.PropertyDiff.Kind.UPDATE_REPLACE,
};

// `diffs` and `replaces` name top-level properties: the engine gives them to `replaceOnChanges` and to `ignoreChanges` of old programs.
function diffResponse(result: DiffResult): rpc.DiffResponse {
  const response = new rpc.DiffResponse().setHasdetaileddiff(true).setDeletebeforereplace(result.deleteBeforeReplace);
  const changed = result.detailed.size > 0;
  response.setChanges(changed ? rpc.DiffResponse.DiffChanges.DIFF_SOME : rpc.DiffResponse.DiffChanges.DIFF_NONE);
  const diffs = new Set<string>();
  const replaces = new Set<string>();
  for (const [path, kind] of result.detailed) {
    response.getDetaileddiffMap().set(path, new rpc.PropertyDiff().setKind(kinds[kind]).setInputdiff(true));
    diffs.add(/^[^.[]+/.exec(path)?.[0] ?? path);
    if (kind.endsWith("-replace")) replaces.add(path);
  }
  return response.setDiffsList([...diffs]).setReplacesList([...replaces]);
}

function checkResponse(inputs: Bag, failures: CheckFailure[]): rpc.CheckResponse {
  const list = failures.map(({ property, reason }) => new rpc.CheckFailure().setProperty(property).setReason(reason));
  return new rpc.CheckResponse().setInputs(encode(inputs)).setFailuresList(list);
}

// Engines before 3.13x send only the URN: ...::<type>::<name>, the type with its parents' types before it.
function target(request: { getUrn(): string; getType(): string; getName(): string }) {
  const [, , types = "", ...name] = request
    .getUrn()
    .replace(/^urn:pulumi:/, "")
    .split("::");
  return { urn: request.getUrn(), type: request.getType() || (types.split("$").at(-1) ?? ""), name: request.getName() || name.join("::") };
}

function autonaming(request: rpc.CheckRequest): CheckArgs["autonaming"] {
  const options = request.getAutonaming();
  if (!options) return undefined;
  const modes = ["propose", "enforce", "disable"] as const;
  return { proposed: options.getProposedName(), mode: modes[options.getMode()] ?? "propose" };
}

function resourceCalls(provider: Provider) {
  return {
    check: unary(async (request: rpc.CheckRequest) => {
      const olds = request.getOlds();
      const { inputs, failures } = await provider.check({
        ...target(request),
        olds: olds && olds.getFieldsMap().getLength() > 0 ? decode(olds) : undefined,
        news: decode(request.getNews()),
        randomSeed: request.getRandomseed_asU8(),
        autonaming: autonaming(request),
      });
      return checkResponse(inputs, failures);
    }),
    diff: unary(async (request: rpc.DiffRequest) => {
      const olds = decode(request.getOlds());
      const oldInputs = decode(request.getOldInputs());
      return diffResponse(
        await provider.diff({ ...target(request), id: request.getId(), olds, oldInputs, news: decode(request.getNews()) }),
      );
    }),
    create: unary(async (request: rpc.CreateRequest) => {
      const properties = decode(request.getProperties());
      const { id, outputs } = await provider.create({
        ...target(request),
        properties,
        preview: request.getPreview(),
        timeout: request.getTimeout(),
      });
      return new rpc.CreateResponse().setId(id).setProperties(encode(outputs));
    }),
    update: unary(async (request: rpc.UpdateRequest) => {
      const bags = { olds: decode(request.getOlds()), oldInputs: decode(request.getOldInputs()), news: decode(request.getNews()) };
      const how = { id: request.getId(), preview: request.getPreview(), timeout: request.getTimeout() };
      return new rpc.UpdateResponse().setProperties(encode(await provider.update({ ...target(request), ...bags, ...how })));
    }),
    read: unary(async (request: rpc.ReadRequest) => {
      const bags = { inputs: decode(request.getInputs()), properties: decode(request.getProperties()) };
      const found = await provider.read({ ...target(request), id: request.getId(), ...bags });
      if (!found) return new rpc.ReadResponse(); // an empty id is "gone"
      return new rpc.ReadResponse().setId(found.id).setProperties(encode(found.outputs)).setInputs(encode(found.inputs));
    }),
    delete: unary(async (request: rpc.DeleteRequest) => {
      const bags = { properties: decode(request.getProperties()), oldInputs: decode(request.getOldInputs()) };
      await provider.delete({ ...target(request), id: request.getId(), ...bags, timeout: request.getTimeout() });
      return new Empty();
    }),
  };
}

function configurationCalls(provider: Provider) {
  return {
    checkConfig: unary(async (request: rpc.CheckRequest) => {
      const { inputs, failures } = await provider.checkConfig(decode(request.getNews()));
      return checkResponse(inputs, failures);
    }),
    diffConfig: unary(async (request: rpc.DiffRequest) => {
      // Old inputs of a provider arrive under either name, depending on the engine's age.
      const olds = decode(request.getOldInputs() ?? request.getOlds());
      return diffResponse(await provider.diffConfig(olds, decode(request.getNews())));
    }),
    configure: unary(async (request: rpc.ConfigureRequest) => {
      await provider.configure(decode(request.getArgs()));
      const response = new rpc.ConfigureResponse().setAcceptsecrets(true).setAcceptresources(true).setAcceptoutputs(false);
      return response.setSupportspreview(true).setSupportsAutonamingConfiguration(true);
    }),
  };
}

/** The service as gRPC wants it: one function a call. */
export function unaryCalls(provider: Provider): grpc.UntypedServiceImplementation {
  const calls = {
    ...resourceCalls(provider),
    ...configurationCalls(provider),
    getPluginInfo: unary(async () => new plugin.PluginInfo().setVersion(provider.version)),
    attach: unary(async () => new Empty()),
    cancel: unary(async () => {
      provider.cancel();
      return new Empty();
    }),
    // The engine asks for these by itself and goes on without them.
    handshake: unimplemented(provider, "Handshake"),
    getSchema: unimplemented(provider, "GetSchema"),
    getMapping: unimplemented(provider, "GetMapping"),
    getMappings: unimplemented(provider, "GetMappings"),
    parameterize: refused(provider, "parameterized packages"),
    invoke: unary(async (request: rpc.InvokeRequest) => {
      throw new Error(
        `the ${provider.name} stand-in has no functions, ${request.getTok()} among them; use the official plugin ${provider.version}`,
      );
    }),
    call: refused(provider, "method calls"),
    construct: unary(async (request: rpc.ConstructRequest) => {
      throw new Error(
        `the ${provider.name} stand-in has no components, ${request.getType()} among them (Helm charts, YAML files and kustomizations are such); use the official plugin ${provider.version}`,
      );
    }),
  };
  // List streams; without an entry gRPC itself answers UNIMPLEMENTED.
  return calls;
}
