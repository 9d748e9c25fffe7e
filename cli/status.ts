import type { Command } from "commander";
import { clusterStatus } from "../embedded/cluster";
import { stateFolder } from "./paths";

/** Registers `status`: what of the embedded cluster runs, and where its logs are. Exit code 1 when a part has died. */
export function register(program: Command): void {
  program
    .command("status")
    .description("Say what of the embedded cluster runs")
    .action(async () => {
      const { running, parts } = await clusterStatus(stateFolder);
      if (parts.length === 0) {
        process.stdout.write("The embedded cluster does not run. npm start brings it up.\n");
        return;
      }
      for (const part of parts) process.stdout.write(` ${part.name.padEnd(26)} ${part.state.padEnd(8)} ${part.pid ?? ""}  ${part.log}\n`);
      const dead = parts.filter((p) => p.state === "dead");
      if (dead.length > 0) {
        process.stdout.write(`${dead.map((p) => p.name).join(", ")} died: npm start brings it back; its log says why.\n`);
        process.exitCode = 1;
      } else if (!running) process.stdout.write("Stopped. npm start brings it up with its state as it was.\n");
    });
}
