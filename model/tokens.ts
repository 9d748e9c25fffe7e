import { createPublicKey, type KeyObject } from "node:crypto";
import { scopes } from "./routes";
import type { Scope } from "./routes";
import type { Tenant } from "./tenant";
import { parseDuration } from "./units";
import type { UnitProblem } from "./units";

/** `iss` of every token. */
export const tokenIssuer = "tenantstack";

const day = 86_400;
/** Lifetime of a token when none is asked for. */
export const defaultTokenSeconds = 90 * day;
/** No token lives longer: the 13 months of in-cluster tokens, at their longest. Gateways refuse more (`max_lifetime`). */
export const maxTokenSeconds = 397 * day;

/** In-cluster clients that carry a token of their own, and what it lets them do. */
export const internalScopes = {
  grafana: ["metrics:read", "logs:read", "rules:read", "rules:write", "alerts:read", "alerts:write"],
  prometheus: ["metrics:write"],
  collector: ["metrics:write", "logs:write"],
  /** Prometheus towards the tenant's own Alertmanager. */
  alerts: ["alerts:write"],
  /** Collectors of the platform's logs; used for tenant `system` only. */
  logs: ["logs:write"],
} as const satisfies Record<string, readonly Scope[]>;
export type InternalClient = keyof typeof internalScopes;

export interface Claims {
  /** The tenant's name, not its storage id: what a token's holder knows. A successor of the name has key pairs of its own, so old tokens do not open it. */
  readonly sub: string;
  /** The stack: a token for one installation is worth nothing at another. */
  readonly aud: string;
  readonly iss: string;
  /** By which it is revoked. */
  readonly jti: string;
  /** Seconds since 1970, like `exp`. */
  readonly iat: number;
  readonly exp: number;
  /** Scopes with a space between them, in the order of `scopes`. */
  readonly scope: string;
}

/** `kid` of the key that a tenant made for a month. */
export function keyId(tenant: string, month: string): string {
  return `${tenant}-${month}`;
}

function scopeText(wanted: readonly Scope[]): string {
  return scopes.filter((scope) => wanted.includes(scope)).join(" ");
}

/** First second (UTC) of the month `offset` months after `YYYY-MM`. */
function monthStart(month: string, offset = 0): number {
  return Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5)) - 1 + offset, 1) / 1000;
}

/** When in-cluster tokens of a key end: 13 months after the beginning of its month. Seconds since 1970. */
export function keyEnd(month: string): number {
  return monthStart(month, 13);
}

/**
 * Claims of an in-cluster client. They derive from the key's month and the client, never from the clock: an unchanged key signs
 * the same token on every run, so nothing changes in the cluster.
 */
export function internalClaims(tenant: Pick<Tenant, "name">, stack: string, keyMonth: string, client: InternalClient): Claims {
  return {
    sub: tenant.name,
    aud: stack,
    iss: tokenIssuer,
    jti: `internal-${client}-${keyMonth}`,
    iat: monthStart(keyMonth),
    exp: keyEnd(keyMonth),
    scope: scopeText(internalScopes[client]),
  };
}

/** Claims of a token for a person or a program outside, as of `now` (seconds since 1970). `seconds` must be at most `maxTokenSeconds`. */
export function userClaims(of: {
  tenant: string;
  stack: string;
  scopes: readonly Scope[];
  jti: string;
  now: number;
  seconds: number;
}): Claims {
  const iat = Math.floor(of.now);
  return { sub: of.tenant, aud: of.stack, iss: tokenIssuer, jti: of.jti, iat, exp: iat + of.seconds, scope: scopeText(of.scopes) };
}

/** Reads how long a token is wanted, `90d` or `12h`; seconds. */
export function parseLifetime(written: string): { readonly value: number } | UnitProblem {
  const parsed = parseDuration(written);
  if (!("value" in parsed) || parsed.value <= maxTokenSeconds) return parsed;
  return { rule: `must be at most ${maxTokenSeconds / day}d`, remedy: "Ask for a shorter one and renew it; the default is 90d" };
}

export interface Signing {
  /** PEM, or the key that was read from it: reading takes a third of a signature's time. */
  readonly privateKey: string | KeyObject;
  readonly kid: string;
  readonly claims: Claims;
}

/** The signed token, RS256. The same input gives the same token: `iat` is among the claims, so the clock is not asked. */
export function mint({ privateKey, kid, claims }: Signing): string {
  // Loaded here: it costs a fifth of a start, and most runs sign nothing.
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const { sign } = require("jsonwebtoken") as typeof import("jsonwebtoken");
  return sign({ ...claims }, privateKey, { algorithm: "RS256", keyid: kid });
}

export interface PublicKey {
  readonly kid: string;
  /** SPKI or PKCS#1. */
  readonly publicKeyPem: string;
}

export interface Jwk {
  readonly alg: "RS256";
  readonly e: string;
  readonly kid: string;
  readonly kty: "RSA";
  readonly n: string;
  readonly use: "sig";
}

/** The key set by which gateways check tokens; sorted by `kid`, so that the order of keys in a tenant file changes nothing here. */
export function jwks(keys: readonly PublicKey[]): { readonly keys: readonly Jwk[] } {
  const sorted = [...keys].sort((a, b) => (a.kid < b.kid ? -1 : 1));
  return { keys: sorted.map(jwk) };
}

function jwk({ kid, publicKeyPem }: PublicKey): Jwk {
  const { kty, n, e } = createPublicKey(publicKeyPem).export({ format: "jwk" });
  if (kty !== "RSA" || n === undefined || e === undefined)
    throw new Error(`Key ${kid} must be RSA (tokens are RS256), not ${kty ?? "unknown"}`);
  return { alg: "RS256", e, kid, kty: "RSA", n, use: "sig" };
}

/**
 * Why a tenant's keys may not change from `previous` to `next` in one `up`, or undefined. Rotation has three steps: append the new key
 * (gateways learn it), move it to the front (it signs), drop the old one (its tokens end). Skipping one answers 401, on which Prometheus drops data.
 */
export function keyRotationProblem(previous: readonly string[], next: readonly string[]): UnitProblem | undefined {
  const [signing] = previous;
  const [first] = next;
  if (signing === undefined) return undefined;
  if (!next.includes(signing)) {
    const order =
      previous[1] === undefined
        ? `first append a new key: keys: [${signing}, YYYY-MM]`
        : `first move another to the front: keys: [${[...previous.slice(1), signing].join(", ")}]`;
    return {
      rule: `must not drop ${signing}, the key that signs`,
      remedy: `Keep it and ${order}; drop ${signing} after the \`up\` of that`,
    };
  }
  if (first !== undefined && !previous.includes(first)) {
    return {
      rule: `must not sign with ${first} before gateways know it`,
      remedy: `Append it first: keys: [${[...previous, first].join(", ")}]; move it to the front after the \`up\` of that`,
    };
  }
  return undefined;
}

/** What an operator should know about the key that signs at `now`, a month ahead of its end; undefined when all is well. */
export function signingKeyWarning(tenant: Pick<Tenant, "name" | "keys">, now: Date): string | undefined {
  const [month] = tenant.keys;
  if (month === undefined) return undefined;
  const seconds = now.getTime() / 1000;
  const date = (at: number) => new Date(at * 1000).toISOString().slice(0, 10);
  const rotate = `Append this month's key to keys (${now.toISOString().slice(0, 7)}) and rotate in three steps`;
  if (monthStart(month) > seconds) return `${tenant.name}: the key that signs, ${month}, lies in the future. Use the month of today.`;
  if (seconds >= keyEnd(month))
    return `${tenant.name}: the key that signs, ${month}, ended on ${date(keyEnd(month))}: Grafana, Prometheus and the collector are refused. ${rotate}.`;
  if (seconds < monthStart(month, 12)) return undefined;
  return `${tenant.name}: the key that signs, ${month}, ends on ${date(keyEnd(month))}. ${rotate}.`;
}
