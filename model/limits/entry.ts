/** Who enforces an option. */
export type Enforcer = "cortex" | "loki" | "thanos-receive" | "thanos-hashring" | "thanos-compactor" | "gateway";

export type LimitValue = number | string | boolean | Readonly<Record<string, unknown>>;

/** One option of one enforcer. */
export interface LimitEntry {
  readonly enforcer: Enforcer;
  /** As the enforcer calls it; a dot leads into a group (`request.samples_limit`). */
  readonly option: string;
  readonly value: LimitValue;
  /** The field of the tenant file that it comes from; `state`; or `fixed`: the same for every tenant. */
  readonly source: string;
}

/** Options of one enforcer before it is named. */
export type Entries = readonly (readonly [option: string, value: LimitValue, source: string])[];

/** Options of one enforcer as it reads them, with keys sorted. */
export type Overrides = Readonly<Record<string, unknown>>;

/** Keys in their one order. */
export function sortedKeys<T>(group: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(group).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The options of a list as one group; `request.samples_limit` is a key of the group `request`. */
export function overridesOf(entries: readonly Pick<LimitEntry, "option" | "value">[]): Overrides {
  const result: Record<string, unknown> = {};
  for (const { option, value } of entries) {
    const [key = "", inner] = option.split(".");
    result[key] = inner === undefined ? value : sortedKeys({ ...(result[key] as Record<string, unknown> | undefined), [inner]: value });
  }
  return sortedKeys(result);
}
