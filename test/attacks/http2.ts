import { http2Fields, type Attack, type Field, type Http2Request, type Parts } from "./attack";

/** The same over HTTP/2, whose requests become HTTP/1.1 on their way to the stores. */

const staging: Field = ["x-scope-orgid", "staging"];
const inserted = "staging\r\nX-Scope-OrgID: staging";

/** The good request with one field replaced, by none or by several. */
function replaced(name: string, ...by: readonly Field[]): (good: Parts) => Http2Request {
  return (good) => ({ fields: http2Fields(good).flatMap((field) => (field[0] === name ? by : [field])), body: good.body });
}
/** The good request with more fields at its end. */
function added(...more: readonly Field[]): (good: Parts) => Http2Request {
  return (good) => ({ fields: [...http2Fields(good), ...more], body: good.body });
}
/** A pseudo-header written anew out of the good one. */
function changed(name: string, change: (value: string) => string): (good: Parts) => Http2Request {
  return (good) => ({
    fields: http2Fields(good).map((field): Field => (field[0] === name ? [name, change(field[1])] : field)),
    body: good.body,
  });
}
/** A POST with a body, and fields for its length. */
function withBody(body: string, ...more: readonly Field[]): (good: Parts) => Http2Request {
  return (good) => ({ fields: [...http2Fields({ ...good, method: "POST" }), ...more], body });
}

type Line = readonly [string, Attack[1], (good: Parts) => Http2Request];

const list: readonly Line[] = [
  ["another tenant", "own", added(staging)],
  ["another tenant twice", "own", added(staging, ["x-scope-orgid", "evil"], ["thanos-tenant", "staging"], ["thanos-tenant", "prod--2"])],
  ["two tenants", "own", added(["x-scope-orgid", "prod--2|staging"])],
  ["a tenant in capitals", "refused", added(["X-Scope-OrgID", "staging"])],
  ["a tenant with underscores", "refused", added(["x_scope_orgid", "staging"])],
  ["a tenant as a pseudo-header", "refused", added([":x-scope-orgid", "staging"])],
  ["a tenant behind a colon", "refused", added(["x-a:x-scope-orgid", "staging"])],
  ["a line end in a value", "refused", added(["x-a", inserted])],
  ["a line feed in a value", "refused", added(["x-a", inserted.replace("\r", "")])],
  ["a carriage return in a value", "refused", added(["x-a", "a\rx-scope-orgid: staging"])],
  ["a line end in a name", "refused", added(["x-a: b\r\nx-scope-orgid", "staging"])],
  ["NUL in a value", "refused", added(["x-a", "a\0b"])],
  ["an empty name", "refused", added(["", "staging"])],
  ["a space before a value", "own", added(["x-scope-orgid", " staging"])],
  ["the tenant in trailers", "own", (good) => ({ ...withBody("x")(good), trailers: [staging, ["thanos-tenant", "staging"]] })],
  ["pseudo-headers in trailers", "refused", (good) => ({ ...withBody("x")(good), trailers: [[":path", "/config"]] })],
  ["another authority", 421, changed(":authority", () => "cortex.staging.obs.example.com")],
  ["an authority with a port", "own", changed(":authority", (host) => `${host}:443`)],
  ["an authority with a user", "refused", changed(":authority", (host) => `x@${host}`)],
  ["an authority with a line end", "refused", changed(":authority", (host) => `${host}\r\nx-scope-orgid: staging`)],
  ["an authority with a space", "refused", changed(":authority", (host) => `${host} staging`)],
  ["an authority in capitals", "own", changed(":authority", (host) => host.toUpperCase())],
  ["an empty authority", "refused", changed(":authority", () => "")],
  ["no authority", "refused", replaced(":authority")],
  ["no authority, the own host", "own", (good) => replaced(":authority", ["host", good.host])(orderly(good))],
  ["another host beside the authority", "own", added(["host", "cortex.staging.obs.example.com"])],
  [
    "another authority beside the host",
    "refused",
    (good) => changed(":authority", () => "evil.example")(withField(good, ["host", good.host])),
  ],
  ["two authorities", "refused", (good) => added([":authority", good.host])(good)],
  ["two hosts", "own", added(["host", "evil.example"], ["host", "staging"])],
  ["two paths", "refused", replaced(":path", [":path", "/config"], [":path", "/config"])],
  ["no path", "refused", replaced(":path")],
  ["an empty path", "refused", changed(":path", () => "")],
  ["a path without a slash", "refused", changed(":path", (path) => path.slice(1))],
  ["a path of a star", "refused", changed(":path", () => "*")],
  ["a path that is a URL", "refused", changed(":path", (path) => `https://evil.example${path}`)],
  ["a path with a space", "refused", changed(":path", (path) => `${path} HTTP/1.1`)],
  ["a path with a request in it", "refused", changed(":path", (path) => `${path} HTTP/1.1\r\nX-Scope-OrgID: staging\r\nX: `)],
  ["a path with NUL", "refused", changed(":path", (path) => `${path}\0`)],
  ["a path with a tab", "refused", changed(":path", (path) => `${path}\t`)],
  ["a path with bytes over 127", "own", changed(":path", (path) => `${path}\xff`)],
  ["a path with a fragment", "own", changed(":path", (path) => `${path}#/config`)],
  ["a path with encoded slashes", 400, changed(":path", (path) => `${path}%2f..%2fconfig`)],
  ["a path with dots", 404, changed(":path", (path) => `${path.split("?")[0]}/../../../../../../../config`)],
  ["a path with two slashes", "own", changed(":path", (path) => `/${path}`)],
  [
    "a method with a request in it",
    "refused",
    changed(":method", (method) => `${method} /config HTTP/1.1\r\nX-Scope-OrgID: staging\r\nX: `),
  ],
  ["a method with a space", "refused", changed(":method", (method) => `${method} /config`)],
  ["an empty method", "refused", changed(":method", () => "")],
  ["no method", "refused", replaced(":method")],
  ["two methods", "refused", replaced(":method", [":method", "GET"], [":method", "DELETE"])],
  ["a method in small letters", "own", changed(":method", (method) => method.toLowerCase())],
  ["CONNECT", "refused", changed(":method", () => "CONNECT")],
  [
    "CONNECT as a host does",
    "refused",
    (good) => ({ fields: http2Fields({ ...good, method: "CONNECT" }).filter(([n]) => n !== ":path" && n !== ":scheme") }),
  ],
  ["a WebSocket", "refused", (good) => added()({ ...good, method: "CONNECT", fields: [[":protocol", "websocket"], ...good.fields] })],
  ["the scheme http", "own", changed(":scheme", () => "http")],
  ["a scheme with a host", "own", changed(":scheme", () => "https://evil.example/?")],
  ["no scheme", "refused", replaced(":scheme")],
  ["a pseudo-header last", "refused", (good) => ({ fields: [...http2Fields(good).slice(1), [":method", good.method]] })],
  ["a header of the connection", "refused", added(["connection", "x-scope-orgid"])],
  ["keep-alive", "refused", added(["keep-alive", "timeout=5"])],
  ["an upgrade", "refused", added(["upgrade", "websocket"])],
  ["te: gzip", "refused", added(["te", "gzip"])],
  ["chunks", "refused", withBody("0\r\n\r\nPOST /smuggled HTTP/1.1\r\nHost: x\r\n\r\n", ["transfer-encoding", "chunked"])],
  ["a length too small", "refused", withBody("xPOST /smuggled HTTP/1.1\r\nHost: x\r\n\r\n", ["content-length", "1"])],
  ["a length too large", "refused", withBody("x", ["content-length", "100"])],
  ["two lengths", "refused", withBody("x", ["content-length", "1"], ["content-length", "2"])],
  ["a length with a line end", "refused", withBody("x", ["content-length", "1\r\nx-scope-orgid: staging"])],
  ["120 fields", "refused", added(...Array.from({ length: 120 }, (_, i): Field => [`x-${i}`, "1"]))],
  ["fields of 40 KB", "refused", added(...Array.from({ length: 40 }, (_, i): Field => [`x-${i}`, "a".repeat(1000)]))],
];

/** A request without the body that would follow. */
function orderly(good: Parts): Parts {
  return { ...good, body: "" };
}

function withField(good: Parts, field: Field): Parts {
  return { ...good, fields: [...good.fields, field] };
}

export const http2Attacks: readonly Attack[] = list.map(([name, outcome, http2]): Attack => [`HTTP/2: ${name}`, outcome, { http2 }]);
