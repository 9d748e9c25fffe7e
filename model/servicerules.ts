import { knownKeys, valueAt } from "./fieldwalk";
import type { Fault, Path } from "./fieldwalk";
import { limitEntries, writesNeeded } from "./limits";
import { tenantFile } from "./schema";
import type { Tenant } from "./tenant";
import { serviceLevel } from "./tiers";

/** Groups of `service` whose values the pods of the tenant have, not a store or the gateway's rules. */
const ofPods = ["gateway"];

/**
 * Rules of the group `service` that need the whole tenant: a value that nothing would enforce, or that another contradicts, is a fault and not a
 * silent no-op. `written` is the document.
 */
export function serviceFaults(written: unknown, tenant: Tenant): Fault[] {
  return [...unenforced(written, tenant), ...replicaFaults(written, tenant), ...ingestFaults(written, tenant)];
}

function unenforced(written: unknown, tenant: Tenant): Fault[] {
  const enforced = new Set(limitEntries({ ...tenant, state: "active" }).map((entry) => entry.source));
  const groups = knownKeys(tenantFile, ["service"]).filter((group) => !ofPods.includes(group));
  const paths = groups.flatMap((group) => knownKeys(tenantFile, ["service", group]).map((key): Path => ["service", group, key]));
  const has = tenant.apis.includes("metrics") ? tenant.metrics : "no metrics";
  const logs = tenant.apis.includes("logs") ? "logs" : "no logs";
  return paths
    .filter((path) => valueAt(written, path) !== undefined && !enforced.has(path.join(".")))
    .map((path) => ({ path, at: "key", rule: `has no enforcer: the tenant has ${has} and ${logs}`, remedy: reason(path) }));
}

function reason(path: Path): string {
  if (path.join(".") === "service.requests.ingest")
    return "Remove it: with Thanos the gateway counts writes by limits.metrics.samplesPerSecond";
  return "Remove it; docs/limits.md says which system enforces it";
}

function replicaFaults(written: unknown, tenant: Tenant): Fault[] {
  const { min, max } = serviceLevel(tenant).gateway;
  if (min <= max) return [];
  const both =
    valueAt(written, ["service", "gateway", "max"]) !== undefined && valueAt(written, ["service", "gateway", "min"]) !== undefined;
  const key = valueAt(written, ["service", "gateway", "min"]) === undefined ? "max" : "min";
  const other = key === "min" ? `max, ${max}` : `min, ${min}`;
  const rule = `must not be ${key === "min" ? "above" : "below"} ${other}${both ? "" : ` of tier ${tenant.tier}`}`;
  return [
    { path: ["service", "gateway", key], at: "value", rule, remedy: `Write both, e.g. gateway: {min: ${min}, max: ${Math.max(min, max)}}` },
  ];
}

function ingestFaults(written: unknown, tenant: Tenant): Fault[] {
  const path = ["service", "requests", "ingest"];
  const needed = writesNeeded(tenant);
  const set = tenant.service.requests?.ingest;
  if (set === undefined || valueAt(written, path) === undefined || set >= needed) return [];
  if (tenant.apis.includes("metrics") && tenant.metrics === "thanos") return [];
  const rule = `must be at least ${needed}: the tenant's rates of samples and log lines need as many writes a second`;
  return [{ path, at: "value", rule, remedy: `Write ${needed}, or lower the limits of metrics and logs` }];
}
