import type { Attack, Parts } from "./attack";

/** Requests whose end, or whose parts, two readers may take for different things: what is hidden in them must not be taken for a request. */

/** A request of another tenant, hidden in a body or behind an end. It has no token, and its path is no route's. */
const hidden = (mark: string): string => `POST /smuggled HTTP/1.1\r\nHost: x\r\n${mark}X-Scope-OrgID: staging\r\nContent-Length: 0\r\n\r\n`;
const markOf = ({ fields }: Parts): string =>
  fields.filter(([name]) => name === "X-Mark").map(([name, value]) => `${name}: ${value}\r\n`)[0] ?? "";

/** The good request's head with other lines for its length, and a body as it is. */
function framed(lines: string, body: (hidden: string) => string): (good: Parts) => string {
  return (good) => {
    const fields = good.fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    return `${good.method} ${good.path} HTTP/1.1\r\nHost: ${good.host}\r\n${fields}${lines}\r\n${body(hidden(markOf(good)))}`;
  };
}
const none = (): string => "";
const chunked = (text: string): string => `0\r\n\r\n${text}`;
const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`;

type Framed = readonly [string, Attack[1], string, (hidden: string) => string];

const lengths: readonly Framed[] = [
  ["a length and chunks", 400, "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", chunked],
  ["chunks and a length", 400, "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", chunked],
  ["chunks and a length of 0", 400, "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", chunk],
  ["two lengths", 400, "Content-Length: 0\r\nContent-Length: 90\r\n", (text) => text],
  ["two lengths, the same", "own", "Content-Length: 0\r\nContent-Length: 0\r\n", none],
  ["lengths in a list", "refused", "Content-Length: 0, 90\r\n", (text) => text],
  ["a length with a sign", "refused", "Content-Length: +0\r\n", (text) => text],
  ["a length below 0", "refused", "Content-Length: -1\r\n", (text) => text],
  ["a length of sixteens", "refused", "Content-Length: 0x10\r\n", (text) => text],
  ["a length that is a word", "refused", "Content-Length: x\r\n", (text) => text],
  ["a length that is empty", "refused", "Content-Length:\r\n", (text) => text],
  ["a length beyond all numbers", "refused", "Content-Length: 99999999999999999999999\r\n", (text) => text],
  ["a length that wraps to 0", "refused", "Content-Length: 18446744073709551616\r\n", (text) => text],
  ["a length with a space within", "refused", "Content-Length: 1 0\r\n", (text) => text],
  ["a space before a length's colon", "own", "Content-Length : 90\r\n", (text) => text],
  ["a length too small", "own", "Content-Length: 1\r\n", (text) => `x${text}`],
  ["no length", "own", "", (text) => text],
  ["a length with an underscore", 400, "Content_Length: 90\r\n", (text) => text],
];

const encodings: readonly Framed[] = [
  ["chunks and an end", "own", "Transfer-Encoding: chunked\r\n", chunked],
  ["chunks in capitals", "own", "Transfer-Encoding: CHUNKED\r\n", chunked],
  ["chunks twice", "refused", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", chunked],
  ["chunks and identity", "refused", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", chunked],
  ["chunks, identity", "refused", "Transfer-Encoding: chunked, identity\r\n", chunked],
  ["identity", "refused", "Transfer-Encoding: identity\r\nContent-Length: 4\r\n", chunked],
  ["gzip, chunks", "refused", "Transfer-Encoding: gzip, chunked\r\n", chunked],
  ["xchunked", "refused", "Transfer-Encoding: xchunked\r\nContent-Length: 4\r\n", chunked],
  ["an empty encoding", "refused", "Transfer-Encoding:\r\nContent-Length: 4\r\n", chunked],
  ["a vertical tab before chunked", "refused", "Transfer-Encoding: \x0bchunked\r\nContent-Length: 4\r\n", chunked],
  ["chunked on a folded line", "own", "Transfer-Encoding:\r\n chunked\r\nContent-Length: 4\r\n", chunked],
  ["a space before the encoding's colon", "own", "Transfer-Encoding : chunked\r\nContent-Length: 4\r\n", chunked],
  ["a bare line feed before the encoding", "own", "X-A: b\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n", chunked],
  ["an encoding with an underscore", 400, "Transfer_Encoding: chunked\r\nContent-Length: 4\r\n", chunked],
  ["chunks of a hidden request", "own", "Transfer-Encoding: chunked\r\n", chunk],
  ["a chunk with an extension", "own", "Transfer-Encoding: chunked\r\n", (text) => `1;x="\r\n`.concat(`a\r\n0\r\n\r\n${text}`)],
  ["a chunk of size -1", "refused", "Transfer-Encoding: chunked\r\n", (text) => `-1\r\n${text}`],
  ["a chunk beyond all numbers", "refused", "Transfer-Encoding: chunked\r\n", (text) => `ffffffffffffffffff\r\n${text}`],
  ["a chunk size that wraps to 0", "refused", "Transfer-Encoding: chunked\r\n", (text) => `10000000000000000\r\n${text}`],
  ["a chunk size with 0x", "refused", "Transfer-Encoding: chunked\r\n", (text) => `0x5\r\nabcde\r\n0\r\n\r\n${text}`],
  ["chunks with bare line feeds", "own", "Transfer-Encoding: chunked\r\n", (text) => `1\na\n0\n\n${text}`],
  ["a chunk longer than its size", "own", "Transfer-Encoding: chunked\r\n", (text) => `1\r\nabc\r\n0\r\n\r\n${text}`],
  ["tenants in a trailer", "own", "Transfer-Encoding: chunked\r\nTrailer: X-Scope-OrgID\r\n", trailer],
];

function trailer(): string {
  return `1\r\na\r\n0\r\nX-Scope-OrgID: staging\r\nTHANOS-TENANT: staging\r\n\r\n`;
}

type Whole = readonly [string, Attack[1], (good: Parts, fields: string) => string];

/** The first line and the line ends. */
const lines: readonly Whole[] = [
  ["HTTP/1.0", "own", (g, f) => `${g.method} ${g.path} HTTP/1.0\r\nHost: ${g.host}\r\n${f}\r\n`],
  [
    "HTTP/1.0 with chunks",
    "refused",
    (g, f) => `POST ${g.path} HTTP/1.0\r\nHost: ${g.host}\r\n${f}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  ],
  ["HTTP/0.9", "refused", (g) => `GET ${g.path}\r\n`],
  ["HTTP/1.2", "own", (g, f) => `${g.method} ${g.path} HTTP/1.2\r\nHost: ${g.host}\r\n${f}\r\n`],
  ["HTTP/3.0", "refused", (g, f) => `${g.method} ${g.path} HTTP/3.0\r\nHost: ${g.host}\r\n${f}\r\n`],
  ["HTTX/1.1", "refused", (g, f) => `${g.method} ${g.path} HTTX/1.1\r\nHost: ${g.host}\r\n${f}\r\n`],
  ["two spaces in the first line", "own", (g, f) => `${g.method}  ${g.path} HTTP/1.1\r\nHost: ${g.host}\r\n${f}\r\n`],
  ["tabs in the first line", "own", (g, f) => `${g.method}\t${g.path}\tHTTP/1.1\r\nHost: ${g.host}\r\n${f}\r\n`],
  ["a space in the path", "refused", (g, f) => `${g.method} ${g.path} x HTTP/1.1\r\nHost: ${g.host}\r\n${f}\r\n`],
  ["NUL in the path", "refused", (g, f) => `${g.method} ${g.path}\0 HTTP/1.1\r\nHost: ${g.host}\r\n${f}\r\n`],
  ["a line feed in the path", "refused", (g, f) => `${g.method} ${g.path}\nX-Scope-OrgID: staging HTTP/1.1\r\nHost: ${g.host}\r\n${f}\r\n`],
  ["bare line feeds", "own", (g, f) => `${g.method} ${g.path} HTTP/1.1\nHost: ${g.host}\n${f.replaceAll("\r", "")}Content-Length: 0\n\n`],
  ["bare carriage returns", "refused", (g, f) => `${g.method} ${g.path} HTTP/1.1\rHost: ${g.host}\r${f.replaceAll("\n", "")}\r\r`],
  ["empty lines first", "own", (g, f) => `\r\n\r\n${g.method} ${g.path} HTTP/1.1\r\nHost: ${g.host}\r\n${f}Content-Length: 0\r\n\r\n`],
  ["two hosts", "refused", (g, f) => `${g.method} ${g.path} HTTP/1.1\r\nHost: ${g.host}\r\nHost: evil.example\r\n${f}\r\n`],
  [
    "two hosts, the other first",
    "refused",
    (g, f) => `${g.method} ${g.path} HTTP/1.1\r\nHost: evil.example\r\nHost: ${g.host}\r\n${f}\r\n`,
  ],
  ["the same host twice", "refused", (g, f) => `${g.method} ${g.path} HTTP/1.1\r\nHost: ${g.host}\r\nHost: ${g.host}\r\n${f}\r\n`],
  ["no host", "refused", (g, f) => `${g.method} ${g.path} HTTP/1.1\r\n${f}\r\n`],
  ["a host on a folded line", "own", (g, f) => `${g.method} ${g.path} HTTP/1.1\r\nHost:\r\n ${g.host}\r\n${f}Content-Length: 0\r\n\r\n`],
  ["a host in the URL that differs", 421, (g, f) => `${g.method} https://evil.example${g.path} HTTP/1.1\r\nHost: ${g.host}\r\n${f}\r\n`],
  [
    "a host in the URL that is the own",
    "own",
    (g, f) => `${g.method} https://${g.host}${g.path} HTTP/1.1\r\nHost: evil.example\r\n${f}\r\n`,
  ],
  ["http in the URL", "own", (g, f) => `${g.method} http://${g.host}${g.path} HTTP/1.1\r\nHost: ${g.host}\r\n${f}\r\n`],
  ["CONNECT", "refused", (g, f) => `CONNECT ${g.host}:443 HTTP/1.1\r\nHost: ${g.host}\r\n${f}\r\n`],
  ["CONNECT to a path", "refused", (g, f) => `CONNECT ${g.path} HTTP/1.1\r\nHost: ${g.host}\r\n${f}\r\n`],
  [
    "the beginning of HTTP/2",
    "refused",
    (g, f) => `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${g.method} ${g.path} HTTP/1.1\r\nHost: ${g.host}\r\n${f}\r\n`,
  ],
  [
    "an upgrade to HTTP/2",
    "own",
    (g, f) => upgrade(g, f, "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"),
  ],
  ["an upgrade to a WebSocket", "own", (g, f) => upgrade(g, f, `Connection: Upgrade\r\nUpgrade: websocket\r\n${socket(13)}`)],
  [
    "an upgrade to a WebSocket and another",
    "own",
    (g, f) => upgrade(g, f, `Connection: Upgrade\r\nUpgrade: websocket, x\r\n${socket(13)}`),
  ],
  [
    "an upgrade to a WebSocket of no version",
    "own",
    (g, f) => upgrade(g, f, `Connection: Upgrade\r\nUpgrade: websocket\r\n${socket(777)}`),
  ],
  ["an upgrade to TLS", "own", (g, f) => upgrade(g, f, "Connection: Upgrade\r\nUpgrade: TLS/1.0\r\n")],
  [
    "a request behind a good one",
    "own",
    (g, f) => `${g.method} ${g.path} HTTP/1.1\r\nHost: ${g.host}\r\n${f}Content-Length: 0\r\n\r\n${hidden(markOf(g))}`,
  ],
  [
    "a body that waits for leave",
    "own",
    (g, f) => `POST ${g.path} HTTP/1.1\r\nHost: ${g.host}\r\n${f}Expect: 100-continue\r\nContent-Length: 1\r\n\r\nx`,
  ],
];
const socket = (version: number): string => `Sec-WebSocket-Version: ${version}\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n`;

function upgrade(good: Parts, fields: string, more: string): string {
  return `GET ${good.path} HTTP/1.1\r\nHost: ${good.host}\r\n${fields}${more}\r\n${hidden(markOf(good))}`;
}

export const requestAttacks: readonly Attack[] = [
  ...[...lengths, ...encodings].map(([name, outcome, header, body]): Attack => [
    `request: ${name}`,
    outcome,
    { text: framed(header, body) },
  ]),
  ...lines.map(([name, outcome, text]): Attack => [
    `request: ${name}`,
    outcome,
    { text: (good) => text(good, good.fields.map(([field, value]) => `${field}: ${value}\r\n`).join("")) },
  ]),
];
