import type { Storage } from "../../components/contracts";
import { declareCortex } from "../../components/observability/cortex";
import { declareSystem } from "../../components/observability/system";
import type { LedgerEntry } from "../../model/ledger";
import { planCapacity } from "../../model/capacity";
import { limitsFiles } from "../../model/limits";
import type { Tenant } from "../../model/tenant";
import { tierDefaults } from "../../model/tiers";
import { record } from "../../planning/record";
import type { Recorded } from "../../planning/record";
import { hardwareWith, tenant } from "./observability-kit";

const day = 86_400;

/** A tenant as its tier makes it, with metrics in Cortex. */
function ofTier(tier: Tenant["tier"], more: Partial<Tenant> = {}): Tenant {
  const { metrics, logs, queries, retention } = tierDefaults[tier];
  return tenant(tier, { tier, retention, limits: { metrics, logs, queries: { ...queries, lookback: retention.metrics } }, ...more });
}

/** One of each kind that the runtime file tells apart. */
export const everyTenant: readonly Tenant[] = [
  ofTier("small"),
  ofTier("medium", { storageId: "medium--2" }),
  ofTier("large"),
  { ...ofTier("small", { state: "suspended" }), name: "suspended", storageId: "suspended" },
];

const gone = {
  apis: ["metrics"],
  metrics: "cortex",
  retention: { metrics: 30 * day, logs: day },
  retired: "2026-10-01",
  eraseAfter: "2026-11-01",
} as const;

/** Retired ones: kept, and being erased. */
export const everyRetired: readonly LedgerEntry[] = [
  { ...gone, name: "medium", storageId: "medium" },
  { ...gone, name: "erasing", storageId: "erasing", erasing: "2026-11-02" },
];

export interface CortexArgs {
  readonly size: "single" | "distributed";
  readonly storage: Storage;
  /** Availability zones of the hardware; default three. */
  readonly zones?: readonly string[];
  readonly tenants?: readonly Tenant[];
}

/** Cortex alone, under mocks, with every kind of tenant. */
export async function recordCortex({
  size,
  storage,
  zones = ["a", "b", "c"],
  tenants = everyTenant,
}: CortexArgs): Promise<readonly Recorded[]> {
  const program = () => {
    const hardware = { ...hardwareWith(storage), zones };
    const settings = { stack: "test", hardware: "existing", cluster: { size }, s3: undefined, aws: undefined } as const;
    const plan = planCapacity(tenants, settings, { zones: zones.length });
    declareCortex(
      declareSystem("cortex", hardware, plan, { provider: hardware.provider }),
      size,
      limitsFiles(tenants, everyRetired, size).cortex.text,
    );
    return Promise.resolve({});
  };
  return (await record(program, { config: {} }, () => ({}))).resources;
}
