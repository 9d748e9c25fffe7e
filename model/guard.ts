import { InputError, type Problem } from "./problem";
import { readsSharded, shardRecord, shrinkProblem } from "./shards";
import type { ShardRecord } from "./shards";
import type { Settings } from "./settings";
import type { MetricsSystem, Tenant } from "./tenant";
import { keyRotationProblem } from "./tokens";

/** What a stack remembers of a tenant besides its state (stack output `records`). */
export interface TenantRecord {
  readonly metrics: MetricsSystem;
  readonly keys: readonly string[];
  readonly storageId: string;
  /** Sizes that must not shrink at once; none in records of versions before them. */
  readonly shards?: ShardRecord;
}

/** What to remember of a tenant. */
export function tenantRecord(tenant: Tenant): TenantRecord {
  const shards = shardRecord(tenant);
  return { metrics: tenant.metrics, keys: tenant.keys, storageId: tenant.storageId, ...(shards && { shards }) };
}

/** What the last successful `up` declared (stack outputs `tenants`, `records`, `readSharding` and `capacity`). */
export interface Before {
  readonly states: Readonly<Record<string, string>>;
  readonly records: Readonly<Record<string, TenantRecord>>;
  /** Whether Cortex' queriers asked a tenant's shard of ingesters only. */
  readonly readSharding: boolean;
  /** As it stands in the stack: `readCapacity` reads it. */
  readonly capacity?: unknown;
}

/**
 * Refuses changes that would lose a tenant or its data, before anything is declared; also with `--skip-preview`.
 * Throws InputError with all of them at once.
 */
export function refuseLosses(before: Before, tenants: readonly Tenant[], settings: Pick<Settings, "tenants" | "cluster">): void {
  const now = new Map(tenants.map((t) => [t.name, t]));
  const problems: Problem[] = [];
  for (const [name, state] of Object.entries(before.states).sort()) {
    const tenant = now.get(name);
    if (tenant === undefined) {
      if (state !== "retired") problems.push(gone(name, state, settings.tenants));
      continue;
    }
    const record = before.records[name];
    if (record === undefined || record.storageId !== tenant.storageId) continue;
    const shrunk = shrinkProblem(tenant, record.shards, { before: before.readSharding, now: readsSharded(settings.cluster) });
    problems.push(...changed(tenant, record), ...(shrunk ? [shrunk] : []));
  }
  if (problems.length > 0) throw new InputError(problems);
}

function gone(name: string, state: string, folder: string): Problem {
  return {
    file: `${folder}/${name}.yaml`,
    line: 0,
    column: 0,
    path: "",
    value: "",
    rule: `The file is gone, but tenant ${name} is ${state} in this stack: a tenant must be retired before its file may be deleted`,
    remedy: `Bring the file back (git checkout -- ${folder}/${name}.yaml); to remove the tenant run \`npx tenantstack retire ${name}\`, \`pulumi up\`, then delete the file`,
  };
}

function changed(tenant: Tenant, record: TenantRecord): Problem[] {
  const at = (path: string, value: string, rule: string, remedy: string): Problem => ({
    file: tenant.file,
    line: 0,
    column: 0,
    path,
    value,
    rule,
    remedy,
  });
  const problems: Problem[] = [];
  if (record.metrics !== tenant.metrics)
    problems.push(
      at(
        "metrics",
        tenant.metrics,
        `The data of ${tenant.name} is kept in ${record.metrics}; changing the system would leave it unreadable`,
        `Write metrics: ${record.metrics}; or retire this tenant and make a new one that stores in ${tenant.metrics}`,
      ),
    );
  const rotation = tenant.state === "retired" ? undefined : keyRotationProblem(record.keys, tenant.keys);
  if (rotation !== undefined) problems.push(at("keys", `[${tenant.keys.join(", ")}]`, rotation.rule, rotation.remedy));
  return problems;
}
