import { stopCluster } from "../embedded/cluster";
import { consoleReporter } from "../embedded/console";
import { failure } from "./failure";
import { stateFolder } from "./paths";

/** `npm stop`: ends the embedded cluster; its state stays for the next `npm start`. */
stopCluster(stateFolder, consoleReporter()).catch((error: unknown) => {
  process.stderr.write(`${failure(error)}\n`);
  process.exit(1);
});
