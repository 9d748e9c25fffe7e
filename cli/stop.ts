import fs from "node:fs";
import { stopCluster } from "../embedded/cluster";
import { consoleReporter } from "../embedded/console";
import { stopPods } from "../embedded/pods";
import { failure } from "./failure";
import { alone } from "./local";
import { shown, stateFolder } from "./paths";

/** `npm stop`: ends gateways, stores and the embedded cluster; their data and state stay for the next `npm start`. */
async function main(): Promise<void> {
  const report = consoleReporter();
  if (!fs.existsSync(stateFolder)) return report.note(`Nothing runs: there is no ${shown(stateFolder)}.`);
  await alone(stateFolder, report, async () => {
    await stopPods(stateFolder, report);
    await stopCluster(stateFolder, report);
  });
}

main().catch((error: unknown) => {
  process.stderr.write(`${failure(error)}\n`);
  process.exit(1);
});
