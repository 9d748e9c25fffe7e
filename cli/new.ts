import type { Command } from "commander";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { stringify } from "yaml";
import { fileProblem } from "../model/files";
import { lastEntry } from "../model/ledger";
import { loadLedger, parseTenant } from "../model/load";
import { tenantNameProblem } from "../model/names";
import { InputError } from "../model/problem";
import { root, shown } from "./paths";

export interface NewOptions {
  readonly folder: string;
  readonly tier: string;
  readonly metrics: string;
  readonly apis: string;
  readonly owner?: string;
  readonly description?: string;
}

/** Registers `new NAME`: writes a minimal tenant file with this month's key. */
export function register(program: Command): void {
  program
    .command("new <name>")
    .description("Write the file of a new tenant, with this month's signing key")
    .option("--tier <tier>", "small, medium or large", "small")
    .option("--metrics <system>", "cortex or thanos; choose once, data does not move", "cortex")
    .option("--apis <list>", "which of metrics, logs, datadog, with commas between", "metrics,logs")
    .option("--owner <email>", "who answers for the tenant; default: git's user.email")
    .option("--description <text>", "what it is for, in one line")
    .option("--folder <folder>", "the folder of tenant files", "tenants")
    .action((name: string, options: NewOptions) => {
      process.stdout.write(newTenant(root, name, { ...options, owner: options.owner ?? gitEmail() }, new Date()));
    });
}

function gitEmail(): string {
  const { stdout } = spawnSync("git", ["config", "user.email"], { cwd: root, encoding: "utf8", timeout: 5_000 });
  return (stdout ?? "").trim();
}

/** Writes the file and returns what to tell. Throws InputError, with nothing written, when the result would not be a valid tenant. */
export function newTenant(projectRoot: string, name: string, options: NewOptions & { owner: string }, now: Date): string {
  const file = `${options.folder}/${name}.yaml`;
  refuseName(file, name, options);
  const folder = path.join(projectRoot, options.folder);
  const ledger = loadLedger(folder, options.folder);
  if (ledger.problems.length > 0) throw new InputError(ledger.problems);
  const text = render(name, options, now.toISOString().slice(0, 7));
  const result = parseTenant(name, file, text, ledger.entries);
  if (!("tenant" in result)) throw new InputError(result.problems);
  write(path.join(folder, `${name}.yaml`), file, text);
  const { tenant } = result;
  const before = lastEntry(ledger.entries, name);
  return [
    `Wrote ${shown(path.join(folder, `${name}.yaml`))}: tier ${tenant.tier}, ${tenant.apis.join(" and ")}, key ${tenant.keys.join("")}.`,
    ...(before === undefined
      ? []
      : [
          `A tenant ${name} was retired on ${before.retired}; this one stores under ${tenant.storageId} and starts empty${before.erasing === undefined ? " (adopt: true takes the old data)" : ""}.`,
        ]),
    "",
    ` Try:   npx tenantstack explain ${name}`,
    " Next:  npm start, or commit the file and open a pull request",
    "",
  ].join("\n");
}

function refuseName(file: string, name: string, options: NewOptions & { owner: string }): void {
  const problem = tenantNameProblem(name);
  if (problem !== undefined)
    throw new InputError([fileProblem(file, `has no good name for a tenant: ${name} ${problem}`, "Choose another name")]);
  if (options.owner === "")
    throw new InputError([
      fileProblem(file, "needs an owner, and git has no user.email here", `Run \`tenantstack new ${name} --owner team@example.com\``),
    ]);
}

function render(name: string, options: NewOptions & { owner: string }, month: string): string {
  const scalar = (value: string) => stringify(value, { lineWidth: 0, blockQuote: false }).trimEnd();
  const apis = options.apis.split(",").map((api) => api.trim());
  const rows = [
    [`tier: ${scalar(options.tier)}`, "small | medium | large: defaults of limits, retention and level of service"],
    [`metrics: ${scalar(options.metrics)}`, "or thanos; choose once, data does not move"],
    [`apis: [${apis.map(scalar).join(", ")}]`, "of metrics, logs, datadog"],
    [`keys: [${month}]`, "the first signs; rotate in three steps: append, reorder, drop"],
  ].filter(([key]) => apis.includes("metrics") || !key?.startsWith("metrics:"));
  const width = Math.max(...rows.map(([left = ""]) => left.length));
  return [
    "# yaml-language-server: $schema=./tenant.schema.json",
    `owner: ${scalar(options.owner)}`,
    `description: ${scalar(options.description ?? `Tenant ${name}`)}`,
    ...rows.map(([left = "", right]) => `${left.padEnd(width)}  # ${right}`),
    "# limits, retention, domain, grafana and more: docs/tenant-file.md",
    "",
  ].join("\n");
}

function write(absolute: string, file: string, text: string): void {
  try {
    fs.mkdirSync(path.dirname(absolute), { recursive: true });
    fs.writeFileSync(absolute, text, { flag: "wx" });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    const rule = code === "EEXIST" ? "exists already" : `cannot be written (${code})`;
    throw new InputError([
      fileProblem(file, rule, code === "EEXIST" ? "Choose another name, or edit the file" : "Check the folder's permissions"),
    ]);
  }
}
