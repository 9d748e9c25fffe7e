import { Command } from "commander";
import { register as registerCapacity } from "./capacity";
import { register as registerEngine } from "./engine";
import { register as registerErase } from "./erase";
import { register as registerExplain } from "./explain";
import { failure } from "./failure";
import { register as registerNew } from "./new";
import { register as registerPlan } from "./plan";
import { register as registerRepair } from "./repair";
import { register as registerRetire } from "./retire";
import { register as registerStatus } from "./status";
import { register as registerSync } from "./sync";
import { register as registerToken } from "./token";
import { register as registerValidate } from "./validate";

/** `npx tenantstack`: the commands of operators. */
const program = new Command("tenantstack")
  .description("Multi-tenant observability as code: one file a tenant, one preview a change.")
  .enablePositionalOptions()
  .showHelpAfterError("(add --help for what there is)")
  .showSuggestionAfterError();

for (const register of [
  registerNew,
  registerValidate,
  registerExplain,
  registerPlan,
  registerCapacity,
  registerToken,
  registerStatus,
  registerSync,
  registerRetire,
  registerErase,
  registerRepair,
  registerEngine,
])
  register(program);

program.parseAsync(process.argv).catch((error: unknown) => {
  process.stderr.write(`${failure(error)}\n`);
  process.exit(1);
});
