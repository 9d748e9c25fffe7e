import { Command } from "commander";
import { consoleReporter } from "../embedded/console";
import { failure } from "./failure";
import { bringUp } from "./local";
import { prove } from "./proof";
import { proofFailure, summary } from "./summary";

/** `npm start`: tool chain, cluster, `pulumi up` of stack dev, gateways and stores as processes, requests that prove it, and what to do next. */
async function main(): Promise<number> {
  const options = new Command("npm start --")
    .description("Brings up stack dev: on an embedded Kubernetes API server on this machine, or on a cluster of yours.")
    .option("--context <name>", "use this context of your kubeconfig instead of the embedded cluster")
    .option("--objects-only", "declare the objects and run nothing: no gateway, no store, no endpoint that answers")
    .showHelpAfterError()
    .parse(process.argv)
    .opts<{ context?: string; objectsOnly?: boolean }>();
  const stop = new AbortController();
  // The first Ctrl-C ends the step in hand in order; the second ends this process at once.
  process.once("SIGINT", () => stop.abort());
  process.once("SIGTERM", () => stop.abort());
  const began = Date.now();
  const up = await bringUp({
    context: options.context,
    objectsOnly: options.objectsOnly === true,
    report: consoleReporter(),
    signal: stop.signal,
    onOutput: (text) => process.stdout.write(text),
  });
  if (stop.signal.aborted) {
    process.stderr.write("\nInterrupted. What was finished by then is recorded; run npm start again to go on from there.\n");
    return 1;
  }
  if (up.code !== 0) {
    process.stderr.write(
      `\npulumi up ended with code ${up.code}; what is above says why. Mend it and run npm start again: it goes on where it stopped.\n`,
    );
    return 1;
  }
  const proofs = await prove(up);
  process.stdout.write(`\n${summary(up, proofs, (Date.now() - began) / 1000)}\n`);
  const failed = proofFailure(up, proofs);
  if (failed === undefined) return 0;
  process.stderr.write(`\n${failed}\n`);
  return 1;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`\n${failure(error)}\n`);
    process.exit(1);
  },
);
