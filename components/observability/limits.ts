import * as pulumi from "@pulumi/pulumi";
import type { LedgerEntry } from "../../model/ledger";
import { storeLimits } from "../../model/limits";
import type { Tenant } from "../../model/tenant";
import { toYaml } from "../../model/text";
import type { SystemName } from "./system";

/** A ConfigMap holds 1024 KiB in all; what comes near it is refused before anything is changed. */
const mostBytes = 1000 * 1024;

/** Thanos gives ids that the file does not name no limit at all. Nobody but tenants has business here, so the smallest is theirs. */
const thanosStranger = { request: { samples_limit: 1 } };

/**
 * The runtime files of the three systems. Keys are sorted and each value has a line of its own, so a diff shows only the tenant and the value
 * that changed.
 * @throws RunError when one does not fit its object.
 */
export function limitsFiles(tenants: readonly Tenant[], retired: readonly LedgerEntry[]): Record<SystemName, string> {
  const { cortex, loki, thanos } = storeLimits(tenants, retired);
  return {
    cortex: limitsText("cortex", { overrides: cortex }),
    loki: limitsText("loki", { overrides: loki }),
    thanos: limitsText("thanos", { write: { default: thanosStranger, tenants: thanos } }),
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
