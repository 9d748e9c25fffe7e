import fc from "fast-check";
import { limitTable } from "../../model/describe";
import { eraseEntry, parseLedger, renderLedger, retireEntry } from "../../model/ledger";
import { gatewayLimits, limitEntries, storeLimits } from "../../model/limits";
import { readDocument } from "../../model/document";
import { good, minimal, retiredProd } from "./model-kit";

const prod = good(
  `${minimal}tier: medium\nlimits:\n  metrics: {activeSeries: 500k, samplesPerSecond: 25k}\n  logs: {megabytesPerSecond: 4, streams: 5k}\n  queries: {parallelism: 16, lookback: 90d}\nretention: {metrics: 395d, logs: 30d}\n`,
);
const staging = good(`${minimal}metrics: thanos\n`, "staging");

test("Cortex, as its runtime file says it", () => {
  expect(storeLimits([prod], []).cortex).toMatchInlineSnapshot(`
   {
     "prod": {
       "compactor_blocks_retention_period": "395d",
       "compactor_tenant_shard_size": 1,
       "ingestion_burst_size": 50000,
       "ingestion_rate": 25000,
       "ingestion_tenant_shard_size": 15,
       "max_downloaded_bytes_per_request": 1000000000,
       "max_fetched_chunk_bytes_per_query": 1000000000,
       "max_fetched_chunks_per_query": 2000000,
       "max_fetched_data_bytes_per_query": 2000000000,
       "max_fetched_series_per_query": 250000,
       "max_global_series_per_user": 500000,
       "max_outstanding_requests_per_tenant": 160,
       "max_queriers_per_tenant": 6,
       "max_query_lookback": "90d",
       "max_query_parallelism": 16,
       "max_query_response_size": 128000000,
       "max_series_per_user": 0,
       "query_priority": {
         "default_priority": 0,
         "enabled": true,
         "priorities": [
           {
             "priority": 1,
             "query_attributes": [
               {
                 "time_window": {
                   "start": "6h",
                 },
               },
             ],
           },
         ],
       },
       "ruler_max_rule_groups_per_tenant": 70,
       "ruler_max_rules_per_rule_group": 20,
       "ruler_tenant_shard_size": 3,
       "store_gateway_tenant_shard_size": 6,
     },
   }
  `);
});

test("Loki, with its own megabytes", () => {
  expect(storeLimits([prod], []).loki).toMatchInlineSnapshot(`
   {
     "prod": {
       "index_gateway_shard_size": 6,
       "ingestion_burst_size_mb": 6,
       "ingestion_rate_mb": 3.815,
       "max_chunks_per_query": 2000000,
       "max_concurrent_tail_requests": 16,
       "max_entries_limit_per_query": 5000,
       "max_global_streams_per_user": 5000,
       "max_line_size": "256KB",
       "max_querier_bytes_read": "100000000000B",
       "max_queriers_per_tenant": 6,
       "max_query_bytes_read": "100000000000B",
       "max_query_length": "2161h",
       "max_query_lookback": "90d",
       "max_query_parallelism": 16,
       "max_query_series": 2500,
       "per_stream_rate_limit": "4000000B",
       "per_stream_rate_limit_burst": "20000000B",
       "query_timeout": "2m",
       "retention_period": "30d",
       "ruler_max_rule_groups_per_tenant": 70,
       "ruler_max_rules_per_rule_group": 20,
       "ruler_tenant_shard_size": 3,
       "tsdb_max_query_parallelism": 16,
     },
   }
  `);
});

test("Thanos, and the gateway in the place of what Thanos lacks", () => {
  expect(storeLimits([staging], []).thanos).toEqual({
    staging: { head_series_limit: 150_000, request: { samples_limit: 10_000, series_limit: 10_000, size_bytes_limit: 32_000_000 } },
  });
  // 10k samples a second are 5 full batches of 2,000; 4 more writes for a megabyte of logs a second.
  expect(gatewayLimits(staging)).toEqual({ requests: { ingest: 9, query: 20, manage: 5, bodyBytes: 4_000_000 }, queriesAtOnce: 8 });
  expect(gatewayLimits(prod).queriesAtOnce).toBeUndefined();
  expect(gatewayLimits(good(`${minimal}limits: {metrics: {samplesPerSecond: 1M}}\n`)).requests.ingest).toBe(1_004);
});

test("a tenant shows only in the systems it uses", () => {
  const of = (lines: string) =>
    Object.entries(storeLimits([good(`${minimal}${lines}\n`)], [])).flatMap(([system, ids]) =>
      Object.keys(ids as object).length > 0 ? [system] : [],
    );
  expect([of("apis: [metrics]"), of("apis: [logs]"), of("metrics: thanos\napis: [metrics]"), of("metrics: thanos")]).toEqual([
    ["cortex"],
    ["loki"],
    ["thanos"],
    ["loki", "thanos"],
  ]);
});

test("a suspended tenant gets nothing in, and keeps its retention", () => {
  const suspended = (lines: string) => storeLimits([good(`${minimal}state: suspended\n${lines}`)], []);
  expect(suspended("").cortex["prod"]).toMatchObject({
    ingestion_rate: 0,
    ingestion_burst_size: 0,
    compactor_blocks_retention_period: "30d",
  });
  expect(suspended("").loki["prod"]).toMatchObject({
    block_ingestion_until: "2999-12-31T00:00:00Z",
    block_ingestion_status_code: 403,
    retention_period: "7d",
  });
  expect(suspended("metrics: thanos\n").thanos["prod"]).toMatchObject({
    request: { samples_limit: 1, series_limit: 1, size_bytes_limit: 1 },
  });
});

describe("retired ids", () => {
  test("keep their retention until erasure begins, and their entry until the data is gone", () => {
    const steps = [
      retiredProd,
      { ...retiredProd, erasing: "2027-02-01" },
      { ...retiredProd, erasing: "2027-02-01", erased: "2027-02-05" },
    ].map((entry) => storeLimits([], [entry]));
    expect(
      steps.map(({ cortex, loki }) => [cortex["prod"]?.["compactor_blocks_retention_period"], loki["prod"]?.["retention_period"]]),
    ).toEqual([
      ["395d", "30d"],
      ["24h", "24h"],
      [undefined, undefined],
    ]);
    expect(steps[0]?.cortex["prod"]).toMatchObject({ ingestion_rate: 0 });
    expect(steps[0]?.loki["prod"]).toMatchObject({ block_ingestion_status_code: 403 });
  });
  test("a successor does not touch them, an heir replaces them", () => {
    const successor = storeLimits([good(minimal, "prod", [retiredProd])], [retiredProd]).cortex;
    expect(Object.keys(successor)).toEqual(["prod", "prod--2"]);
    expect(successor["prod"]).toMatchObject({ ingestion_rate: 0 });
    const heir = storeLimits([good(`${minimal}adopt: true\n`, "prod", [retiredProd])], [retiredProd]).cortex;
    expect(Object.keys(heir)).toEqual(["prod"]);
    expect(heir["prod"]).toMatchObject({ ingestion_rate: 10_000 });
  });
  test("deleting the file of a retired tenant changes no limit", () => {
    const file = good(`${minimal}state: retired\neraseAfter: 2027-01-31\n`, "prod", [retiredProd]);
    expect(storeLimits([file, staging], [retiredProd])).toEqual(storeLimits([staging], [retiredProd]));
  });
});

describe("ledger", () => {
  const roundTrip = (text: string) => parseLedger(readDocument("l", text).value);
  test("is read as it was written, in one order", () => {
    const entries = [
      { ...retiredProd, storageId: "prod--10" },
      { ...retiredProd, storageId: "prod--2" },
      retiredProd,
      { ...retiredProd, name: "a1", storageId: "a1" },
    ];
    const { entries: read, faults } = roundTrip(renderLedger(entries));
    expect([read.map((entry) => entry.storageId), faults]).toEqual([["a1", "prod", "prod--2", "prod--10"], []]);
    expect(roundTrip(renderLedger([])).entries).toEqual([]);
    // Good names, and words of YAML.
    const words = ["false", "null", "true"].map((name) => ({ ...retiredProd, name, storageId: name }));
    expect(roundTrip(renderLedger(words))).toEqual({ entries: words, faults: [] });
  });
  test("an adopted id that is retired again keeps one entry", () => {
    const heir = good(`${minimal}adopt: true\n`, "prod", [retiredProd]);
    expect(retireEntry([retiredProd], heir, "2027-01-10", "2028-01-01")).toEqual([
      expect.objectContaining({ storageId: "prod", retired: "2027-01-10", eraseAfter: "2028-01-01" }),
    ]);
  });
  test("erasure waits for its day and has two steps", () => {
    const step = (entries: Parameters<typeof eraseEntry>[0], day: string) => eraseEntry(entries, "prod", day);
    expect(step([retiredProd], "2027-01-31")).toEqual({ rule: "prod is kept until 2027-01-31 has passed" });
    const erasing = step([retiredProd], "2027-02-01");
    expect(erasing).toEqual([{ ...retiredProd, erasing: "2027-02-01" }]);
    const erased = step(erasing as never, "2027-02-03");
    expect(erased).toEqual([{ ...retiredProd, erasing: "2027-02-01", erased: "2027-02-03" }]);
    expect(step(erased as never, "2027-02-04")).toEqual({ rule: "prod was erased on 2027-02-03" });
    expect(step([], "2027-02-04")).toEqual({ rule: "prod is not in the ledger: only retired tenants are erased" });
  });
});

const choices = fc.record({
  tier: fc.constantFrom("small", "medium", "large"),
  metrics: fc.constantFrom("cortex", "thanos"),
  apis: fc.constantFrom("[metrics]", "[logs]", "[metrics, logs]", "[metrics, datadog]", "[logs, datadog]"),
});

test("every limit of every kind of tenant has an enforcer, and every field is enforced", () => {
  fc.assert(
    fc.property(choices, ({ tier, metrics, apis }) => {
      const system = apis.includes("metrics") ? `metrics: ${metrics}\n` : "";
      const tenant = good(`${minimal}tier: ${tier}\n${system}apis: ${apis}\n`);
      const rows = limitTable(tenant);
      const wanted = [
        "limits.queries.parallelism",
        ...(apis.includes("metrics") ? ["limits.metrics.activeSeries", "limits.metrics.samplesPerSecond", "retention.metrics"] : []),
        ...(apis.includes("logs") ? ["limits.logs.streams", "limits.logs.megabytesPerSecond", "retention.logs"] : []),
      ];
      expect(rows.map((row) => row.field)).toEqual(expect.arrayContaining(wanted));
      expect(rows.filter((row) => row.enforcedBy.length === 0)).toEqual([]);
      for (const { option, value } of limitEntries(tenant))
        expect([option, typeof value === "number" && (value < 0 || !Number.isFinite(value))]).toEqual([option, false]);
    }),
  );
});

test("the order of tenants does not change the limits, and each id's are its own", () => {
  const all = ["a1", "b1", "c1"].map((name) => good(minimal, name));
  fc.assert(
    fc.property(fc.shuffledSubarray(all, { minLength: 3 }), (order) =>
      expect(JSON.stringify(storeLimits(order, []))).toBe(JSON.stringify(storeLimits(all, []))),
    ),
  );
  expect(storeLimits(all, []).cortex["a1"]).toEqual(storeLimits(all.slice(0, 1), []).cortex["a1"]);
});
