import type { Attack, Field, Target } from "./attack";

/** The token sent in other ways than its host takes: Basic in every broken form, and Datadog's key. */

const basic = (text: string): string => Buffer.from(text, "latin1").toString("base64");
type Sent = readonly [string, Attack[1], (token: string, target: Target) => readonly Field[]];
const authorization = (value: string): Field[] => [["Authorization", value]];

/** Hosts of the stores take the token as the password; Datadog's host takes its key and nothing else. */
const bearers: readonly Sent[] = [
  ["Basic with the token as user", 401, (token) => authorization(`Basic ${basic(`${token}:`)}`)],
  ["Basic with the token as both", "own", (token) => authorization(`Basic ${basic(`${token}:${token}`)}`)],
  ["Basic without a colon", 401, (token) => authorization(`Basic ${basic(token)}`)],
  ["Basic with two colons", 401, (token) => authorization(`Basic ${basic(`a:b:${token}`)}`)],
  ["Basic with a space behind", 401, (token) => authorization(`Basic ${basic(`a:${token} `)}`)],
  ["Basic with a line end", 401, (token) => authorization(`Basic ${basic(`a:${token}\r\nX-Scope-OrgID: staging`)}`)],
  ["Basic with a line end before", 401, (token) => authorization(`Basic ${basic(`a:x\r\n${token}`)}`)],
  ["Basic with NUL", 401, (token) => authorization(`Basic ${basic(`a:${token}\0`)}`)],
  ["Basic with a line end in the user", "own", (token) => authorization(`Basic ${basic(`a\r\nX-Scope-OrgID\r\n:${token}`)}`)],
  ["Basic with nothing", 401, () => authorization("Basic")],
  ["Basic with an empty text", 401, () => authorization("Basic ")],
  ["Basic of one letter", 401, () => authorization("Basic a")],
  ["Basic of padding", 401, () => authorization("Basic ====")],
  ["Basic that is no base64", 401, () => authorization("Basic %%%")],
  ["Basic with padding within", 401, (token) => authorization(`Basic ${basic("a:").replaceAll("=", "")}=${basic(token)}`)],
  ["Basic of the other alphabet", "own", (token) => authorization(`Basic ${Buffer.from(`?>~:${token}`).toString("base64url")}`)],
  ["Basic with a list", 401, (token) => authorization(`Basic ${basic(`a:${token}`)}, Basic x`)],
  ["Basic twice", "refused", (token) => [...authorization(`Basic ${basic("a:x")}`), ...authorization(`Basic ${basic(`a:${token}`)}`)]],
  ["Basic with a tab", 401, (token) => authorization(`Basic\t${basic(`a:${token}`)}`)],
  ["Basic without a space", 401, (token) => authorization(`Basic${basic(`a:${token}`)}`)],
  ["Basic longer than 8 KiB", 401, (token) => authorization(`Basic ${basic(`${"a".repeat(7000)}:${token}`)}`)],
  ["Basic of 30 KB", 401, () => authorization(`Basic ${"A".repeat(30_000)}`)],
  ["Digest", 401, (token) => authorization(`Digest username="a", response="${token}"`)],
  ["the bare token", 401, (token) => authorization(token)],
  ["Bearer in small letters", "own", (token) => authorization(`bearer ${token}`)],
  ["Bearer in a Bearer", 401, (token) => authorization(`Bearer Bearer ${token}`)],
  ["Bearer without a space", 401, (token) => authorization(`Bearer${token}`)],
  ["Bearer with quotes", 401, (token) => authorization(`Bearer "${token}"`)],
  ["Bearer twice", "own", (token) => [...authorization(`Bearer ${token}`), ...authorization(`Bearer ${token}`)]],
  ["Bearer behind another", "own", (token) => [...authorization("Bearer a.b.c"), ...authorization(`Bearer ${token}`)]],
  ["Bearer in Proxy-Authorization", 401, (token) => [["Proxy-Authorization", `Bearer ${token}`]]],
  ["the token as a cookie", 401, (token) => [["Cookie", `token=${token}`]]],
  ["the token in X-Api-Key", 401, (token) => [["X-Api-Key", token]]],
  ["the token in X-Forwarded-Authorization", 401, (token) => [["X-Forwarded-Authorization", `Bearer ${token}`]]],
];

const onDatadog = (of: Target): boolean => of.route.host === "dd";
/** Where Datadog's key is taken it is used, and gone before the collector; elsewhere it is nothing. */
const keys: readonly Sent[] = [
  ["a Datadog key as header", "own", (token) => [["DD-API-KEY", token]]],
  [
    "a Datadog key as header, twice",
    "own",
    (token) => [
      ["DD-API-KEY", token],
      ["dd-api-key", token],
    ],
  ],
  [
    "a Datadog key behind another",
    "own",
    (token) => [
      ["DD-API-KEY", "a.b.c"],
      ["DD-API-KEY", token],
    ],
  ],
  ["a Datadog key with Bearer", 401, (token) => [["DD-API-KEY", `Bearer ${token}`]]],
  ["a Datadog key with underscores", 400, (token) => [["DD_API_KEY", token]]],
  ["an empty Datadog key", 401, () => [["DD-API-KEY", ""]]],
  ["a Datadog application key", 401, (token) => [["DD-APPLICATION-KEY", token]]],
];

const queries: readonly (readonly [string, (path: string, token: string) => string])[] = [
  ["in the query", (path, token) => `${path}?api_key=${token}`],
  ["in the query, twice", (path, token) => `${path}?api_key=${token}&api_key=${token}`],
  ["in the query behind another", (path, token) => `${path}?api_key=a.b.c&x=1&api_key=${token}`],
  ["in the query in capitals", (path, token) => `${path}?API_KEY=${token}`],
  ["in the query, encoded", (path, token) => `${path}?%61pi_key=${token}`],
  ["in the query behind a semicolon", (path, token) => `${path}?a=1;api_key=${token}`],
  ["in the query with brackets", (path, token) => `${path}?api_key[]=${token}`],
  ["in the fragment", (path, token) => `${path}#api_key=${token}`],
  ["in the path", (path, token) => `${path};api_key=${token}`],
];
const nothing = (): Field[] => [];
const wrong = (token: string): string => `${token.slice(0, -8)}AAAAAAAA`;

export const credentialAttacks: readonly Attack[] = [
  ...[...bearers, ...keys].map(([name, outcome, credential]): Attack => [name, outcome, { credential }]),
  ...queries.map(([name, path]): Attack => [`a Datadog key ${name}`, "own", { credential: nothing, path }]),
  ...queries.map(([name, path]): Attack => [
    `a wrong Datadog key ${name}`,
    "refused",
    { credential: nothing, path: (at, token) => path(at, wrong(token)) },
  ]),
  [
    "a Datadog key in both places",
    "own",
    { credential: (token) => [["DD-API-KEY", token]], path: (path, token) => `${path}?api_key=${token}` },
  ],
  [
    "a Datadog key in both places, one of them wrong",
    "own",
    { credential: (token) => [["DD-API-KEY", token]], path: (path, token) => `${path}?api_key=${wrong(token)}` },
  ],
  [
    "the own place and a wrong key",
    "own",
    { path: (path, token) => `${path}?api_key=${wrong(token)}`, fields: [["DD-API-KEY", "secret-wrong-key"]] },
  ],
  ["the token as access_token", 401, { credential: nothing, path: (path, token) => `${path}?access_token=${token}` }],
  [
    "another host's place",
    401,
    { credential: (token, of) => (onDatadog(of) ? authorization(`Bearer ${token}`) : [["DD-API-KEY", token]]) },
  ],
];
