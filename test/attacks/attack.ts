import type { Route } from "../../model/routes";
import type { Mint } from "./mint";

/** One header line of HTTP/1.1, or one field of HTTP/2: written as given, neither trimmed nor checked. */
export type Field = readonly [string, string];

/** A request that one of the table's routes takes, in parts that an attack may change. */
export interface Parts {
  readonly method: string;
  readonly path: string;
  readonly host: string;
  /** Without `Host`. */
  readonly fields: readonly Field[];
  readonly body: string;
}

/** Where an attack is tried: one route of the table, with a path and host that it takes. */
export interface Target {
  readonly route: Route;
  readonly method: string;
  readonly path: string;
  readonly host: string;
  /** What a good request brings; default nothing. */
  readonly payload?: { readonly type: string; readonly body: string };
}

/** What an attack changes of a good request. What it leaves out stays good. */
export interface Change {
  /** Another token in the place of the good one; undefined for none. */
  readonly token?: (mint: Mint, target: Target) => string | undefined;
  /** Other fields in the place of the one that holds the token. */
  readonly credential?: (token: string, target: Target) => readonly Field[];
  /** Fields beside those of the good request. */
  readonly fields?: readonly Field[];
  readonly path?: (path: string, token: string, target: Target) => string;
  readonly method?: string;
  readonly host?: (host: string) => string;
  /** Server name of the handshake; the attack then has a connection of its own. */
  readonly servername?: string;
  /** The bytes of an HTTP/1.1 request, written by the attack itself; a connection of its own. */
  readonly text?: (good: Parts) => string;
  /** The fields of an HTTP/2 request, pseudo-headers first; a connection of its own. `trailers` follow the body. */
  readonly http2?: (good: Parts) => Http2Request;
}

export interface Http2Request {
  readonly fields: readonly Field[];
  readonly body?: string;
  readonly trailers?: readonly Field[];
}

/**
 * What may come of an attack. A number, or several: this answer, and no request reaches an upstream. `refused`: any answer, and no request
 * reaches an upstream. `own`: a request may reach the upstream, but only one that the route table has, and only as the tenant itself.
 */
export type Outcome = number | readonly number[] | "refused" | "own";

/** One line of the list: its name, what may come of it, what it changes. */
export type Attack = readonly [name: string, outcome: Outcome, change: Change];

/** Pseudo-headers of the good request, then its fields, as HTTP/2 wants them. */
export function http2Fields({ method, path, host, fields }: Parts): Field[] {
  const pseudo: Field[] = [
    [":method", method],
    [":scheme", "https"],
    [":authority", host],
    [":path", path],
  ];
  return [...pseudo, ...fields.map(([name, value]): Field => [name.toLowerCase(), value])];
}

/** The bytes of an HTTP/1.1 request. A body brings its length. */
export function http1Text({ method, path, host, fields, body }: Parts): string {
  const length: Field[] = body === "" && method !== "POST" ? [] : [["Content-Length", String(Buffer.byteLength(body, "latin1"))]];
  const lines = [["Host", host], ...fields, ...length].map(([name = "", value = ""]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n${body}`;
}
