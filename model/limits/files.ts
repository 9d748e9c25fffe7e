import { createHash } from "node:crypto";
import type { LedgerEntry } from "../ledger";
import { InputError } from "../problem";
import type { Problem } from "../problem";
import type { Settings } from "../settings";
import type { Tenant, Tier } from "../tenant";
import { storeLimits } from "./stores";
import type { StoreLimits } from "./stores";
import { overridesText, receiveText } from "./text";
import type { Line, ReceiveFile } from "./text";

/** One file of runtime limits and the ConfigMap that holds it. */
export interface LimitsFile {
  /** Name of the ConfigMap; fixed, since a new name would restart every pod that mounts it. */
  readonly configMap: string;
  /** Its key, and so the name of the file where it is mounted. */
  readonly file: string;
  readonly text: string;
  /** How many ids it names. */
  readonly ids: number;
}

/** The runtime limits of the three systems. */
export interface LimitsFiles {
  readonly cortex: LimitsFile;
  readonly loki: readonly LimitsFile[];
  readonly thanos: LimitsFile;
}

/**
 * Files of Loki, which reads several. The number follows from the size of the cluster alone and never from the tenants: the list stands in Loki's
 * main configuration, so another number would restart all of it, and a number that followed growth would flip back and forth at some point. Four
 * hold 5,000 tenants whose every value differs. Cortex and Thanos read one file each.
 */
export const lokiFiles: Readonly<Record<Settings["cluster"]["size"], number>> = { single: 1, distributed: 4 };

/** Which of `count` files holds an id: by hash, so that a tenant's change touches one, and the others' change none. */
export function fileOf(id: string, count: number): number {
  return createHash("sha256").update(id).digest().readUInt32BE(0) % count;
}

/**
 * The runtime limits of the three systems, as files. The order of tenants does not matter.
 * @param thanosFile what the file of Thanos receive says around the limits of tenants.
 */
export function limitsFiles(
  tenants: readonly Tenant[],
  retired: readonly LedgerEntry[],
  size: Settings["cluster"]["size"],
  thanosFile: (byId: StoreLimits["thanos"]) => ReceiveFile = (byId) => ({ write: { tenants: byId } }),
): LimitsFiles {
  const { cortex, loki, thanos } = storeLimits(tenants, retired);
  const tierOf = new Map<string, Tier>();
  for (const tenant of tenants) if (tenant.state !== "retired") tierOf.set(tenant.storageId, tenant.tier);
  const lines = (group: typeof cortex) => Object.entries(group).map(([id, options]): Line => ({ id, tier: tierOf.get(id), options }));
  const count = lokiFiles[size];
  const shards = Array.from({ length: count }, (): Line[] => []);
  for (const line of lines(loki)) shards[fileOf(line.id, count)]?.push(line);
  return {
    cortex: {
      configMap: "cortex-limits",
      file: "overrides.yaml",
      text: overridesText("cortex", lines(cortex)),
      ids: Object.keys(cortex).length,
    },
    loki: shards.map((own, index) => {
      const suffix = count === 1 ? "" : `-${index}`;
      return { configMap: `loki-limits${suffix}`, file: `overrides${suffix}.yaml`, text: overridesText("loki", own), ids: own.length };
    }),
    thanos: { configMap: "thanos-limits", file: "overrides.yaml", text: receiveText(thanosFile(thanos)), ids: Object.keys(thanos).length },
  };
}

/**
 * What one object may hold. The API server takes 1 MiB of data in a ConfigMap (kubernetes.io, ConfigMap, motivation); the rest is a margin, so that
 * what is refused is refused here.
 */
export const mostBytes = 1000 * 1024;

/**
 * Refuses tenants whose limits do not fit, before anything is declared.
 * @throws InputError that names the system, the tenants, the bytes and the remedy.
 */
export function checkLimitSizes(
  tenants: readonly Tenant[],
  retired: readonly LedgerEntry[],
  settings: Pick<Settings, "cluster" | "tenants">,
): void {
  const files = limitsFiles(tenants, retired, settings.cluster.size);
  const all = [...files.loki, files.cortex, files.thanos];
  const problems = all.flatMap((one) => tooLarge(one, settings.tenants));
  if (problems.length > 0) throw new InputError(problems);
}

function tooLarge({ configMap, text, ids }: LimitsFile, folder: string): Problem[] {
  const bytes = Buffer.byteLength(text);
  if (bytes <= mostBytes) return [];
  const rule = `The limits of ${ids} ids take ${bytes} bytes in ConfigMap ${configMap}; one may hold ${mostBytes}`;
  const remedy =
    "Leave more values to the tiers (limits that equal the tier's take no space), erase retired tenants, or move tenants to a folder of their own with a stack and cluster of their own";
  return [{ file: folder, line: 0, column: 0, path: "", value: "", rule, remedy }];
}
