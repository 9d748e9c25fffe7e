/** Plugin `pulumi-resource-kubernetes` as the engine starts it. */
import { plugins } from "../../../model/versions";
import { engineLog } from "../protocol/engine";
import { engineAddress, serve } from "../protocol/server";
import { KubernetesProvider } from "./provider";

serve(new KubernetesProvider(plugins.kubernetes, engineLog(engineAddress(process.argv.slice(2))))).then(
  // Loading the client library takes as long as the engine takes to come with its first request.
  () => void import("@kubernetes/client-node").catch(() => undefined),
  (error: Error) => {
    process.stderr.write(`the kubernetes stand-in cannot start: ${error.message}\n`);
    process.exitCode = 1;
  },
);
