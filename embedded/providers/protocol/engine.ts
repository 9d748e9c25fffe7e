/** Lines a provider shows to the user through the engine that started it. */
import * as grpc from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb";

/** How a line is shown; `status` replaces the resource's last status line and is gone when it is done. */
export type Severity = "debug" | "info" | "status" | "warning" | "error";

/** Sends one line about the resource `urn` (empty for the provider itself); never fails, never waits. */
export type Log = (severity: Severity, urn: string, message: string) => void;

const severities = {
  debug: LogSeverity.DEBUG,
  info: LogSeverity.INFO,
  status: LogSeverity.INFO,
  warning: LogSeverity.WARNING,
  error: LogSeverity.ERROR,
} as const;
const deadlineMilliseconds = 5_000;

/** Lines go to the engine at `address` (host:port); to standard error when a provider is run by hand, without one. */
export function engineLog(address: string | undefined): Log {
  if (!address) return (severity, urn, message) => void process.stderr.write(`${severity} ${urn}: ${message}\n`);
  const client = new EngineClient(address, grpc.credentials.createInsecure());
  return (severity, urn, message) => {
    const request = new LogRequest().setSeverity(severities[severity]).setUrn(urn).setMessage(message);
    request.setEphemeral(severity === "status");
    // A line that cannot be delivered must not fail the resource it is about.
    client.log(request, new grpc.Metadata(), { deadline: Date.now() + deadlineMilliseconds }, () => undefined);
  };
}
