import fs from "node:fs";
import path from "node:path";
import { limitsReference } from "../model/limitsreference";
import { alertsPageText } from "../model/monitoring/alerts-page";
import { tenantJsonSchema, tenantReference } from "../model/reference";
import { routeReference } from "../model/routereference";
import { root } from "./paths";

/** Files made from the code, by path from the checkout. */
export function generated(): Record<string, string> {
  return {
    "tenants/tenant.schema.json": tenantJsonSchema(),
    "docs/tenant-file.md": tenantReference(),
    "docs/limits.md": limitsReference(),
    "docs/routes.md": routeReference(),
    "docs/alerts.md": alertsPageText(),
  };
}

/** Files made from what the whole program declares; loads the Pulumi SDK, which takes two seconds that other commands need not spend. */
async function drawn(): Promise<Record<string, string>> {
  /* eslint-disable @typescript-eslint/no-require-imports */
  const { scenes } = require("../planning/network-examples") as typeof import("../planning/network-examples");
  const { networkPage } = require("../planning/network-page") as typeof import("../planning/network-page");
  const { inventoryPage } = require("../planning/inventory") as typeof import("../planning/inventory");
  /* eslint-enable @typescript-eslint/no-require-imports */
  const found = await scenes();
  return { "docs/network.md": networkPage(found), "docs/inventory.md": inventoryPage(found) };
}

/** Writes what is not as it should be and returns those paths; with `check` only returns them. */
export function generate(projectRoot: string, check: boolean, files: Readonly<Record<string, string>> = generated()): string[] {
  const stale = Object.entries(files).filter(([file, text]) => {
    const absolute = path.join(projectRoot, file);
    return !fs.existsSync(absolute) || fs.readFileSync(absolute, "utf8") !== text;
  });
  if (!check) {
    for (const [file, text] of stale) {
      fs.mkdirSync(path.dirname(path.join(projectRoot, file)), { recursive: true });
      fs.writeFileSync(path.join(projectRoot, file), text);
    }
  }
  return stale.map(([file]) => file);
}

async function main(check: boolean): Promise<void> {
  const stale = generate(root, check, { ...generated(), ...(await drawn()) });
  if (stale.length === 0) process.stdout.write("Generated files are up to date.\n");
  else if (!check) process.stdout.write(`Wrote ${stale.join(", ")}\n`);
  else {
    process.stderr.write(`Not up to date with the code: ${stale.join(", ")}\n    Run \`npm run generate\` and commit the result.\n`);
    process.exitCode = 1;
  }
}

// As a script (`npm run generate`), not when tests or other commands import it.
if (process.argv[1] === __filename) void main(process.argv.includes("--check"));
