import crypto from "node:crypto";
import type { Scope } from "../../model/routes";
import { claims, signingKey, type SigningKey } from "../engine/gateway-kit";

/** Keys of the attacked tenant, of its neighbour, and of a stranger who gives his the attacked tenant's key id. */
export interface Keys {
  readonly own: SigningKey;
  readonly other: SigningKey;
  readonly stranger: SigningKey;
}

export function makeKeys(): Keys {
  return { own: signingKey("prod-2026-11"), other: signingKey("staging-2026-11"), stranger: signingKey("prod-2026-11") };
}

const encode = (text: string): string => Buffer.from(text).toString("base64url");
type Values = Readonly<Record<string, unknown>>;

/** Makes good and forged tokens with one scope. */
export class Mint {
  public constructor(
    public readonly keys: Keys,
    public readonly scope: Scope,
  ) {}

  /** Now, in seconds since 1970. */
  public get now(): number {
    return Math.floor(Date.now() / 1000);
  }

  /** Claims of a good token, but for what is changed; undefined leaves one out. */
  public claims(more: Values = {}): string {
    return JSON.stringify(claims(this.scope, more));
  }

  /** Signed by the tenant's own key: what is wrong with it, if anything, is in what it says. */
  public own(more: Values = {}, header: Values = {}): string {
    return this.signed(this.claims(more), header);
  }

  /** The neighbour's own token: valid at its own gateway. */
  public neighbours(more: Values = {}): string {
    return this.signed(this.claims({ sub: "staging", ...more }), {}, this.keys.other);
  }

  /** RS256 over any payload text, JSON or not. */
  public signed(payload: string, header: Values = {}, key = this.keys.own): string {
    const text = `${encode(JSON.stringify({ alg: "RS256", typ: "JWT", kid: key.kid, ...header }))}.${encode(payload)}`;
    return `${text}.${crypto.sign("sha256", Buffer.from(text), key.pair.privateKey).toString("base64url")}`;
  }

  /** "Signed" with a text that is no secret. */
  public hmac(secret: string, header: Values = {}, hash = "sha256"): string {
    const text = `${encode(JSON.stringify({ alg: "HS256", typ: "JWT", kid: this.keys.own.kid, ...header }))}.${encode(this.claims())}`;
    return `${text}.${crypto.createHmac(hash, secret).update(text).digest("base64url")}`;
  }

  /** Not signed at all. */
  public unsigned(alg: unknown): string {
    return `${encode(JSON.stringify({ alg, typ: "JWT", kid: this.keys.own.kid }))}.${encode(this.claims())}.`;
  }

  /** A good token, with one of its three parts changed afterwards. */
  public altered(part: 0 | 1 | 2, change: (text: string) => string): string {
    const parts = this.own().split(".");
    parts[part] = change(parts[part] ?? "");
    return parts.join(".");
  }

  public publicKey(type: "spki" | "pkcs1"): string {
    return this.keys.own.pair.publicKey.export({ type, format: "pem" }).toString();
  }
}
