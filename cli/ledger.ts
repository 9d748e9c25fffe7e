import fs from "node:fs";
import path from "node:path";
import { ledgerFile, renderLedger } from "../model/ledger";
import type { LedgerEntry } from "../model/ledger";

/** Writes a folder's ledger. */
export function writeLedger(projectRoot: string, folder: string, entries: readonly LedgerEntry[]): void {
  replaceFile(path.join(projectRoot, folder, ledgerFile), renderLedger(entries));
}

/** All or nothing, also when the process is killed in the middle. */
export function replaceFile(absolute: string, text: string): void {
  const aside = `${absolute}.${process.pid}.new`;
  fs.writeFileSync(aside, text);
  fs.renameSync(aside, absolute);
}
