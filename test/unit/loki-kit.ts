import type { Storage } from "../../components/contracts";
import { clusterAddresses } from "../../components/observability";
import { declareLoki } from "../../components/observability/loki";
import { declareSystem } from "../../components/observability/system";
import { planCapacity } from "../../model/capacity";
import type { LedgerEntry } from "../../model/ledger";
import { limitsFiles } from "../../model/limits";
import type { LimitsFile } from "../../model/limits";
import type { Settings } from "../../model/settings";
import type { Tenant } from "../../model/tenant";
import { record } from "../../planning/record";
import type { Recorded } from "../../planning/record";
import { everyRetired, everyTenant } from "./cortex-kit";
import { hardwareWith } from "./observability-kit";

/** The runtime files of tenants of every kind, and of retired ones that had logs. */
export function logLimits(size: Settings["cluster"]["size"], tenants: readonly Tenant[] = everyTenant): readonly LimitsFile[] {
  const retired = everyRetired.map((entry): LedgerEntry => ({ ...entry, apis: ["logs"] }));
  return limitsFiles(tenants, retired, size).loki;
}

export interface LokiArgs {
  readonly size: Settings["cluster"]["size"];
  readonly storage: Storage;
  /** Availability zones of the hardware; default three. */
  readonly zones?: readonly string[];
  readonly tenants?: readonly Tenant[];
}

/** Loki alone, under mocks, with every kind of tenant. */
export async function recordLoki({
  size,
  storage,
  zones = ["a", "b", "c"],
  tenants = everyTenant,
}: LokiArgs): Promise<readonly Recorded[]> {
  const program = () => {
    const hardware = { ...hardwareWith(storage), zones };
    const settings = { stack: "test", hardware: "existing", cluster: { size }, s3: undefined, aws: undefined } as const;
    const plan = planCapacity(tenants, settings, { zones: zones.length });
    const system = declareSystem("loki", hardware, plan, { provider: hardware.provider });
    declareLoki(system, size, logLimits(size, tenants), clusterAddresses());
    return Promise.resolve({});
  };
  return (await record(program, { config: {} }, () => ({}))).resources;
}
