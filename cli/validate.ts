import type { Command } from "commander";
import { loadTenants } from "../model/load";
import { signingKeyWarning } from "../model/tokens";
import { root } from "./paths";

/** Registers `validate [FOLDER]`: reads every tenant file; reports all problems with file, line, rule and remedy and exits with 1. */
export function register(program: Command): void {
  program
    .command("validate [folder]")
    .description("Check every tenant file and the ledger; exit code 1 and all problems at once when something is wrong")
    .option("--zone <name>", "the stack's DNS zone: finds names that two tenants would claim below it as well")
    .action((folder: string | undefined, options: { zone?: string }) => {
      process.stdout.write(validate(root, folder ?? "tenants", options.zone, new Date()));
    });
}

/** What `validate` prints when nothing is wrong. Throws InputError otherwise. */
export function validate(projectRoot: string, folder: string, zone: string | undefined, now: Date): string {
  const set = loadTenants(folder, { projectRoot, ...(zone === undefined ? {} : { zone }) });
  const notes = [
    ...set.notes,
    ...set.tenants.filter((tenant) => tenant.state !== "retired").flatMap((tenant) => signingKeyWarning(tenant, now) ?? []),
  ];
  const count = set.tenants.length === 1 ? "1 tenant" : `${set.tenants.length} tenants`;
  return [`${count}, no problems`, ...notes.map((note) => `  note: ${note}`), ""].join("\n");
}
