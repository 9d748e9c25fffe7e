/** Mutants of a configuration: each lacks one part of it, whatever that is. */

export type Step = string | number;

export interface Mutant {
  /** Where the part was: `filter_chains.0.filters.0.typed_config.normalize_path`. */
  readonly name: string;
  readonly at: readonly Step[];
  /** What the part became; undefined when it was removed. */
  readonly became?: unknown;
}

/** One mutant for every field of every object and every entry of every list, at any depth. `@type` says what a message is, not what it does. */
export function mutantsOf(tree: unknown, at: readonly Step[] = []): Mutant[] {
  if (tree === null || typeof tree !== "object") return [];
  return Object.entries(tree).flatMap(([key, value]: [string, unknown]) => {
    if (key === "@type") return [];
    const step = Array.isArray(tree) ? Number(key) : key;
    const here = [...at, step];
    return [{ name: nameOf(here), at: here }, ...mutantsOf(value, here)];
  });
}

export function nameOf(at: readonly Step[]): string {
  return at.join(".");
}

/** What stands at a place. */
export function valueAt(tree: unknown, at: readonly Step[]): unknown {
  return at.reduce<unknown>((value, step) => (value as Record<Step, unknown> | undefined)?.[step], tree);
}

/** A copy of the tree that is the mutant's. */
export function mutated<T>(tree: T, { at, became }: Mutant): T {
  const copy = structuredClone(tree);
  const parent = valueAt(copy, at.slice(0, -1)) as Record<Step, unknown> | unknown[];
  const last = at[at.length - 1] ?? "";
  if (parent === undefined) throw new Error(`there is no ${nameOf(at)}`);
  if (became !== undefined) Object.assign(parent, { [last]: became });
  else if (Array.isArray(parent)) parent.splice(Number(last), 1);
  else delete parent[last];
  return copy;
}

/** What TLS 1.1 can speak; Envoy's own list has none of it. */
export const oldCiphers = ["ECDHE-RSA-AES128-SHA", "ECDHE-ECDSA-AES128-SHA", "AES128-SHA"];

/**
 * Parts whose value is Envoy's own default in this version. They are stated, so that a default that changes does not change the gateway; removing one
 * changes nothing, so that it is altered instead. So is the class of a bucket: without it the bucket serves every class, each with one of its own.
 */
export const stated: readonly (readonly [RegExp, unknown])[] = [
  [/\.max_headers_count$/, 200],
  [/\.clock_skew_seconds$/, 600],
  [/\.tls_minimum_protocol_version$/, "TLSv1_0"],
  [/\.tls_params$/, { tls_minimum_protocol_version: "TLSv1_0", cipher_suites: oldCiphers }],
  [/\.internal_address_config$/, { cidr_ranges: [{ address_prefix: "127.0.0.0", prefix_len: 8 }] }],
  [/\.rules\.action$/, "DENY"],
  [/\.descriptors\.\d+\.entries\.\d+\.value$/, "other"],
];

/**
 * Parts that the farm gives a listener itself, and how the certificate and the routes' file are found: what is delivered live is tried in
 * test/engine/gateway-live.test.ts.
 */
const elsewhere = /^name$|\.sds_config\.|\.route_config\.name$/;

/** All mutants of a listener, with what is stated altered. */
export function allMutants(tree: unknown): Mutant[] {
  const made = mutantsOf(tree).filter(({ name }) => !elsewhere.test(name));
  return made.map((mutant) => {
    const altered = stated.find(([place]) => place.test(mutant.name));
    return altered === undefined ? mutant : { ...mutant, became: altered[1], name: `${mutant.name}=${JSON.stringify(altered[1])}` };
  });
}

/**
 * Of routes that one host has with the same parts, in other values, the parts of the first only; each route as a whole stays. They come from one
 * function, so that a part which the first needs the others need too.
 */
export function ofDistinctRoutes(tree: unknown, mutants: readonly Mutant[]): Mutant[] {
  const known = new Set<string>();
  return mutants.filter(({ at }) => {
    const route = at.indexOf("routes") + 2;
    if (route < 2 || at.length <= route) return true;
    const parts = mutantsOf(valueAt(tree, at.slice(0, route))).map(({ name }) => name);
    const kind = [...at.slice(0, route - 1), ...parts, "", ...at.slice(route)].join("\n");
    return !known.has(kind) && known.add(kind).size > 0;
  });
}
