import type { TenantFile } from "./schema";
import { tierDefaults } from "./tiers";
import type { Api, Limits, Service, Tenant } from "./tenant";

/** Defaults that no tier changes. */
export const defaults = {
  tier: "small",
  metrics: "cortex",
  apis: ["metrics", "logs"],
  querier: "shared",
  state: "active",
} as const;

/** Where a tenant stands besides what its file says. */
export interface Identity {
  readonly name: string;
  readonly storageId: string;
  /** Relative to the project. */
  readonly file: string;
}

/** The tenant that a valid file describes: every default applied, lists in their one order. */
export function resolveTenant(identity: Identity, file: TenantFile): Tenant {
  const tier = file.tier ?? defaults.tier;
  const auth = file.grafana?.auth;
  const apis: Api[] = [...(file.apis ?? defaults.apis)].sort();
  const retention = { ...tierDefaults[tier].retention, ...present(file.retention) };
  return {
    ...identity,
    owner: file.owner,
    description: file.description,
    tier,
    metrics: file.metrics ?? defaults.metrics,
    apis,
    limits: resolveLimits(file, longest(apis, retention)),
    service: resolveService(file.service),
    retention,
    querier: file.querier ?? defaults.querier,
    domain: file.domain,
    keys: file.keys,
    revoked: [...(file.revoked ?? [])].sort(),
    grafana: { auth: auth && { ...auth, allowedGroups: [...auth.allowedGroups].sort() } },
    state: file.state ?? defaults.state,
    eraseAfter: file.eraseAfter,
    adopt: file.adopt ?? false,
  };
}

function resolveLimits(file: TenantFile, lookback: number): Limits {
  const base = tierDefaults[file.tier ?? defaults.tier];
  return {
    metrics: { ...base.metrics, ...present(file.limits?.metrics) },
    logs: { ...base.logs, ...present(file.limits?.logs) },
    queries: { lookback, ...base.queries, ...present(file.limits?.queries) },
  };
}

/** The groups that say something, without what they leave open. */
function resolveService(written: TenantFile["service"]): Service {
  const groups = Object.entries(written ?? {}).map(([key, value]) => [key, typeof value === "object" ? present(value) : value] as const);
  return Object.fromEntries(
    groups.filter(([, value]) => value !== undefined && (typeof value !== "object" || Object.keys(value).length > 0)),
  );
}

/** Seconds of the longest retention among the APIs that the tenant has: a query may reach as far as there is data. */
function longest(apis: readonly Api[], retention: Tenant["retention"]): number {
  return Math.max(...(["metrics", "logs"] as const).filter((api) => apis.includes(api)).map((api) => retention[api]));
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without keys whose value is undefined: they must not cover defaults. */
function present<T extends object>(group: T | undefined): Present<T> {
  return Object.fromEntries(Object.entries(group ?? {}).filter(([, value]) => value !== undefined)) as Present<T>;
}
