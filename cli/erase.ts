import type { Command } from "commander";
import { consoleReporter } from "../embedded/console";
import { ensureTools } from "../embedded/toolchain";
import { bucketCommands, deletions, isGone, questions } from "../model/erasure";
import { fileProblem } from "../model/files";
import { eraseEntry, ledgerFile } from "../model/ledger";
import type { LedgerEntry } from "../model/ledger";
import { loadTenants } from "../model/load";
import { InputError } from "../model/problem";
import { suggest } from "../model/suggest";
import type { Tenant } from "../model/tenant";
import { asked, openCluster } from "./cluster";
import { Stores } from "./erase-stores";
import { UserError } from "./errors";
import { writeLedger } from "./ledger";
import { root } from "./paths";

export interface EraseOptions {
  readonly folder: string;
  readonly dryRun?: boolean;
  readonly confirmed?: boolean;
  readonly context?: string;
  readonly cortex?: string;
  readonly loki?: string;
  readonly thanos?: string;
}

/** Registers `erase NAME_OR_ID`: the next of the two steps by which a retired tenant's data goes for good. */
export function register(program: Command): void {
  program
    .command("erase <name-or-id>")
    .description("Erase a retired tenant's data: first tell the stores to drop it, some days later check that it is gone")
    .option("--dry-run", "say what would be sent and written, and do none of it")
    .option("--confirmed", "second step: you have run the printed commands on the buckets, and they print nothing")
    .option("--context <name>", "a context of your kubeconfig; without it the embedded cluster")
    .option("--cortex <url>", "where Cortex answers; without it kubectl forwards ports")
    .option("--loki <url>", "where Loki answers")
    .option("--thanos <url>", "where Thanos' operators' querier answers")
    .option("--folder <folder>", "the folder of tenant files", "tenants")
    .action(async (nameOrId: string, options: EraseOptions) => {
      const stores = new Stores(options, async () => {
        const tools = await ensureTools(["kubectl"], { report: consoleReporter() });
        return { cluster: await openCluster(options.context), kubectl: tools.get("kubectl")?.path ?? "kubectl" };
      });
      try {
        process.stdout.write(await asked(() => erase(root, nameOrId, options, stores, new Date())));
      } finally {
        await stores.close();
      }
    });
}

/**
 * Makes the next step and returns what to tell.
 * @throws InputError when the id may not be erased, UserError when a store refuses or has something left; the ledger is unchanged then.
 */
export async function erase(projectRoot: string, nameOrId: string, options: EraseOptions, stores: Stores, now: Date): Promise<string> {
  const { folder } = options;
  const today = now.toISOString().slice(0, 10);
  const { tenants, retiredIds } = loadTenants(folder, { projectRoot });
  const entry = entryOf(nameOrId, folder, retiredIds, tenants);
  const next = eraseEntry(retiredIds, entry.storageId, today);
  if ("rule" in next) throw refusal(folder, next.rule, "Nothing is to be done now");
  const write = () => writeLedger(projectRoot, folder, next);
  return entry.erasing === undefined ? begin(entry, options, stores, today, write) : finish(entry, options, stores, today, write);
}

function refusal(folder: string, rule: string, remedy: string): InputError {
  return new InputError([fileProblem(`${folder}/${ledgerFile}`, rule, remedy)]);
}

/** The entry that is meant: a storage id, else a name with one id that has data left. What a living tenant has adopted is not to be erased. */
function entryOf(nameOrId: string, folder: string, ledger: readonly LedgerEntry[], tenants: readonly Tenant[]): LedgerEntry {
  const left = ledger.filter((one) => one.erased === undefined);
  const named = left.filter((one) => one.name === nameOrId);
  const entry = ledger.find((one) => one.storageId === nameOrId) ?? (named.length === 1 ? named[0] : undefined);
  if (entry === undefined) {
    const ids = (named.length > 0 ? named : left).map((one) => one.storageId);
    const meant = named.length > 1 ? undefined : suggest(nameOrId, ids);
    const there = ids.length === 0 ? "No retired tenant has data left" : `Name one of ${ids.join(", ")}`;
    const rule =
      named.length > 1 ? `has several storage ids of ${nameOrId}` : `has no retired tenant ${nameOrId}: only retired tenants are erased`;
    throw refusal(folder, rule, meant === undefined ? there : `Did you mean ${meant}?`);
  }
  const heir = tenants.find((one) => one.storageId === entry.storageId && one.state !== "retired");
  if (heir !== undefined) throw refusal(folder, `${entry.storageId} is in use: ${heir.file} has adopted it`, "Retire that tenant first");
  return entry;
}

/** First step: rules and configuration go at once, blocks and lines in the course of a day or two. */
async function begin(entry: LedgerEntry, options: EraseOptions, stores: Stores, today: string, write: () => void): Promise<string> {
  const requests = deletions(entry, options.dryRun ? [] : await stores.lokiNamespaces(entry));
  const lines = requests.map(({ part, method, path, drops }) => `  ${part.padEnd(19)} ${method} ${path}   ${drops}`);
  if (options.dryRun === true && entry.apis.includes("logs"))
    lines.push("  loki.ruler          DELETE /loki/api/v1/rules/{namespace}   rules, each namespace that it lists");
  const ledger = `  ${options.folder}/${ledgerFile}: ${entry.storageId} erasing: ${today}`;
  const about = `${entry.storageId}, data of tenant ${entry.name}, retired ${entry.retired}, kept until ${entry.eraseAfter}.`;
  if (options.dryRun === true)
    return [`${about} The first step would send and write:`, ...lines, ledger, "Nothing was sent or written.", ""].join("\n");
  for (const { part, method, path } of requests) {
    const { status, text } = await stores.ask(part, entry.storageId, path, method);
    if (status >= 300 && status !== 404)
      throw new UserError(
        `${part} answered ${status} to ${method} ${path}: ${text.slice(0, 300)}\nThe ledger is unchanged; run the same command again.`,
      );
  }
  write();
  return [
    `${about} Done:`,
    ...lines,
    ledger,
    "",
    " Next:  commit the ledger and `up`: from then on the stores keep nothing of it that is older than a day.",
    `        Two days later: npx tenantstack erase ${entry.storageId}`,
    " There is no way back.",
    "",
  ].join("\n");
}

/** Second step: every store is asked; what none can answer, a person looks up in the bucket. */
async function finish(entry: LedgerEntry, options: EraseOptions, stores: Stores, today: string, write: () => void): Promise<string> {
  const asks = questions(entry);
  const ledger = `  ${options.folder}/${ledgerFile}: ${entry.storageId} erased: ${today}`;
  if (options.dryRun === true)
    return [
      `The second step for ${entry.storageId} would ask:`,
      ...asks.map(({ part, path }) => `  ${part.padEnd(19)} GET ${path}`),
      ledger,
      "Nothing was asked or written.",
      "",
    ].join("\n");
  const left: string[] = [];
  for (const question of asks) {
    const answer = await stores.ask(question.part, entry.storageId, question.path);
    const gone = isGone(question, answer);
    if (gone === undefined)
      throw new UserError(
        `${question.part} answered ${answer.status} to GET ${question.path}: ${answer.text.slice(0, 300)}\nWhether anything is left is not known; the ledger is unchanged.`,
      );
    if (!gone) left.push(`  ${question.part.padEnd(19)} ${question.about}`);
  }
  if (left.length > 0)
    throw new UserError(
      [
        `${entry.storageId} is being erased since ${entry.erasing ?? ""}, and this is left:`,
        ...left,
        "Compactors delete it within a day or two after the `up` that followed the first step; run the same command again then.",
        "The ledger is unchanged.",
      ].join("\n"),
    );
  const commands = bucketCommands(entry);
  if (commands.length > 0 && options.confirmed !== true)
    throw new UserError(
      [
        `The stores show nothing of ${entry.storageId} any more. Their APIs forget data some hours before the objects are deleted, so look into the buckets:`,
        ...commands.map(({ system, command }) => `  ${system}: ${command}`),
        `When these print nothing of it: npx tenantstack erase ${entry.storageId} --confirmed`,
        "The ledger is unchanged.",
      ].join("\n"),
    );
  write();
  return [
    `Nothing is left of ${entry.storageId}.`,
    ledger,
    "",
    " Next:  commit the ledger and `up`: its overrides go. The id is never used again.",
    "",
  ].join("\n");
}
