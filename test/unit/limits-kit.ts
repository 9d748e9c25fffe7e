import { parse } from "yaml";
import type { Tenant } from "../../model/tenant";
import { good, minimal } from "./model-kit";

export interface RuntimeFile {
  readonly overrides?: Record<string, Record<string, unknown>>;
  readonly write?: { readonly default: unknown; readonly tenants: Record<string, unknown> };
}

/** A runtime file as its store reads it. */
export const readRuntime = (text: string) => parse(text, { merge: true, maxAliasCount: -1 }) as RuntimeFile;

/** What a file says by id, without the tiers' own entries. */
export const overridesIn = (text: string) =>
  Object.fromEntries(Object.entries(readRuntime(text).overrides ?? {}).filter(([id]) => !id.startsWith(".")));

/** Names of 30 characters and values that no other tenant and no tier has. */
export function distinctTenants(count: number, more: (index: number) => string = () => ""): Tenant[] {
  const tiers = ["small", "medium", "large"];
  const text = (n: number) => `${minimal}tier: ${tiers[n % 3]}
limits:
  metrics: {activeSeries: ${1_000_001 + n}, samplesPerSecond: ${100_001 + n}}
  logs: {megabytesPerSecond: ${(5 + n / 1_000).toFixed(3)}, streams: ${10_001 + n}}
  queries: {parallelism: ${100 + n}, lookback: ${1 + (n % 400)}d}
retention: {metrics: ${401 + (n % 3_000)}d, logs: ${401 + (n % 3_001)}d}
${more(n)}`;
  return Array.from({ length: count }, (_, n) => good(text(n), `tenant-with-a-name-of-30-${String(n).padStart(5, "0")}`));
}
