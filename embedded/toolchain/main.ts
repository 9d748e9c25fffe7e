import { consoleReporter } from "../console";
import { ensureTools, recipes, ToolchainError } from "./index";
import type { Tool, ToolName } from "./index";

/** Columns padded to their widest cell. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** `node bin/run.js embedded/toolchain/main.ts [NAME...]`: finds or makes the named tools (all without names) and prints where they are. */
async function main(args: readonly string[]): Promise<void> {
  const unknown = args.filter((name) => !(name in recipes));
  if (unknown.length > 0) throw new ToolchainError(`No tool is named ${unknown.join(", ")}. Tools: ${Object.keys(recipes).join(", ")}.`);
  const names = (args.length > 0 ? args : Object.keys(recipes)) as ToolName[];
  const tools: readonly Tool[] = [...(await ensureTools(names, { report: consoleReporter() })).values()];
  console.log(table([["NAME", "VERSION", "WAY", "PATH"], ...tools.map(({ name, version, way, path }) => [name, version, way, path])]));
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof ToolchainError ? error.message : error);
  process.exitCode = 1;
});
