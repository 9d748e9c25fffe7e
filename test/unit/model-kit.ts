import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseTenant } from "../../model/load";
import type { LedgerEntry } from "../../model/ledger";
import { InputError } from "../../model/problem";
import type { Problem } from "../../model/problem";
import type { Tenant } from "../../model/tenant";

export const minimal = "owner: shop-platform@example.com\ndescription: Production of the shop\nkeys: [2026-11]\n";

/** The tenant of a text that must be good. */
export function good(text: string, name = "prod", ledger: readonly LedgerEntry[] = []): Tenant {
  const result = parseTenant(name, `tenants/${name}.yaml`, text, ledger);
  if ("problems" in result) throw new InputError(result.problems);
  return result.tenant;
}

/** The problems of a text that must not be good. */
export function bad(text: string, name = "prod", ledger: readonly LedgerEntry[] = []): readonly Problem[] {
  const result = parseTenant(name, `tenants/${name}.yaml`, text, ledger);
  if ("tenant" in result) throw new Error("was accepted");
  return result.problems;
}

/** Runs with a scratch project whose folder `tenants` holds these files; the folder is removed afterwards. */
export function inProject<T>(files: Readonly<Record<string, string | Buffer>>, run: (root: string) => T): T {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), "tenantstack-model-"));
  try {
    fs.mkdirSync(path.join(root, "tenants"));
    for (const [name, content] of Object.entries(files)) {
      fs.mkdirSync(path.dirname(path.join(root, "tenants", name)), { recursive: true });
      fs.writeFileSync(path.join(root, "tenants", name), content);
    }
    return run(root);
  } finally {
    fs.rmSync(root, { recursive: true, force: true });
  }
}

/** The problems that `run` throws, which must be an InputError. */
export function problemsOf(run: () => unknown): readonly Problem[] {
  try {
    run();
  } catch (error) {
    if (error instanceof InputError) return error.problems;
    throw error;
  }
  throw new Error("nothing was refused");
}

export const retiredProd: LedgerEntry = {
  name: "prod",
  storageId: "prod",
  metrics: "cortex",
  apis: ["logs", "metrics"],
  retention: { metrics: 395 * 86_400, logs: 30 * 86_400 },
  retired: "2026-11-01",
  eraseAfter: "2027-01-31",
};
