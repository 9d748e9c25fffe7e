/** Plugin `pulumi-resource-tls` as the engine starts it. */
import { plugins } from "../../../model/versions";
import { serve } from "../protocol/server";
import { TlsProvider } from "./provider";

serve(new TlsProvider(plugins.tls)).catch((error: Error) => {
  process.stderr.write(`the tls stand-in cannot start: ${error.message}\n`);
  process.exitCode = 1;
});
