/** Names that users see and that other objects are found by. One rule for tenants, everywhere. */

/** A tenant's name: also a DNS label, a namespace with `-tenant` behind it, and a path segment of the stores. */
export const tenantNamePattern = /^[a-z][a-z0-9-]{0,28}[a-z0-9]$/;

/**
 * Names that mean something else: Thanos' default tenant, ids that the three systems or this project use themselves, and folders that the
 * systems keep beside those of tenants in their buckets.
 */
export const reservedNames: ReadonlySet<string> = new Set([
  "default-tenant",
  "anonymous",
  "fake",
  "operators",
  "cortex",
  "loki",
  "thanos",
  "index",
  "rules",
  "alerts",
  "alertmanager",
]);

/** Says which part of the name rule `name` breaks, or undefined when it is a good name. */
export function tenantNameProblem(name: string): string | undefined {
  if (reservedNames.has(name)) return "is reserved";
  if (name.includes("--")) return "must not contain two hyphens in a row (they mark storage ids of successors)";
  if (!tenantNamePattern.test(name))
    return "must be 2 to 30 characters of a-z, 0-9 and hyphen, start with a letter and not end with a hyphen";
  return undefined;
}

/** The platform's own tenant: its Prometheus scrapes the shared cluster and the gateways of all. */
export const platformTenant = "system";

/** The namespace of a tenant. */
export function tenantNamespace(name: string): string {
  return `${name}-tenant`;
}

/** The id under which the stores keep the `generation`-th tenant of a name (1-based): `prod`, then `prod--2`. Never reused. */
export function storageId(name: string, generation: number): string {
  return generation === 1 ? name : `${name}--${generation}`;
}

/** The namespace of the collectors of the platform's logs: they read folders of the nodes, which no other namespace allows. */
export const logsNamespace = "platform-logs";

/** Namespaces of the shared systems. */
export const systemNamespaces = { cortex: "cortex", loki: "loki", thanos: "thanos" } as const;

/** The part of Thanos that takes tenants' writes and enforces their limits, by `cluster.size`. */
export const receiveParts = { single: "receive", distributed: "receive-router" } as const;

/** What stands behind a system's bucket name in each of its buckets. Cortex keeps rules and Alertmanager configuration apart from blocks: see `cortexConfig`. */
export const bucketSuffixes: Readonly<Record<keyof typeof systemNamespaces, readonly string[]>> = {
  cortex: ["", "-rules"],
  loki: [""],
  thanos: [""],
};

/** All buckets of a stack whose buckets begin with `prefix`: `dev-cortex`, `dev-cortex-rules`, ... */
export function bucketNames(prefix: string): string[] {
  return Object.entries(bucketSuffixes).flatMap(([system, suffixes]) => suffixes.map((suffix) => `${prefix}-${system}${suffix}`));
}
