import * as grpc from "@grpc/grpc-js";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { spawn, type ChildProcess } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { root } from "../../cli/paths";
import { silentReporter } from "../../embedded/console";
import { ensureTools } from "../../embedded/toolchain";
import { devConfig } from "../../planning/dev";

/* The SDK ships these without types. */
/* eslint-disable @typescript-eslint/no-require-imports, @typescript-eslint/no-unsafe-call, @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-argument, @typescript-eslint/no-explicit-any */
const resources: any = require("@pulumi/pulumi/proto/resource_pb");
const resourceServices: any = require("@pulumi/pulumi/proto/resource_grpc_pb");
const engineServices: any = require("@pulumi/pulumi/proto/engine_grpc_pb");
const language: any = require("@pulumi/pulumi/proto/language_pb");
const languageServices: any = require("@pulumi/pulumi/proto/language_grpc_pb");

/**
 * Process start to first resource, of this program (it reads its own last outputs first) and of an empty JavaScript one, under the same language
 * host in the same run.
 * A monitor of our own stands for the engine, so that only host and program are measured.
 */
const mostTimesAnEmptyProgram = 1.3;
const pairs = 7;
jest.setTimeout(180_000);

let host: string;
let empty: string;

beforeAll(async () => {
  const tools = await ensureTools(["pulumi"], { report: silentReporter });
  host = path.join(tools.get("pulumi")?.path ?? "", "pulumi-language-nodejs");
  empty = fs.mkdtempSync(path.join(os.tmpdir(), "tenantstack-empty-"));
  fs.symlinkSync(path.join(root, "node_modules"), path.join(empty, "node_modules"));
  fs.writeFileSync(path.join(empty, "package.json"), JSON.stringify({ name: "empty", main: "index.js" }));
  fs.writeFileSync(path.join(empty, "Pulumi.yaml"), "name: empty\nruntime: {name: nodejs, options: {typescript: false}}\n");
  fs.writeFileSync(
    path.join(empty, "index.js"),
    'const pulumi = require("@pulumi/pulumi"); new pulumi.ComponentResource("empty:index:One", "one");\n',
  );
});

afterAll(() => fs.rmSync(empty, { recursive: true, force: true }));

test(`this program's first resource comes at most ${mostTimesAnEmptyProgram} times as late as an empty program's`, async () => {
  // Once each unmeasured: the first run fills the file system's cache and the hook's.
  await firstResource(root, devConfig);
  await firstResource(empty, {});
  const ratios: number[] = [];
  const declared: number[] = [];
  for (let i = 0; i < pairs; i++) {
    const [ours, theirs] = [await firstResource(root, devConfig), await firstResource(empty, {})];
    ratios.push(ours.asked / theirs.asked);
    declared.push(ours.declared / theirs.declared);
  }
  // The median of interleaved pairs: both of a pair meet about the same noise, and a pair that one side had to wait in does not count.
  const median = (of: number[]) => of.sort((a, b) => a - b)[Math.floor(pairs / 2)] ?? Infinity;
  const ratio = median(ratios);
  const all = ratios.map((r) => r.toFixed(2)).join(" ");
  process.stderr
    .write(`   first resource: ${ratio.toFixed(2)} times an empty program (${all}); first declared: ${median(declared).toFixed(2)}
`);
  expect(ratio).toBeLessThanOrEqual(mostTimesAnEmptyProgram);
});

interface Times {
  /** Until the first resource of any kind, read or registered. */
  readonly asked: number;
  /** Until the first that is registered. */
  readonly declared: number;
}

/** Milliseconds from asking the language host to run a program until it asks for its first resources besides the stack. */
async function firstResource(project: string, config: Readonly<Record<string, string>>): Promise<Times> {
  let read = Infinity;
  let registered: (at: number) => void = () => undefined;
  const first = new Promise<number>((resolve) => (registered = resolve));
  const server = new grpc.Server();
  server.addService(
    resourceServices.ResourceMonitorService,
    monitor((isRead) => (isRead ? (read = Math.min(read, performance.now())) : registered(performance.now()))),
  );
  server.addService(engineServices.EngineService, {
    log: answer(() => new Empty()),
    getRootResource: unimplemented,
    setRootResource: unimplemented,
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound))),
  );
  const address = `127.0.0.1:${port}`;
  const child = spawn(host, [address], {
    cwd: project,
    env: { ...process.env, PULUMI_NODEJS_TRANSPILE_ONLY: "true" },
    stdio: ["ignore", "pipe", "ignore"],
  });
  try {
    const client = new languageServices.LanguageRuntimeClient(await addressOf(child), grpc.credentials.createInsecure());
    const began = performance.now();
    client.run(runRequest(project, address, config), () => undefined);
    const late = new Promise<never>((_, reject) =>
      setTimeout(() => reject(new Error(`${project}: no resource within 30 s`)), 30_000).unref(),
    );
    const at = await Promise.race([first, late]);
    client.close();
    return { asked: Math.min(read, at) - began, declared: at - began };
  } finally {
    child.kill("SIGKILL");
    server.forceShutdown();
  }
}

async function addressOf(child: ChildProcess): Promise<string> {
  const port = await new Promise<string>((resolve, reject) => {
    child.stdout?.once("data", (text: Buffer) => resolve(text.toString().trim()));
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`the language host ended with ${code}`)));
  });
  return `127.0.0.1:${port}`;
}

function runRequest(project: string, monitorAddress: string, config: Readonly<Record<string, string>>): unknown {
  const request = new language.RunRequest();
  request.setProject("tenantstack");
  request.setStack("dev");
  request.setOrganization("organization");
  request.setPwd(project);
  request.setProgram(".");
  request.setMonitorAddress(monitorAddress);
  request.setDryrun(true);
  for (const [key, value] of Object.entries(config)) request.getConfigMap().set(key, value);
  return request;
}

type Handler = grpc.handleUnaryCall<any, any>;
const answer =
  (make: (request: any) => unknown): Handler =>
  (call, callback) =>
    callback(null, make(call.request));
const unimplemented: Handler = (_, callback) => callback({ code: grpc.status.UNIMPLEMENTED });

/** As much of the resource monitor as a preview needs; `resource` is told of each resource but the stack. */
function monitor(resource: (isRead: boolean) => void): grpc.UntypedServiceImplementation {
  const service: Record<string, Handler> = {};
  for (const name of Object.keys(resourceServices.ResourceMonitorService)) service[name] = unimplemented;
  service.supportsFeature = answer(() => new resources.SupportsFeatureResponse().setHassupport(true));
  service.registerResourceOutputs = answer(() => new Empty());
  service.signalAndWaitForShutdown = answer(() => new Empty());
  service.readResource = answer((request) => {
    // The StackReference to itself: an up that never was.
    resource(true);
    const known = new resources.ReadResourceResponse();
    known.setUrn(`urn:pulumi:dev::tenantstack::${request.getType()}::${request.getName()}`);
    known.setProperties(Struct.fromJavaScript({ name: "self", outputs: {}, secretOutputNames: [] }));
    return known;
  });
  service.registerResource = answer((request) => {
    if (request.getType() !== "pulumi:pulumi:Stack") resource(false);
    const made = new resources.RegisterResourceResponse();
    made.setUrn(`urn:pulumi:dev::tenantstack::${request.getType()}::${request.getName()}`);
    made.setId(request.getCustom() ? request.getName() : "");
    made.setObject(request.getObject());
    return made;
  });
  return service;
}
