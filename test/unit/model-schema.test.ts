import fc from "fast-check";
import { report } from "../../model/problem";
import { bad, good, minimal, retiredProd } from "./model-kit";

describe("defaults", () => {
  test("only owner, description and keys are required", () => {
    expect(good(minimal)).toMatchObject({
      name: "prod",
      storageId: "prod",
      tier: "small",
      metrics: "cortex",
      apis: ["logs", "metrics"],
      limits: { metrics: { activeSeries: 150_000, samplesPerSecond: 10_000 }, queries: { parallelism: 8, lookback: 30 * 86_400 } },
      retention: { metrics: 30 * 86_400, logs: 7 * 86_400 },
      querier: "shared",
      domain: undefined,
      state: "active",
      adopt: false,
    });
    expect(bad("description: a\n").map((problem) => [problem.path, problem.rule])).toEqual([
      ["owner", "is required"],
      ["keys", "is required"],
    ]);
  });

  test("a limit that is written covers its tier's and no other", () => {
    const { limits } = good(`${minimal}tier: large\nlimits: {metrics: {activeSeries: 20k}}\n`);
    expect(limits.metrics).toEqual({ activeSeries: 20_000, samplesPerSecond: 350_000 });
  });

  test("a query may reach as far as there is data of the tenant's own APIs", () => {
    expect(good(`${minimal}retention: {logs: 60d}\n`).limits.queries.lookback).toBe(60 * 86_400);
    expect(good(`${minimal}apis: [logs]\n`).limits.queries.lookback).toBe(7 * 86_400);
  });

  test("keys keep their order, apis and revoked ids do not matter by theirs", () => {
    const tenant = good(minimal.replace("[2026-11]", "[2026-12, 2026-11]") + "apis: [metrics, datadog, logs]\nrevoked: [b, a]\n");
    expect([tenant.keys, tenant.apis, tenant.revoked]).toEqual([
      ["2026-12", "2026-11"],
      ["datadog", "logs", "metrics"],
      ["a", "b"],
    ]);
    const auth = (groups: string) => `${minimal}grafana: {auth: {issuer: "https://a.example/", clientId: a, allowedGroups: [${groups}]}}\n`;
    expect(good(auth("b, a"))).toEqual(good(auth("a, b")));
  });
});

/** Lines added to the minimal file -> line:column, place and a part of what is said. */
const refused: readonly (readonly [name: string, lines: string, place: string, says: RegExp])[] = [
  ["unknown key", "teir: small", "4:1 teir", /not a known key. Did you mean tier\?/],
  ["key at the wrong level", "activeSeries: 5k", "4:1 activeSeries", /belongs at limits.metrics.activeSeries/],
  ["nested unknown key", "limits: {metrics: {serie: 3}}", "4:20 limits.metrics.serie", /Known here: activeSeries, samplesPerSecond/],
  ["proto", "__proto__: {}", "4:1 __proto__", /not a known key/],
  ["near word", "tier: mdium", "4:7 tier", /Did you mean medium\?/],
  ["wrong type", "limits: 5", "4:9 limits", /must be a group of limits/],
  ["ambiguous unit", "limits: {metrics: {activeSeries: 5m}}", "4:34 limits.metrics.activeSeries", /write 5M for millions/],
  ["fraction of a count", "limits: {logs: {streams: 1.5}}", "4:26 limits.logs.streams", /whole number/],
  ["too much", "limits: {logs: {megabytesPerSecond: 10001}}", "4:37 limits.logs.megabytesPerSecond", /at most 10000/],
  ["short retention", "retention: {logs: 23h}", "4:19 retention.logs", /from 1d to 3650d/],
  ["no api", "apis: []", "4:7 apis", /at least one/],
  ["api twice", "apis: [logs, logs]", "4:14 apis[1]", /listed twice/],
  ["datadog alone", "apis: [datadog]", "4:7 apis", /needs metrics, logs or both/],
  [
    "unenforced limit of logs",
    "apis: [metrics]\nlimits: {logs: {streams: 5}}",
    "5:10 limits.logs",
    /nothing to act on: apis does not list logs/,
  ],
  ["unenforced retention", "apis: [logs]\nretention: {metrics: 30d}", "5:13 retention.metrics", /apis does not list metrics/],
  [
    "unenforced lookback",
    "metrics: thanos\napis: [metrics]\nlimits: {queries: {lookback: 9d}}",
    "6:20 limits.queries.lookback",
    /no enforcer/,
  ],
  [
    "lookback beyond data",
    "limits: {queries: {lookback: 31d}}",
    "4:30 limits.queries.lookback",
    /must not exceed the longest retention, 30d/,
  ],
  ["class of Thanos", "metrics: thanos\nretention: {metrics: 60d}", "5:22 retention.metrics", /one of 15d, 30d.* Write 90d/],
  ["dedicated querier", "querier: dedicated", "4:10 querier", /only for metrics: thanos/],
  ["domain", "domain: Shop.example", "4:9 domain", /DNS name/],
  ["domain of one label", "domain: shop", "4:9 domain", /two labels/],
  ["retired without date", "state: retired", "4:8 state", /needs eraseAfter/],
  ["date without retired", "eraseAfter: 2027-01-31", "4:1 eraseAfter", /only for state: retired/],
  ["no such date", "state: retired\neraseAfter: 2027-02-30", "5:13 eraseAfter", /date YYYY-MM-DD that exists/],
  [
    "retired outside of the ledger",
    "state: retired\neraseAfter: 2027-01-31",
    "4:8 state",
    /tenantstack retire prod --erase-after 2027-01-31/,
  ],
  ["nothing to adopt", "adopt: true", "4:1 adopt", /nothing to adopt/],
  ["token instead of its id", "revoked: [eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIi.x]", "4:11 revoked[0]", /token id/],
  ["http issuer", "grafana: {auth: {issuer: 'http://a.example', clientId: a, allowedGroups: []}}", "4:26 grafana.auth.issuer", /https URL/],
  ["half an auth", "grafana: {auth: {clientId: a}}", "4:11 grafana.auth.issuer", /is required/],
  ["twice", "tier: small\ntier: large", "5:1 tier", /twice/],
  ["anchor", "domain: &a shop.example", "4:12 domain", /anchor/],
  ["alias", "domain: *a", "4:9 domain", /alias|not YAML/],
  ["merge", "<<: {tier: small}", "4:1 <<", /must not merge/],
  ["tag", "domain: !!str shop.example", "4:15 domain", /tag/],
  ["number as key", "5: a", "4:1 ", /words as keys/],
  ["complex key", "? [a]\n: b", "4:3 ", /words as keys/],
  ["second document", "---\nowner: a", "4:1 ", /one document/],
  ["two keys on a line", "domain: a: b", "4:9 ", /another `key:`/],
  ["open bracket", "apis: [metrics", "4:7 ", /not YAML/],
  ["open quote", 'apis: "metrics', "4:7 ", /not YAML/],
  ["key with dots beside the group", "limits.metrics: 5\nlimits: {metrics: {activeSeries: 1k}}", "4:1 limits.metrics", /not a known key/],
  ["an address as domain", "domain: 10.0.0.1", "4:9 domain", /DNS name/],
  ["deep nesting", `apis: ${"[".repeat(200)}`, "4:56 ", /nested too deep/],
];

test.each(refused)("%s is refused at its place", (_name, lines, place, says) => {
  const problems = bad(`${minimal}${lines}\n`);
  expect(problems.map((p) => `${p.line}:${p.column} ${p.path}`)).toContain(place);
  expect(problems.map((p) => `${p.rule}. ${p.remedy}`).join("\n")).toMatch(says);
});

test.each([
  ["owner: nobody", "owner"],
  ["owner: a@b", "owner"],
  ["description: 5", "description"],
  ["description: ''", "description"],
  ['description: "a\\nb"', "description"],
  ['description: "\\e[31mred"', "description"],
  ["keys: []", "keys"],
  ["keys: 2026-11", "keys"],
  ["keys: [2026-13]", "keys[0]"],
  ["keys: [202611]", "keys[0]"],
  ["keys: [2026-11, 2026-11]", "keys[1]"],
  ["owner:", "owner"],
])("required field: %s", (line, path) => {
  const key = `${line.split(":")[0]}:`;
  const text = minimal.replace(new RegExp(`^${key}.*$`, "m"), line);
  expect(bad(text).map((problem) => problem.path)).toContain(path);
});

test("what a report shows is one line, short, and never a token or a control character", () => {
  const said = report(
    bad(`${minimal}revoked: [eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIi.x]\ndomain: ${"x".repeat(300)}\n"\\e[31m": 1\n`),
  );
  expect(said).not.toMatch(/eyJ|x{100}/);

  expect(said).not.toMatch(/\u001b/);
});

describe("storage ids", () => {
  const retiredFile = `${minimal}state: retired\neraseAfter: 2027-01-31\n`;
  test("are never used again, unless adopted", () => {
    expect(good(minimal, "prod", [retiredProd]).storageId).toBe("prod--2");
    expect(good(minimal, "prod", [retiredProd, { ...retiredProd, storageId: "prod--2" }]).storageId).toBe("prod--3");
    expect(good(minimal, "prod", [{ ...retiredProd, erasing: "2027-02-01", erased: "2027-02-02" }]).storageId).toBe("prod--2");
    expect(good(minimal, "other", [retiredProd]).storageId).toBe("other");
    expect(good(`${minimal}adopt: true\n`, "prod", [retiredProd]).storageId).toBe("prod");
    expect(good(retiredFile, "prod", [retiredProd]).storageId).toBe("prod");
  });
  test("a retirement of an earlier holder of the name does not count, nor does data under erasure", () => {
    expect(bad(retiredFile, "prod", [{ ...retiredProd, eraseAfter: "2026-12-31" }])[0]?.path).toBe("state");
    expect(bad(`${minimal}adopt: true\n`, "prod", [{ ...retiredProd, erasing: "2027-02-01" }])[0]?.rule).toMatch(/too late/);
  });
});

describe("properties", () => {
  const full = [
    "owner: shop-platform@example.com",
    "description: Production of the shop",
    "tier: medium",
    "metrics: cortex",
    "apis: [metrics, logs, datadog]",
    "limits:\n  metrics: {activeSeries: 500k, samplesPerSecond: 25k}\n  logs: {megabytesPerSecond: 4, streams: 5k}\n  queries: {parallelism: 16, lookback: 90d}",
    "retention: {metrics: 395d, logs: 30d}",
    "domain: metrics.shop.example",
    "keys: [2026-12, 2026-11]",
    "revoked: [a, b]",
    "grafana: {auth: {issuer: https://login.example.com/, clientId: g, allowedGroups: [x]}}",
    "state: suspended",
  ];
  const expected = good(`${full.join("\n")}\n`);

  test("the order of keys, line ends, comments and a byte order mark change nothing", () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray(full, { minLength: full.length }),
        fc.constantFrom("\n", "\r\n"),
        fc.boolean(),
        (lines, end, comment) => {
          const text = lines.map((line) => (comment ? `# note\n${line} # note` : line).replace(/(\w+:) # note/, "$1")).join("\n");
          expect(good(`${text}\n`.replaceAll("\n", end))).toEqual(expected);
        },
      ),
      { numRuns: 30 },
    );
  });

  test("spellings of quantities change nothing", () => {
    const spellings = {
      "500k": ["0.5M", "500000", "'500k'"],
      "25k": ["25000", "0.025M", "2.5e4"],
      "90d": ["2160h", "129600m"],
      "395d": ["9480h"],
    };
    for (const [from, others] of Object.entries(spellings))
      for (const to of others) expect(good(full.join("\n").replace(from, to))).toEqual(expected);
  });

  test("any mutation of a good file is a good parse or a report at or after the mutated line", () => {
    const text = `${full.join("\n")}\n`;
    const insert = fc.oneof(
      fc.string({ maxLength: 4 }),
      fc.constantFrom("\t", "\n", ":", "- ", "[", "{", "'", '"', "&a ", "*a", "!t ", "#", "---\n", "%Y\n", "? ", "\u0000", "<<: "),
    );
    fc.assert(
      fc.property(fc.nat(text.length), fc.nat(6), insert, (at, cut, added) => {
        const mutated = text.slice(0, at) + added + text.slice(at + cut);
        let problems: ReturnType<typeof bad> = [];
        try {
          problems = bad(mutated);
        } catch (error) {
          if ((error as Error).message !== "was accepted") throw error;
        }
        const lines = mutated.split("\n").length + 1;
        for (const { line, column } of problems) expect(line >= 1 && column >= 1 && line <= lines).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test("a value replaced by nonsense is reported on its line", () => {
    const lines = full.join("\n").split("\n");
    const scalars = lines.flatMap((line, index) => (/^(tier|metrics|domain|state|owner): /.test(line) ? [index] : []));
    fc.assert(
      fc.property(fc.constantFrom(...scalars), fc.constantFrom("@!", "{}", "[]", "~", "12", "true", "Has Space"), (index, nonsense) => {
        const mutated = lines
          .map((line, i) => (i === index ? line.replace(/: .*/, `: ${nonsense === "@!" ? "'@!'" : nonsense}`) : line))
          .join("\n");
        expect(bad(mutated).map((problem) => problem.line)).toContain(index + 1);
      }),
    );
  });

  test("random text never throws anything but a report", () => {
    const anyCharacter = fc.nat(0x10ffff).map((code) => String.fromCodePoint(code));
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter, maxLength: 200 }), (text) => {
        expect(bad(text).length).toBeGreaterThan(0);
      }),
      { numRuns: 200 },
    );
    for (const text of ["[".repeat(50_000), "{a: ".repeat(20_000), "- ".repeat(20_000)])
      expect(bad(text)[0]?.rule).toMatch(/nested too deep/);
  });
});
