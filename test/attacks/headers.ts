import type { Attack, Field } from "./attack";

/** Headers by which a client claims to be another tenant, or to be let in another way. */

const values: readonly (readonly [string, string])[] = [
  ["another tenant", "staging"],
  ["two tenants", "prod--2|staging"],
  ["two tenants, the other first", "staging|prod--2"],
  ["two tenants with a comma", "prod--2, staging"],
  ["nothing", ""],
  ["the own tenant", "prod--2"],
  ["a path", "../staging"],
  ["bytes over 127", "staging\xff"],
  ["a tab", "prod--2\tstaging"],
  ["4 KiB", "s".repeat(4096)],
];
const spellings: readonly string[] = ["X-Scope-OrgID", "x-scope-orgid", "X-SCOPE-ORGID", "THANOS-TENANT", "Thanos-Tenant"];
const claimed = spellings.flatMap((name) =>
  values.map(([what, value]): Attack => [`${name}: ${what}`, "own", { fields: [[name, value]] }]),
);

const repeated: readonly Attack[] = ["X-Scope-OrgID", "THANOS-TENANT"].flatMap((name): Attack[] => [
  [
    `${name} twice`,
    "own",
    {
      fields: [
        [name, "staging"],
        [name, "evil"],
      ],
    },
  ],
  [
    `${name} twice, the own first`,
    "own",
    {
      fields: [
        [name, "prod--2"],
        [name, "staging"],
      ],
    },
  ],
  [
    `${name} twice, the own last`,
    "own",
    {
      fields: [
        [name, "staging"],
        [name.toLowerCase(), "prod--2"],
      ],
    },
  ],
  [`${name} twenty times`, "own", { fields: Array.from({ length: 20 }, (_, i): Field => [name, `t${i}`]) }],
  [
    `${name} as a header of the connection`,
    "own",
    {
      fields: [
        [name, "staging"],
        ["Connection", name],
      ],
    },
  ],
  [`${name} as a header of the connection, which goes on`, "own", { fields: [["Connection", `keep-alive, ${name}`]] }],
]);

/** Whatever else Cortex, Loki, Thanos or an Envoy before them would obey. */
const others: readonly Field[] = [
  ["X-Tenant", "staging"],
  ["X-Org-Id", "staging"],
  ["X-Scope-UserID", "staging"],
  ["THANOS-REPLICA", "1"],
  ["X-Loki-Query-Limits", "{}"],
  ["X-Loki-Query-Limits-Context", "{}"],
  ["X-Loki-Disable-Pipeline-Wrappers", "true"],
  ["X-Thanos-Force-Tracing", "1"],
  ["Authorization", "Bearer secret-elsewhere"],
  ["DD-API-KEY", "secret-elsewhere"],
  ["Proxy-Authorization", "Basic c2VjcmV0LXByb3h5OnNlY3JldA=="],
  ["Cookie", "session=secret-cookie"],
  ["DD-APPLICATION-KEY", "secret-application-key"],
  ["X-HTTP-Method-Override", "DELETE"],
  ["X-HTTP-Method", "DELETE"],
  ["X-Method-Override", "PUT"],
  ["X-Original-URL", "/config"],
  ["X-Rewrite-URL", "/config"],
  ["X-Original-Host", "evil.example"],
  ["X-Forwarded-Host", "loki.staging.obs.example.com"],
  ["X-Forwarded-Prefix", "/config"],
  ["X-Forwarded-Proto", "http"],
  ["X-Forwarded-For", "127.0.0.1"],
  ["X-Real-IP", "127.0.0.1"],
  ["Forwarded", "for=127.0.0.1;host=evil.example"],
  ["X-Envoy-Original-Path", "/config"],
  ["X-Envoy-Original-Dst-Host", "127.0.0.1:1"],
  ["X-Envoy-Upstream-Rq-Timeout-Ms", "1"],
  ["X-Envoy-Retry-On", "5xx"],
  ["X-Envoy-Internal", "true"],
  ["X-Envoy-External-Address", "10.0.0.1"],
  ["X-Envoy-Decorator-Operation", "staging"],
  ["X-Envoy-Force-Trace", "1"],
  ["X-Envoy-IP-Tags", "internal"],
  ["TE", "trailers"],
  ["Trailer", "X-Scope-OrgID"],
];

/** Some servers take `_` for `-`. */
const underscores: readonly Attack[] = ["X_Scope_OrgID", "x-scope_orgid", "THANOS_TENANT", "X_Any"].map((name): Attack => [
  `${name}: underscores`,
  400,
  { fields: [[name, "staging"]] },
]);

/** Lines that one reader takes for a tenant header and another does not. */
const odd: readonly (readonly [string, string])[] = [
  ["a space before the colon", "X-Scope-OrgID : staging\r\n"],
  ["a tab before the colon", "X-Scope-OrgID\t: staging\r\n"],
  ["a folded line that is a header", "X-A: b\r\n X-Scope-OrgID: staging\r\n"],
  ["a value on a folded line", "X-Scope-OrgID:\r\n staging\r\n"],
  ["a bare line feed in a value", "X-A: b\nX-Scope-OrgID: staging\r\n"],
  ["a bare carriage return in a value", "X-A: b\rX-Scope-OrgID: staging\r\n"],
  ["NUL in a value", "X-A: b\0X-Scope-OrgID: staging\r\n"],
  ["NUL in a name", "X-Scope\0-OrgID: staging\r\n"],
  ["a vertical tab in a name", "X-Scope-OrgID\x0b: staging\r\n"],
  ["a byte over 127 in a name", "X-Scope-OrgID\xa0: staging\r\n"],
  ["no colon", "X-Scope-OrgID staging\r\n"],
  ["no name", ": staging\r\n"],
  ["a name with a space", "X Scope OrgID: staging\r\n"],
  ["a name with a slash", "X/Scope: staging\r\n"],
];
const oddLines = odd.map(([name, line]): Attack => [
  `header: ${name}`,
  "own",
  { text: (good) => written(good.method, good.path, good.host, good.fields, line) },
]);

/** A request without a body and one line more, as it is. */
function written(method: string, path: string, host: string, fields: readonly Field[], line: string): string {
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n${lines}${line}Content-Length: 0\r\n\r\n`;
}

/** More than a request may bring. */
const large: readonly Attack[] = [
  ["header of 40 KB", 431, { fields: [["X-A", "a".repeat(40_000)]] }],
  ["name of 40 KB", 431, { fields: [["a".repeat(40_000), "a"]] }],
  ["120 headers", 431, { fields: Array.from({ length: 120 }, (_, i): Field => [`x-${i}`, "1"]) }],
  ["60 headers of 1 KB", 431, { fields: Array.from({ length: 60 }, (_, i): Field => [`x-${i}`, "a".repeat(1000)]) }],
];

export const headerAttacks: readonly Attack[] = [
  ...claimed,
  ...repeated,
  ...others.map(([name, value]): Attack => [`${name}: ${value}`, "own", { fields: [[name, value]] }]),
  ["all of them at once", "own", { fields: [...others.slice(0, 30), ["X-Scope-OrgID", "staging"], ["THANOS-TENANT", "staging"]] }],
  ...underscores,
  ...oddLines,
  ...large,
];
