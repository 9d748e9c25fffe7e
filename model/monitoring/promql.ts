/** Small pieces of PromQL that several rules are built from. */

/**
 * The same vector with label `tenant`: the tenant's name out of its storage id, `prod` for `prod` and `prod--2` (see `storageId` in model/names.ts;
 * names hold no two hyphens in a row).
 */
export function named(vector: string, idLabel: string): string {
  return `label_replace(${vector}, "tenant", "$1", "${idLabel}", "(.+?)(--[0-9]+)?")`;
}

/** Sum over a store's series by tenant, and by further labels; `idLabel` holds the storage id. */
export function byTenant(vector: string, idLabel: string, ...labels: readonly string[]): string {
  const by = [...new Set([idLabel, ...labels])].join(", ");
  return `sum by (${["tenant", ...labels].join(", ")}) (${named(`sum by (${by}) (${vector})`, idLabel)})`;
}

/** A vector divided by how many replicas hold each of its things; empty where the store does not say it. */
export function perCopy(vector: string, factor: string): string {
  return `${vector} / on () group_left () max(${factor})`;
}

/** The right side of a matcher for any of these values, which must hold no character that means something in a regular expression. */
export function anyOf(values: readonly string[]): string {
  return `=~"${values.join("|")}"`;
}

/** Share of some requests among all, 0 where there are requests and none is bad. */
export function share(bad: string, all: string, by: string): string {
  return `(sum by (${by}) (${bad}) or 0 * sum by (${by}) (${all})) / (sum by (${by}) (${all}) > 0)`;
}

const words = new Set([
  "by", "without", "on", "ignoring", "group_left", "group_right", "bool", "offset", "and", "or", "unless", "inf", "nan", "start", "end", "atan2",
]); // prettier-ignore

/** Names of the series that a query reads, sorted. Ours are plain names: selectors by `__name__` are not used. */
export function metricsIn(expr: string): string[] {
  const bare = expr
    .replace(/"(\\.|[^"\\])*"/g, '""')
    .replace(/\{[^}]*\}/g, "{} ")
    .replace(/\[[^\]]*\]/g, " ")
    .replace(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, " ")
    .replace(/\b\d[\w.]*\b/g, " ");
  const found = [...bare.matchAll(/([a-zA-Z_:][\w:]*)(\s*\()?/g)].filter(([, name = "", call]) => call === undefined && !words.has(name));
  return [...new Set(found.map(([, name = ""]) => name))].sort();
}
