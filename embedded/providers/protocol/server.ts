/** Serves a `Provider` to the engine over gRPC. */
import * as grpc from "@grpc/grpc-js";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { unaryCalls } from "./calls";
import type { Provider } from "./provider";

// 0 is "any free port"; the engine connects from this machine only.
const address = "127.0.0.1:0";
const orphanCheckMilliseconds = 2_000;

// An engine that was killed cannot stop its plugins: they would stay for ever, one a run.
function endWithParent(): void {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) process.exit(0);
  }, orphanCheckMilliseconds).unref();
}

/** The engine's address among the arguments it starts a plugin with (others are flags). */
export function engineAddress(args: string[]): string | undefined {
  return args.find((arg) => /^[^-].*:\d+$/.test(arg));
}

/**
 * Listens on a free loopback port and prints it, which is how the engine learns where to call. Resolves once listening; the process
 * lives until the engine ends it or dies.
 */
export async function serve(provider: Provider): Promise<void> {
  // Objects reach the API server's limit of 1 MiB and states more: no limit of our own below that.
  const server = new grpc.Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
  server.addService(ResourceProviderService, unaryCalls(provider));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, grpc.ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  endWithParent();
  process.stdout.write(`${port}\n`);
}
