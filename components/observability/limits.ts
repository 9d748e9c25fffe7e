import * as pulumi from "@pulumi/pulumi";
import type { LedgerEntry } from "../../model/ledger";
import { storeLimits } from "../../model/limits";
import type { StoreLimits } from "../../model/limits";
import type { Tenant } from "../../model/tenant";
import { toYaml } from "../../model/text";
import type { SystemName } from "./system";

/** A ConfigMap holds 1024 KiB in all; what comes near it is refused before anything is changed. */
const mostBytes = 1000 * 1024;

/**
 * The runtime files of the three systems. Keys are sorted and each value has a line of its own, so a diff shows only the tenant and the value
 * that changed.
 * @param thanosFile what the file of Thanos receive says around the limits of tenants.
 * @throws RunError when one does not fit its object.
 */
export function limitsFiles(
  tenants: readonly Tenant[],
  retired: readonly LedgerEntry[],
  thanosFile: (byId: StoreLimits["thanos"]) => object,
): Record<SystemName, string> {
  const { cortex, loki, thanos } = storeLimits(tenants, retired);
  return {
    cortex: limitsText("cortex", { overrides: cortex }),
    loki: limitsText("loki", { overrides: loki }),
    thanos: limitsText("thanos", thanosFile(thanos)),
  };
}

/** One system's file as text. */
function limitsText(system: SystemName, content: unknown): string {
  const text = toYaml(content);
  const bytes = Buffer.byteLength(text);
  if (bytes <= mostBytes) return text;
  throw new pulumi.RunError(
    `The limits of ${system} take ${Math.ceil(bytes / 1024)} KiB; one object may hold ${mostBytes / 1024} KiB. ` +
      "Move some of the tenants to a stack with a cluster of its own.",
  );
}
