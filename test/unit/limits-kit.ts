import { parse } from "yaml";

export interface RuntimeFile {
  readonly overrides?: Record<string, Record<string, unknown>>;
  readonly write?: { readonly default: unknown; readonly tenants: Record<string, unknown> };
}

/** A runtime file as its store reads it. */
export const readRuntime = (text: string) => parse(text, { merge: true, maxAliasCount: -1 }) as RuntimeFile;

/** What a file says by id, without the tiers' own entries. */
export const overridesIn = (text: string) =>
  Object.fromEntries(Object.entries(readRuntime(text).overrides ?? {}).filter(([id]) => !id.startsWith(".")));
