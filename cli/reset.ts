import fs from "node:fs";
import path from "node:path";
import { resetCluster } from "../embedded/cluster";
import { consoleReporter } from "../embedded/console";
import { resetPods } from "../embedded/pods";
import { failure } from "./failure";
import { alone } from "./local";
import { shown, stateFolder } from "./paths";

/** What `npm start` makes in the state folder besides the cluster's part. Only these are removed: the folder is the user's choice. */
const made = ["contexts", "pulumi", "state", "passphrase", "ca.crt", "Pulumi.dev.yaml", "Pulumi.dev.yaml.secrets", "Pulumi.yaml"];

/** `npm run reset`: ends gateways, stores and the embedded cluster and removes their data, its state and the stack's; the tool chain's cache stays. */
async function main(): Promise<void> {
  const report = consoleReporter();
  if (!fs.existsSync(stateFolder)) return report.note(`Nothing to forget: there is no ${shown(stateFolder)}.`);
  await alone(stateFolder, report, async () => {
    await resetPods(stateFolder, report);
    await resetCluster(stateFolder, report);
    for (const name of made) fs.rmSync(path.join(stateFolder, name), { recursive: true, force: true });
  });
  if (fs.existsSync(stateFolder) && fs.readdirSync(stateFolder).length === 0) fs.rmdirSync(stateFolder);
  report.note(`Emptied ${shown(stateFolder)}. npm start begins from nothing.`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${failure(error)}\n`);
  process.exit(1);
});
