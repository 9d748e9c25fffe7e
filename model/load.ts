import path from "node:path";
import { crossFaults } from "./crossrules";
import { readDocument } from "./document";
import type { SourceDocument } from "./document";
import { faultsOf } from "./fieldwalk";
import { fileProblem, listFolder, readText } from "./files";
import { countingConflicts, hostConflicts, rememberPlaces } from "./conflicts";
import { assignStorageId, lastEntry, ledgerFile, parseLedger } from "./ledger";
import type { LedgerEntry } from "./ledger";
import { InputError } from "./problem";
import type { Problem } from "./problem";
import { defaults, resolveTenant } from "./resolve";
import { tenantFile } from "./schema";
import { serviceFaults } from "./servicerules";
import type { Tenant } from "./tenant";

export { hostConflicts };

/** Everything a folder of tenant files says. */
export interface TenantSet {
  /** Sorted by name; retired ones included while their file is there. */
  readonly tenants: readonly Tenant[];
  /** The whole ledger, sorted: storage ids of retired tenants. Those not yet `erased` keep their overrides. */
  readonly retiredIds: readonly LedgerEntry[];
  /** What a person should know although nothing is wrong, one sentence each. */
  readonly notes: readonly string[];
}

export interface LoadOptions {
  /** Files are named relative to this folder in tenants and in reports. */
  readonly projectRoot: string;
  /** The stack's DNS zone. With it, names that two tenants claim below it are found as well. */
  readonly zone?: string;
}

/** A folder as a person would name it: from the project's root, or in full where it lies outside. */
function labelOf(folder: string, projectRoot: string): string {
  const relative = path.relative(projectRoot, folder);
  return relative.startsWith("..") ? folder : relative.split(path.sep).join("/") || ".";
}

/**
 * Reads every `*.yaml` of a folder and its ledger. The order of files does not matter.
 * Throws `InputError` with all problems of all files, each with line and column.
 */
export function loadTenants(folder: string, options: LoadOptions): TenantSet {
  const absolute = path.resolve(options.projectRoot, folder);
  const label = labelOf(absolute, options.projectRoot);
  const listing = listFolder(absolute, label);
  if (listing.problems.some((problem) => problem.file === label)) throw new InputError(listing.problems);
  if (listing.names.length + listing.problems.length === 0) throw new InputError([emptyFolder(label)]);
  const ledger = loadLedger(absolute, label);
  const read = listing.names.map((name) => loadTenant(absolute, label, name, ledger.entries));
  const tenants = read.flatMap((one) => ("tenant" in one ? [one.tenant] : []));
  const problems = [
    ...listing.problems,
    ...ledger.problems,
    ...read.flatMap((one) => ("problems" in one ? one.problems : [])),
    ...hostConflicts(tenants, options.zone),
    // Of a file that is there and cannot be read nothing is known.
    ...(tenants.length === read.length ? countingConflicts(tenants) : []),
  ];
  if (problems.length > 0) throw new InputError(problems.sort(byPlace));
  return {
    tenants: tenants.sort((a, b) => (a.name < b.name ? -1 : 1)),
    retiredIds: ledger.entries,
    notes: notes(label, listing.ignored, tenants, ledger.entries),
  };
}

function byPlace(a: Problem, b: Problem): number {
  return a.file === b.file ? a.line - b.line || a.column - b.column : a.file < b.file ? -1 : 1;
}

function emptyFolder(label: string): Problem {
  return fileProblem(label, "holds no tenant file (NAME.yaml)", "Run `tenantstack new NAME`, or correct the setting tenantstack:tenants");
}

function loadTenant(
  folder: string,
  label: string,
  name: string,
  ledger: readonly LedgerEntry[],
): { tenant: Tenant } | { problems: readonly Problem[] } {
  const file = `${label}/${name}.yaml`;
  const source = readText(path.join(folder, `${name}.yaml`), file);
  return "text" in source ? parseTenant(name, file, source.text, ledger) : { problems: [source] };
}

/** One tenant out of the text of its file; never throws. */
export function parseTenant(
  name: string,
  file: string,
  text: string,
  ledger: readonly LedgerEntry[],
): { tenant: Tenant } | { problems: readonly Problem[] } {
  const document = readDocument(file, text);
  if (document.problems.length > 0) return { problems: document.problems };
  const parsed = tenantFile.safeParse(document.value);
  const faults = [...(parsed.success ? [] : faultsOf(tenantFile, parsed.error, document.value)), ...crossFaults(document.value)];
  if (!parsed.success || faults.length > 0) return { problems: faults.map((fault) => document.locate(fault)).sort(byPlace) };
  const { state = defaults.state, eraseAfter, adopt = false } = parsed.data;
  const assigned = assignStorageId(name, ledger, { state, eraseAfter, adopt });
  if (!("storageId" in assigned)) return { problems: [document.locate(assigned)] };
  const tenant = resolveTenant({ name, storageId: assigned.storageId, file }, parsed.data);
  const wrong = serviceFaults(document.value, tenant);
  if (wrong.length > 0) return { problems: wrong.map((fault) => document.locate(fault)).sort(byPlace) };
  rememberPlaces(tenant, document);
  return { tenant };
}

/** The ledger of a folder; a folder without one has no retired tenants. */
export function loadLedger(folder: string, label: string): { entries: LedgerEntry[]; problems: readonly Problem[] } {
  const file = `${label}/${ledgerFile}`;
  const source = readText(path.join(folder, ledgerFile), file);
  if (!("text" in source)) {
    const isAbsent = source.rule === "does not exist";
    return { entries: [], problems: isAbsent ? [] : [source] };
  }
  const document: SourceDocument = readDocument(file, source.text);
  if (document.problems.length > 0) return { entries: [], problems: document.problems };
  const { entries, faults } = parseLedger(document.value);
  return { entries, problems: faults.map((fault) => document.locate(fault)) };
}

function notes(label: string, ignored: readonly string[], tenants: readonly Tenant[], ledger: readonly LedgerEntry[]): string[] {
  const unread = ignored.filter((entry) => !/^(readme(\.\w+)?|tenant\.schema\.json)$/i.test(entry));
  const successors = tenants.flatMap((tenant) => {
    const last = lastEntry(ledger, tenant.name);
    if (last === undefined || last.storageId === tenant.storageId) return [];
    return [
      `${tenant.file}: ${tenant.name} stores under ${tenant.storageId}; the data of its predecessor (retired ${last.retired}) is not visible to it.`,
    ];
  });
  return [...unread.map((entry) => `${label}/${entry} is not a tenant file (NAME.yaml) and is not read.`), ...successors];
}
