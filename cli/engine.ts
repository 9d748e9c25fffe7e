import type { Command } from "commander";
import { consoleReporter } from "../embedded/console";
import { existingStack } from "./local";
import { pulumi } from "./stack";

/** Registers `pulumi ...`: any command of the real engine on the local stack, with its plugins, state and passphrase. */
export function register(program: Command): void {
  program
    .command("pulumi")
    .description("Run the real engine on stack dev, e.g. `npx tenantstack pulumi preview --diff`")
    .option("--context <name>", "the stack that npm start -- --context NAME brought up")
    .argument("<args...>", "what to hand to pulumi")
    .passThroughOptions()
    .allowUnknownOption()
    .helpOption(false)
    .action(async (args: string[], options: { context?: string }) => {
      const stack = await existingStack(consoleReporter(), options.context);
      const done = await pulumi(stack, args, { onOutput: (text) => process.stdout.write(text) });
      process.exitCode = done.code;
    });
}
