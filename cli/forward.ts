import { spawn, type ChildProcess } from "node:child_process";
import type { Cluster } from "./cluster";
import { UserError } from "./errors";

/** An address on loopback that leads to a pod, while it is open. */
export interface Forward {
  readonly url: string;
  close(): Promise<void>;
}

const seconds = 30;

/**
 * `kubectl port-forward` to a pod of a Service or workload, on a port of loopback that the system chooses.
 * @param target such as `svc/ruler`.
 * @throws UserError with what kubectl said.
 */
export async function forward(
  kubectl: string,
  cluster: Pick<Cluster, "kubectlArgs">,
  namespace: string,
  target: string,
  port: number,
): Promise<Forward> {
  const args = [...cluster.kubectlArgs, "--namespace", namespace, "port-forward", "--address", "127.0.0.1", target, `:${port}`];
  const child = spawn(kubectl, args, { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  const failed = (why: string) => new UserError(`No way to ${namespace}/${target}: ${(said.trim() || why).slice(0, 1000)}`);
  try {
    const local = await new Promise<string>((resolve, reject) => {
      let out = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        out += text;
        const found = /Forwarding from 127\.0\.0\.1:(\d+)/.exec(out);
        if (found?.[1] !== undefined) resolve(found[1]);
      });
      child.once("error", (error) => reject(failed(error.message)));
      child.once("exit", (code) => reject(failed(`kubectl ended with ${code}`)));
      setTimeout(() => reject(failed(`no connection within ${seconds} s`)), seconds * 1000).unref();
    });
    return { url: `http://127.0.0.1:${local}`, close: () => end(child) };
  } catch (error) {
    await end(child);
    throw error;
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((done) => child.once("exit", done));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 3_000);
  await ended;
  clearTimeout(timer);
}
