import type { Command } from "commander";
import { clusterStatus } from "../embedded/cluster";
import { podsStatus } from "../embedded/pods";
import { stateFolder } from "./paths";

/** Registers `status`: what of the embedded cluster, its gateways and stores runs, and where the logs are. Exit code 1 when something has died. */
export function register(program: Command): void {
  program
    .command("status")
    .description("Say what of the embedded cluster, its gateways and stores runs")
    .action(async () => {
      const { running, parts } = await clusterStatus(stateFolder);
      if (parts.length === 0) {
        process.stdout.write("The embedded cluster does not run. npm start brings it up.\n");
        return;
      }
      const pods = podsStatus(stateFolder);
      const all = [...parts, ...pods];
      const width = Math.max(...all.map((part) => part.name.length));
      for (const part of all) process.stdout.write(` ${part.name.padEnd(width)} ${part.state.padEnd(8)} ${part.pid ?? ""}  ${part.log}\n`);
      const dead = all.filter((p) => p.state === "dead");
      if (dead.length > 0) {
        process.stdout.write(`${dead.map((p) => p.name).join(", ")} died: npm start brings back what died; the log says why.\n`);
        process.exitCode = 1;
      } else if (!running) process.stdout.write("Stopped. npm start brings it up with its state as it was.\n");
      else if (pods.length === 0) process.stdout.write("Objects only: no gateway and no store runs.\n");
    });
}
