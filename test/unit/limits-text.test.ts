import fc from "fast-check";
import { limiting } from "../../components/observability/thanos/receive-config";
import type { LedgerEntry } from "../../model/ledger";
import { checkLimitSizes, fileOf, limitsFiles, lokiFiles, mostBytes, storeLimits } from "../../model/limits";
import type { LimitsFiles } from "../../model/limits";
import type { Tenant } from "../../model/tenant";
import { distinctTenants, overridesIn, readRuntime } from "./limits-kit";
import { good, minimal, problemsOf, retiredProd } from "./model-kit";

/** Runtime files as text: they say what the mapping says, in the fewest bytes, and a change shows as the lines of its tenants. */

/** What a store reads, by id, without the tiers' own entries. */
function readers(files: LimitsFiles): Record<"cortex" | "loki" | "thanos", Record<string, unknown>> {
  return {
    cortex: overridesIn(files.cortex.text),
    loki: Object.assign({}, ...files.loki.map(({ text }) => overridesIn(text))) as Record<string, unknown>,
    thanos: readRuntime(files.thanos.text).write?.tenants ?? {},
  };
}

const one = (name: string, lines: string) => good(`${minimal}${lines}`, name);
const kinds = fc
  .record({
    tier: fc.constantFrom("small", "medium", "large"),
    kind: fc.constantFrom("metrics: thanos\n", "", "apis: [logs]\n", "apis: [metrics]\n"),
    state: fc.constantFrom("active", "suspended"),
    more: fc.constantFrom("", "limits: {queries: {parallelism: 77}}\n", "service: {requests: {query: 7}}\n", "retention: {logs: 10d}\n"),
  })
  .map(({ tier, kind, state, more }) => {
    const isLogs = kind.includes("[metrics]") && more.includes("logs");
    return `tier: ${tier}\n${kind}state: ${state}\n${isLogs ? "" : more}`;
  });

test("Thanos' file holds the query that measures series, braces and all", () => {
  const { thanos } = limitsFiles(
    [one("t0", "metrics: thanos\n")],
    [],
    "single",
    limiting("single", [{ name: "system", state: "active" }]).file,
  );
  const { write } = readRuntime(thanos.text) as { write?: { global?: Record<string, unknown> } };
  expect(write?.global?.["meta_monitoring_limit_query"]).toBe('sum by (tenant) (prometheus_tsdb_head_series{namespace="thanos"})');
});

test("what a store reads is what the mapping says, for tenants of every kind and retired ones", () => {
  const retired: LedgerEntry[] = [
    retiredProd,
    { ...retiredProd, name: "gone", storageId: "gone", metrics: "thanos", erasing: "2027-02-01" },
  ];
  fc.assert(
    fc.property(fc.array(kinds, { minLength: 1, maxLength: 6 }), fc.constantFrom("single", "distributed"), (texts, size) => {
      const tenants = [...texts.map((text, index) => one(`t${index}`, text)), one("no", ""), one("null", "")];
      expect(readers(limitsFiles(tenants, retired, size))).toEqual(storeLimits(tenants, retired));
    }),
    { numRuns: 20 },
  );
});

const three = [one("alpha", "tier: medium\n"), one("beta", "metrics: thanos\n"), one("gamma", "tier: large\n")];
const texts = (tenants: readonly Tenant[], size: "single" | "distributed" = "single") => {
  const { cortex, loki, thanos } = limitsFiles(tenants, [], size);
  return Object.fromEntries([cortex, ...loki, thanos].map(({ configMap, text }) => [configMap, text]));
};
/** Lines that differ, by object. */
function changed(before: Record<string, string>, after: Record<string, string>): string[] {
  const lines = (text = "") => new Set(text.split("\n"));
  return Object.keys(before).flatMap((name) => {
    const [old, now] = [lines(before[name]), lines(after[name])];
    const gone = [...old].filter((line) => !now.has(line)).map((line) => `${name} -${line}`);
    return [...gone, ...[...now].filter((line) => !old.has(line)).map((line) => `${name} +${line}`)];
  });
}

test("a change shows as one line a system, a new tenant as one more, whoever sorts first", () => {
  const before = texts(three);
  const raised = [one("alpha", "tier: medium\nlimits: {metrics: {samplesPerSecond: 150k}}\n"), ...three.slice(1)];
  expect(changed(before, texts(raised))).toEqual([
    "cortex-limits -  alpha: *medium",
    "cortex-limits +  alpha: {<<: *medium, *burst : 300000, *rate : 150000}",
  ]);
  const more = [one("aaa", "tier: small\n"), ...three];
  expect(changed(before, texts(more))).toEqual(["cortex-limits +  aaa: *small", "loki-limits +  aaa: *small"]);
  const suspended = [...three.slice(0, 1), one("beta", "metrics: thanos\nstate: suspended\n"), ...three.slice(2)];
  expect(changed(before, texts(suspended)).filter((line) => line.includes(" +"))).toEqual([
    'loki-limits +  beta: {<<: *small, block_ingestion_status_code: 403, block_ingestion_until: "2999-12-31T00:00:00Z"}',
    "thanos-limits +    beta: {head_series_limit: 150000, request: {samples_limit: 1, series_limit: 1, size_bytes_limit: 1}}",
  ]);
});

test("without a tenant the files are still good ones", () => {
  const { cortex, thanos, loki } = limitsFiles([], [], "distributed");
  expect([readRuntime(cortex.text).overrides, loki.map(({ text }) => Object.keys(readRuntime(text).overrides ?? {}))]).toMatchObject([
    { ".small": { ingestion_rate: 10_000 } },
    Array.from({ length: lokiFiles.distributed }, () => [".small", ".medium", ".large"]),
  ]);
  expect(readRuntime(thanos.text)).toEqual({ write: { tenants: {} } });
});

describe("several files of Loki", () => {
  const names = fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9]{1,12}$/), { minLength: 1, maxLength: 15 });
  const tenantOf = (name: string) => ({ ...(three[0] as Tenant), name, storageId: name });
  test("their names never follow the tenants, and a tenant is in one of them", () => {
    fc.assert(
      fc.property(names, (list) => {
        const { loki } = limitsFiles(list.map(tenantOf), [], "distributed");
        expect(loki.map(({ configMap, file }) => `${configMap}/${file}`)).toEqual(
          [0, 1, 2, 3].map((n) => `loki-limits-${n}/overrides-${n}.yaml`),
        );
        for (const name of list)
          expect(loki.map(({ text }) => readRuntime(text).overrides?.[name] !== undefined).filter(Boolean)).toHaveLength(1);
      }),
      { numRuns: 10 },
    );
  });
  test("one more tenant changes one of them, by a line", () => {
    fc.assert(
      fc.property(names, fc.stringMatching(/^[a-z][a-z0-9]{1,12}$/), (list, extra) => {
        fc.pre(!list.includes(extra));
        const after = texts([...list, extra].map(tenantOf), "distributed");
        const lines = changed(texts(list.map(tenantOf), "distributed"), after).filter((line) => line.startsWith("loki"));
        expect(lines).toEqual([`loki-limits-${fileOf(extra, 4)} +  ${lines[0]?.split("+  ")[1] ?? "nothing"}`]);
      }),
      { numRuns: 10 },
    );
  });
  test("5,000 tenants spread evenly", () => {
    const counts = [0, 0, 0, 0];
    for (let n = 0; n < 5_000; n++) counts[fileOf(`tenant-${n}`, 4)] = (counts[fileOf(`tenant-${n}`, 4)] ?? 0) + 1;
    for (const count of counts) expect(count).toBeLessThan(1_400);
  });
});

describe("5,000 tenants", () => {
  // The mapping is linear, so a hundred show what all of them take; the whole is measured in test/stores/limits.test.ts.
  const settings = { cluster: { size: "distributed" }, tenants: "tenants" } as const;
  const grown = (files: LimitsFiles, times: number) => {
    const empty = limitsFiles([], [], "distributed");
    const bytes = (text: string, base: string) => Buffer.byteLength(base) + times * (Buffer.byteLength(text) - Buffer.byteLength(base));
    return {
      cortex: bytes(files.cortex.text, empty.cortex.text),
      loki: Math.max(...files.loki.map(({ text }, index) => bytes(text, empty.loki[index]?.text ?? ""))),
      thanos: bytes(files.thanos.text, empty.thanos.text),
    };
  };
  test("with limits and retention that all differ fit", () => {
    const { cortex, loki } = grown(limitsFiles(distinctTenants(100), [], "distributed"), 50);
    expect([cortex < mostBytes, loki < mostBytes, cortex > 0.8 * mostBytes]).toEqual([true, true, true]);
    const thanos = Array.from({ length: 100 }, (_, n) =>
      one(`tenant-with-a-name-of-30-${n + 10_000}`, `metrics: thanos\nlimits: {metrics: {activeSeries: ${1_000_001 + n}}}\n`),
    );
    expect(grown(limitsFiles(thanos, [], "distributed"), 50).thanos).toBeLessThan(mostBytes);
  });

  test("what does not fit is refused, with the numbers and what to do", () => {
    const service = (n: number) =>
      `service:\n  shards: {ingesters: ${3 * (1 + (n % 300))}, queriers: ${101 + (n % 800)}, rulers: ${101 + (n % 800)}}\n  query: {series: ${100_001 + n}, chunks: ${1_000_001 + n}, bytes: ${1_000_000_001 + n}, responseBytes: ${100_000_001 + n}}\n  rules: {groups: ${1_001 + n}, perGroup: ${101 + (n % 800)}}\n`;
    const [sample] = distinctTenants(1, service);
    const many = Array.from({ length: 2_000 }, (_, n) => ({
      ...(sample as Tenant),
      name: `tenant-with-a-name-of-30-${10_000 + n}`,
      storageId: `tenant-with-a-name-of-30-${10_000 + n}`,
    }));
    const [problem, ...others] = problemsOf(() => checkLimitSizes(many, [], settings));
    expect(others).toEqual([]);
    expect(problem).toMatchObject({
      file: "tenants",
      rule: expect.stringMatching(/^The limits of 2000 ids take \d{7} bytes in ConfigMap cortex-limits; one may hold 1024000$/),
      remedy: expect.stringContaining("Leave more values to the tiers"),
    });
    expect(() => checkLimitSizes(many.slice(0, 1_000), [], settings)).not.toThrow();
  });
});
