import { z } from "zod";
import { amount, choice, count, duration, field, list, text } from "./fields";
import { service } from "./serviceschema";
import { apis, metricsSystems, states, tiers } from "./tenant";

/**
 * The one schema of the tenant file. Source of the type `TenantFile`, of tenants/tenant.schema.json, of docs/tenant-file.md and, through the
 * information of each field, of what errors say. Rules that span several fields are in `crossrules.ts`.
 */

const day = 86_400;
const label = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";
/** At least two labels in lower case, as certificates and DNS records carry them; an address is none, as no top-level domain is a number (RFC 3696, 2). */
export const dnsNamePattern = new RegExp(`^(?=.{1,200}$)(?!.*\\.\\d+$)${label}(\\.${label})+$`);
/** The longest prefix in front of it is `cortex.`, so 200 leaves room within DNS' 253. */
export const dnsNameRule = "must be a DNS name of two labels or more in lower case, at most 200 characters";

export const emailPattern = /^[^\s@<>,;"\\]{1,64}@[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+$/;
export const monthPattern = /^20\d\d-(0[1-9]|1[0-2])$/;
/** A whole token (`eyJ...`) is not its id. */
export const tokenIdPattern = /^(?!eyJ)[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

export const linePattern = /^(?! )[^\u0000-\u001f\u007f-\u009f\u2028\u2029\ufffd]{1,200}$/;
const datePattern = /^20\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/;

/** A date that exists: 2027-02-30 does not. */
export function isDate(value: string): boolean {
  if (!datePattern.test(value)) return false;
  return new Date(`${value}T00:00:00Z`).toISOString().startsWith(value);
}

const metricsLimits = field(
  z.strictObject({
    activeSeries: count("Series in memory at one time, counted once, not per replica.", "500k").optional(),
    samplesPerSecond: count("Samples written a second.", "25k").optional(),
  }),
  {
    summary: "Limits of metrics; only with `metrics` in `apis`.",
    type: "group",
    rule: "must be a group of limits",
    remedy: "Write limits.metrics: {activeSeries: 500k}",
  },
);

const logsLimits = field(
  z.strictObject({
    megabytesPerSecond: amount("Log lines written a second, in megabytes (a million bytes).", "4", 10_000).optional(),
    streams: count("Active streams at one time, counted once, not per replica.", "5k").optional(),
  }),
  {
    summary: "Limits of logs; only with `logs` in `apis`.",
    type: "group",
    rule: "must be a group of limits",
    remedy: "Write limits.logs: {streams: 5k}",
  },
);

const queriesLimits = field(
  z.strictObject({
    parallelism: count("Parts of this tenant's queries that run at one time; more wait in the queue.", "16").optional(),
    lookback: duration("How far into the past a query may reach. Not with Thanos alone, which has no such limit.", "90d", {
      min: 3600,
      max: 3650 * day,
      why: "an hour to ten years",
    }).optional(),
  }),
  {
    summary: "Limits of queries, of metrics and logs alike.",
    type: "group",
    rule: "must be a group of limits",
    remedy: "Write limits.queries: {parallelism: 16}",
  },
);

const limits = field(
  z.strictObject({ metrics: metricsLimits.optional(), logs: logsLimits.optional(), queries: queriesLimits.optional() }),
  {
    summary: "What the tenant may use; each is enforced live, without a restart.",
    type: "group",
    rule: "must be a group of limits",
    remedy: "Write limits: {metrics: {activeSeries: 500k}}",
  },
);

const retentionBounds = { min: day, max: 3650 * day, why: "Loki's and Cortex' smallest step is a day; ten years at most" };
const retention = field(
  z.strictObject({
    metrics: duration(
      "How long metrics are kept. With Thanos one of 15d, 30d, 90d, 180d, 395d, 730d, each a compactor of its own.",
      "395d",
      retentionBounds,
    ).optional(),
    logs: duration("How long logs are kept.", "30d", retentionBounds).optional(),
  }),
  {
    summary: "How long data is kept.",
    type: "group",
    rule: "must be a group of durations",
    remedy: "Write retention: {metrics: 395d, logs: 30d}",
  },
);

const auth = field(
  z.strictObject({
    issuer: text(/^https:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/, {
      summary: "The OpenID Connect issuer.",
      rule: "must be an https URL without query",
      remedy: "Write the issuer as your identity provider prints it, e.g. https://login.example.com/",
      example: "https://login.example.com/",
    }),
    clientId: text(/^[\x21-\x7e]{1,200}$/, {
      summary: "The client id registered there; its secret is a secret of the stack, never in this file.",
      rule: "must be text without spaces, at most 200 characters",
      remedy: "Copy the client id from your identity provider",
      example: "grafana-prod",
    }),
    allowedGroups: list(
      text(linePattern, {
        summary: "A group.",
        rule: "must be the name of a group",
        remedy: "Write the group as your identity provider sends it",
      }),
      {
        summary: "Groups whose members may sign in; an empty list lets nobody in.",
        rule: "must be a list of group names",
        remedy: "Write for example [shop-platform]",
        example: "[shop-platform]",
      },
    ),
  }),
  {
    summary: "Sign-in to the tenant's Grafana.",
    type: "group",
    rule: "must have issuer, clientId and allowedGroups",
    remedy: "Write auth: {issuer: https://..., clientId: ..., allowedGroups: [...]}",
  },
);

/** The tenant file as written; `resolve.ts` makes a `Tenant` of it. */
export const tenantFile = z.strictObject({
  owner: text(emailPattern, {
    summary: "Who answers for the tenant: an e-mail address, better of a team than of a person.",
    type: "e-mail",
    rule: "must be an e-mail address",
    remedy: "Write for example owner: shop-platform@example.com",
    example: "shop-platform@example.com",
  }),
  description: text(linePattern, {
    summary: "What the tenant is for, in one line.",
    rule: "must be one line of text, 1 to 200 characters, without control characters",
    remedy: "Write for example description: Production of the shop (in quotes when it is a number or holds a colon)",
    example: "Production of the shop",
  }),
  tier: choice(tiers, "Defaults of everything below, and the level of service: replicas, resources, priority.").optional(),
  metrics: choice(metricsSystems, "The system that keeps metrics. Choose once: data does not move from one to the other.").optional(),
  apis: list(
    choice(apis, "An API."),
    {
      summary:
        "The APIs the tenant gets. `datadog` takes series and logs of Datadog agents into the tenant's metrics and logs, so it needs `metrics`, `logs` or both, and takes only what they hold.",
      rule: `must be a list of ${apis.join(", ")}, at least one`,
      remedy: "Write for example apis: [metrics, logs]",
      example: "[metrics, logs]",
    },
    { min: 1 },
  ).optional(),
  limits: limits.optional(),
  service: service.optional(),
  retention: retention.optional(),
  querier: choice(
    ["shared", "dedicated"],
    "`dedicated`: a Thanos querier of the tenant's own, tenancy flags set and enforced. Only with `metrics: thanos`.",
  ).optional(),
  domain: text(dnsNamePattern, {
    summary: "A domain of the tenant's own, besides `<tenant>.<zone>`: it gets the same hosts below it (`cortex.<domain>` and so on).",
    type: "DNS name",
    rule: dnsNameRule,
    remedy: "Write for example domain: metrics.shop.example",
    example: "metrics.shop.example",
  }).optional(),
  keys: list(
    text(monthPattern, { summary: "A month.", rule: "must be a month YYYY-MM", remedy: "Write for example 2026-11" }),
    {
      summary:
        "Signing keys by the month they were made; the first signs, all are accepted. Rotate in three steps, an `up` after each: append the new one, move it to the front, drop the old one. A key's tokens for in-cluster clients end 13 months after its month.",
      type: "list of months",
      rule: "must be a list of 1 to 10 months YYYY-MM",
      remedy: "Write the month of today, e.g. keys: [2026-11]",
      example: "[2026-11]",
    },
    { min: 1, max: 10 },
  ),
  revoked: list(
    text(tokenIdPattern, {
      summary: "A token id.",
      rule: "must be a token id (jti): letters, digits, dot, hyphen, underscore",
      remedy: "Copy the id that `tenantstack token` printed",
    }),
    {
      summary: "Ids (`jti`) of revoked tokens, up to 1000. One may go when its token has expired.",
      rule: "must be a list of at most 1000 token ids",
      remedy: "Write for example revoked: [7f9c2ba4]",
      example: "[7f9c2ba4]",
    },
    { max: 1000 },
  ).optional(),
  grafana: field(z.strictObject({ auth: auth.optional() }), {
    summary: "The tenant's Grafana.",
    type: "group",
    rule: "must be a group",
    remedy: "Write grafana: {auth: {...}}",
  }).optional(),
  state: choice(
    states,
    "`suspended`: every endpoint answers 403, nothing is deleted. `retired` (written by `tenantstack retire`): endpoints are gone, data is kept until `eraseAfter`, and the file may be deleted next.",
  ).optional(),
  eraseAfter: field(z.string().refine(isDate), {
    summary: "The day after which the data of a retired tenant may be erased. Required with `state: retired`, refused otherwise.",
    type: "date",
    rule: "must be a date YYYY-MM-DD that exists",
    remedy: "Write for example eraseAfter: 2027-01-31",
    example: "2027-01-31",
    json: { pattern: datePattern.source },
  }).optional(),
  adopt: field(z.boolean(), {
    summary: "`true` takes the stored data of the retired tenant of the same name; otherwise a new tenant of that name starts empty.",
    type: "true or false",
    rule: "must be true or false",
    remedy: "Write adopt: true, or leave it out",
  }).optional(),
});

/** What a tenant file says, with units resolved (counts, seconds) and no defaults yet. */
export type TenantFile = z.output<typeof tenantFile>;
