import { stringify } from "yaml";
import { tiers } from "../tenant";
import type { Tenant, Tier } from "../tenant";
import { plainTenant } from "../plain";
import type { Enforcer, Overrides } from "./entry";
import { limitEntries } from "./mapping";
import { overridesOf } from "./entry";

/**
 * The text of runtime files: one line a tenant, so that a diff shows the tenants that changed and nothing else. With whole option names and every
 * value repeated, 5,000 tenants of Cortex would take 4 MiB, and its one file lives in one object of at most 1 MiB. So a tier's values are written
 * once, below an id that no tenant can have (`.small`), and a line says what differs from them. Options that tenants set most get a short name by a
 * YAML anchor on the key, which the same line refers to: `prod: {<<: *medium, *rate : 25000}`. All of it is plain YAML that the strict parsers of
 * Cortex and Loki take (test/stores/limits.test.ts).
 */

/** Short names of the options that follow from `limits` and `retention`. */
const shortNames: Readonly<Record<"cortex" | "loki", Readonly<Record<string, string>>>> = {
  cortex: {
    ingestion_rate: "rate",
    ingestion_burst_size: "burst",
    max_global_series_per_user: "series",
    compactor_blocks_retention_period: "retention",
    max_query_parallelism: "parallelism",
    max_outstanding_requests_per_tenant: "outstanding",
    max_query_lookback: "lookback",
  },
  loki: {
    ingestion_rate_mb: "rate",
    ingestion_burst_size_mb: "burst",
    per_stream_rate_limit: "stream_rate",
    per_stream_rate_limit_burst: "stream_burst",
    max_global_streams_per_user: "streams",
    retention_period: "retention",
    tsdb_max_query_parallelism: "parallelism",
    max_query_parallelism: "older_parallelism",
    max_concurrent_tail_requests: "tails",
    max_query_lookback: "lookback",
    max_query_length: "length",
  },
};

/** The id below which a tier's values stand: dots are no letters of tenants' names, and come first in the order of keys. */
export const templateId = (tier: Tier) => `.${tier}`;

/** What a file of `overrides` says of one id: all its options, and the tier from which it is told apart. */
export interface Line {
  readonly id: string;
  /** undefined: nothing is taken from a tier. */
  readonly tier: Tier | undefined;
  readonly options: Overrides;
}

/** The file of Cortex or Loki: the tiers, then a line an id, sorted. */
export function overridesText(system: "cortex" | "loki", lines: readonly Line[]): string {
  const names = shortNames[system];
  const templates = Object.fromEntries(tiers.map((tier) => [tier, templateOf(system, tier)])) as Record<Tier, Overrides>;
  const key = (option: string) => (names[option] === undefined ? option : `*${names[option]} `);
  const differences = ({ tier, options }: Line) => {
    const base = tier === undefined ? {} : templates[tier];
    return Object.entries(options).filter(([option, value]) => !same(value, base[option]));
  };
  const line = (one: Line) => {
    const own = differences(one).map(([option, value]) => `${key(option)}: ${inline(value)}`);
    if (own.length === 0 && one.tier !== undefined) return `  ${inline(one.id)}: *${one.tier}`;
    return `  ${inline(one.id)}: {${[...(one.tier === undefined ? [] : [`<<: *${one.tier}`]), ...own].join(", ")}}`;
  };
  // The anchors of keys are set by the first tier; anchors must come before what refers to them.
  const block = (tier: Tier, index: number) => [
    `  ${templateId(tier)}: &${tier}`,
    ...Object.entries(templates[tier]).map(([option, value]) => {
      const name = names[option];
      const written = name === undefined ? option : index === 0 ? `&${name} ${option}` : `*${name} `;
      return `    ${written}: ${inline(value)}`;
    }),
  ];
  const sorted = [...lines].sort((a, b) => (a.id < b.id ? -1 : 1));
  return ["overrides:", ...tiers.flatMap(block), ...sorted.map(line), ""].join("\n");
}

/** What a tenant of the tier has that says nothing else. */
function templateOf(system: Enforcer & ("cortex" | "loki"), tier: Tier): Overrides {
  const plain: Tenant = plainTenant(tier);
  return overridesOf(limitEntries(plain).filter((entry) => entry.enforcer === system));
}

/** The limits file of Thanos receive: what it says around the limits of tenants is the caller's. */
export interface ReceiveFile {
  readonly write: { readonly tenants: Readonly<Record<string, object>>; readonly default?: object; readonly global?: object };
}

/** Receive's limits file; a line an id. */
export function receiveText({ write: { tenants, ...around } }: ReceiveFile): string {
  const lines = Object.entries(tenants).map(([id, options]) => `    ${inline(id)}: ${inline(options)}`);
  const first = Object.entries(around)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `  ${key}: ${inline(value)}`);
  return ["write:", ...first, ...(lines.length === 0 ? ["  tenants: {}"] : ["  tenants:", ...lines]), ""].join("\n");
}

function same(a: unknown, b: unknown): boolean {
  return a === b || (typeof a === "object" && typeof b === "object" && inline(a) === inline(b));
}

/** A value on one line. */
function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(", ")}]`;
  if (typeof value === "object" && value !== null)
    return `{${Object.entries(value)
      .map(([key, one]) => `${inline(key)}: ${inline(one)}`)
      .join(", ")}}`;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return scalar(String(value));
}

/**
 * Most are plain words and durations; the rest (a tenant called `no`, a time) is quoted as readers of YAML 1.1 and 1.2 need it. What ends an entry
 * within braces (a query has some) must be quoted here, though not on a line of its own; JSON's strings are YAML's.
 */
function scalar(text: string): string {
  if (/^([a-z]+[_-][a-z0-9_-]*[a-z0-9]|\d+[mhdB])$/.test(text)) return text;
  if (/[,[\]{}]/.test(text)) return JSON.stringify(text);
  return stringify(text, { compat: "yaml-1.1", lineWidth: 0 }).trimEnd();
}
