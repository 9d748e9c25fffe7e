import type { Command } from "commander";
import fs from "node:fs";
import path from "node:path";
import { isMap, parseDocument } from "yaml";
import type { Node, YAMLMap } from "yaml";
import { fileProblem } from "../model/files";
import { ledgerFile, retireEntry } from "../model/ledger";
import { loadTenants, parseTenant } from "../model/load";
import { InputError } from "../model/problem";
import { isDate } from "../model/schema";
import { findTenant } from "./explain";
import { replaceFile, writeLedger } from "./ledger";
import { root } from "./paths";

/** Registers `retire NAME --erase-after DATE`: marks a tenant retired in its file and enters its storage id into the ledger. */
export function register(program: Command): void {
  program
    .command("retire <name>")
    .description("Retire a tenant: its endpoints go with the next `up`, its data is kept until a date")
    .requiredOption("--erase-after <date>", "the day after which its data may be erased, YYYY-MM-DD")
    .option("--folder <folder>", "the folder of tenant files", "tenants")
    .action((name: string, options: { eraseAfter: string; folder: string }) => {
      process.stdout.write(retire(root, options.folder, name, options.eraseAfter, new Date()));
    });
}

/** Edits both files and returns what to tell. Throws InputError with nothing written when something is wrong. */
export function retire(projectRoot: string, folder: string, name: string, eraseAfter: string, now: Date): string {
  const today = now.toISOString().slice(0, 10);
  const tenant = findTenant(projectRoot, folder, name);
  const { retiredIds } = loadTenants(folder, { projectRoot });
  const refuse = (rule: string, remedy: string) => new InputError([fileProblem(tenant.file, rule, remedy, `--erase-after ${eraseAfter}`)]);
  if (!isDate(eraseAfter))
    throw refuse("must be a date YYYY-MM-DD that exists", `Write for example --erase-after ${Number(today.slice(0, 4)) + 1}-01-31`);
  if (eraseAfter <= today)
    throw refuse(`must be after today, ${today}`, "Choose a later day; until then the tenant can be brought back with its data");
  const absolute = path.join(projectRoot, tenant.file);
  const edited = retiredText(fs.readFileSync(absolute, "utf8"), eraseAfter);
  const entries = retireEntry(retiredIds, tenant, today, eraseAfter);
  const check = parseTenant(name, tenant.file, edited, entries);
  if (!("tenant" in check)) throw new InputError(check.problems);
  // The file first: a crash between the two leaves a file that the next run refuses with a remedy. The other order would
  // give the still active tenant a new, empty storage id.
  replaceFile(absolute, edited);
  writeLedger(projectRoot, folder, entries);
  return [
    `${tenant.file}: state: retired, eraseAfter: ${eraseAfter}`,
    `${folder}/${ledgerFile}: storage id ${tenant.storageId} is not used again`,
    "",
    ` Next:  npm start (or merge): endpoints and pods of ${name} go, its data stays until ${eraseAfter}. Then delete ${tenant.file}.`,
    ` Undo:  restore both files from version control before the data is erased.`,
    "",
  ].join("\n");
}

/** The file with `state` and `eraseAfter` set; every other character, comments and layout included, stays as it is. */
export function retiredText(text: string, eraseAfter: string): string {
  const values = { state: "retired", eraseAfter };
  const doc = parseDocument(text);
  const contents = doc.contents;
  const edited = isMap(contents) && contents.flow !== true ? splice(text, contents, values) : undefined;
  if (edited !== undefined && parseDocument(edited).errors.length === 0) return edited;
  // A file written as one flow group, or ended by `...`, is laid out anew; comments stay.
  for (const [key, value] of Object.entries(values)) doc.set(key, value);
  return doc.toString({ lineWidth: 0 });
}

function splice(text: string, map: YAMLMap, values: Readonly<Record<string, string>>): string {
  const newline = text.includes("\r\n") ? "\r\n" : "\n";
  let result = text;
  for (const [key, value] of Object.entries(values)) {
    const node = map.get(key, true) as Node | undefined;
    if (node?.range !== undefined && node.range !== null) continue;
    result = `${result.replace(/(\r?\n)*$/, newline)}${key}: ${value}${newline}`;
  }
  const present = Object.keys(values).flatMap((key) => {
    const range = (map.get(key, true) as Node | undefined)?.range;
    return range === undefined || range === null ? [] : [{ range, value: values[key] ?? "" }];
  });
  // From the end, so that earlier offsets stay true.
  for (const { range, value } of present.sort((a, b) => b.range[0] - a.range[0]))
    result = result.slice(0, range[0]) + value + result.slice(range[1]);
  return result;
}
