import fc from "fast-check";
import { limitEntries } from "../../model/limits";
import { limitsReference } from "../../model/limitsreference";
import { eachField } from "../../model/fieldwalk";
import { service } from "../../model/serviceschema";
import { serviceLevel } from "../../model/tiers";
import { formatQuantity } from "../../model/units";
import { bad, good, minimal } from "./model-kit";

const everything = `tier: medium
apis: [metrics, logs]
service:
  gateway: {min: 3, max: 9}
  priority: large
  shards: {ingesters: 21, storeGateways: 12, queriers: 7, rulers: 5, compactors: 2}
  query: {series: 1001, chunks: 1002, bytes: 1003k, responseBytes: 1004k, logBytes: 1005k}
  rules: {groups: 31, perGroup: 32}
  requests: {ingest: 501, query: 502, manage: 503, bodyBytes: 504k}
`;

test("every value of a tier can be set for one tenant, and only those that are", () => {
  const level = serviceLevel(good(minimal + everything));
  expect(level).toMatchObject({
    gateway: { min: 3, max: 9 },
    priority: { className: "tenant-large", value: 3_000 },
    shards: { ingesters: 21, storeGateways: 12, queriers: 7, rulers: 5, compactors: 2 },
    query: { series: 1_001, chunks: 1_002, bytes: 1_003_000, responseBytes: 1_004_000, logBytes: 1_005_000 },
    rules: { groups: 31, perGroup: 32 },
    requests: { ingest: 501, query: 502, manage: 503, bodyBytes: 504_000 },
  });
  const plain = serviceLevel({ tier: "medium" });
  expect(level.resources).toEqual(plain.resources);
  expect(serviceLevel(good(`${minimal}tier: medium\nservice: {shards: {rulers: 4}}\n`))).toEqual({
    ...plain,
    shards: { ...plain.shards, rulers: 4 },
  });
});

test("each value reaches an option of its enforcer", () => {
  const values = (text: string) =>
    limitEntries(good(minimal + text))
      .filter(({ source }) => source.startsWith("service."))
      .map(
        ({ source, enforcer, option, value }) => `${source.slice(8)} ${enforcer} ${option} ${JSON.stringify(value).replaceAll('"', "")}`,
      );
  expect(values(everything)).toEqual([
    "shards.queriers cortex max_queriers_per_tenant 7",
    "shards.ingesters cortex ingestion_tenant_shard_size 21",
    "shards.storeGateways cortex store_gateway_tenant_shard_size 12",
    "shards.compactors cortex compactor_tenant_shard_size 2",
    "query.series cortex max_fetched_series_per_query 1001",
    "query.chunks cortex max_fetched_chunks_per_query 1002",
    "query.bytes cortex max_fetched_chunk_bytes_per_query 1003000",
    "query.bytes cortex max_fetched_data_bytes_per_query 2006000",
    "query.bytes cortex max_downloaded_bytes_per_request 1003000",
    "query.responseBytes cortex max_query_response_size 1004000",
    "shards.rulers cortex ruler_tenant_shard_size 5",
    "rules.groups cortex ruler_max_rule_groups_per_tenant 31",
    "rules.perGroup cortex ruler_max_rules_per_rule_group 32",
    "shards.queriers loki max_queriers_per_tenant 7",
    "shards.storeGateways loki index_gateway_shard_size 12",
    "query.logBytes loki max_query_bytes_read 1005000B",
    "query.logBytes loki max_querier_bytes_read 1005000B",
    "query.chunks loki max_chunks_per_query 1002",
    "query.series loki max_query_series 11",
    "shards.rulers loki ruler_tenant_shard_size 5",
    "rules.groups loki ruler_max_rule_groups_per_tenant 31",
    "rules.perGroup loki ruler_max_rules_per_rule_group 32",
    "requests.ingest gateway requests.ingest 501",
    "requests.query gateway requests.query 502",
    "requests.manage gateway requests.manage 503",
    "requests.bodyBytes gateway requests.bodyBytes 504000",
  ]);
  expect(values("metrics: thanos\nservice: {shards: {ingesters: 21}}\n")).toContain(
    "shards.ingesters thanos-hashring shuffle_sharding_config.shard_size 21",
  );
});

/** Lines added to the minimal file -> line:column, place and a part of what is said. */
const refused: readonly (readonly [name: string, lines: string, place: string, says: RegExp])[] = [
  ["unknown key", "service: {shard: {}}", "4:11 service.shard", /Did you mean shards\?/],
  ["no copy a zone", "service: {shards: {ingesters: 4}}", "4:31 service.shards.ingesters", /multiple of 3 from 3 to 999/],
  ["min above max", "service: {gateway: {min: 5, max: 2}}", "4:26 service.gateway.min", /must not be above max, 2/],
  ["min above the tier's max", "service: {gateway: {min: 2}}", "4:26 service.gateway.min", /max, 1 of tier small/],
  ["max below the tier's min", "tier: large\nservice: {gateway: {max: 2}}", "5:26 service.gateway.max", /min, 3 of tier large/],
  [
    "nothing for Loki",
    "apis: [logs]\nservice: {shards: {compactors: 2}}",
    "5:20 service.shards.compactors",
    /no enforcer: the tenant has no metrics and logs/,
  ],
  [
    "nothing for Thanos",
    "metrics: thanos\napis: [metrics]\nservice: {query: {series: 5}}",
    "6:19 service.query.series",
    /has thanos and no logs/,
  ],
  ["Thanos counts samples", "metrics: thanos\nservice: {requests: {ingest: 50}}", "5:22 service.requests.ingest", /samplesPerSecond/],
  ["fewer writes than the rates need", "service: {requests: {ingest: 5}}", "4:30 service.requests.ingest", /must be at least 14/],
  ["a body of nothing", "service: {requests: {bodyBytes: 10}}", "4:33 service.requests.bodyBytes", /from 100k to 100M/],
];

test.each(refused)("refused: %s", (_, lines, place, says) => {
  const [first, ...others] = bad(`${minimal}${lines}\n`);
  expect(others).toEqual([]);
  expect(`${first?.line}:${first?.column} ${first?.path}`).toBe(place);
  expect(`${first?.rule}. ${first?.remedy}`).toMatch(says);
});

test("whatever is accepted is enforced as it was written", () => {
  const paths: string[] = [];
  eachField(
    service,
    (path, info) => void (info.type !== "group" && path.length === 2 && path[0] !== "gateway" && paths.push(path.join("."))),
  );
  expect(paths).toHaveLength(16);
  const file = fc.record({
    path: fc.constantFrom(...paths),
    metrics: fc.constantFrom("cortex", "thanos"),
    apis: fc.constantFrom("[metrics]", "[logs]", "[metrics, logs]"),
    value: fc.constantFrom(3, 30, 300, 1_000_000),
  });
  fc.assert(
    fc.property(file, ({ path, metrics, apis, value }) => {
      const [group = "", key = ""] = path.split(".");
      const text = `${minimal}${apis === "[logs]" ? "" : `metrics: ${metrics}\n`}apis: ${apis}\nservice: {${group}: {${key}: ${value}}}\n`;
      let tenant;
      try {
        tenant = good(text);
      } catch {
        return;
      }
      const entries = limitEntries(tenant).filter(({ source }) => source === `service.${path}`);
      expect(entries.length).toBeGreaterThan(0);
      const exact = entries.map((entry) => Number.parseInt(JSON.stringify(entry.value).replaceAll('"', ""), 10));
      expect(exact.some((found) => found === value || found === Math.min(5_000, Math.ceil(value / 100)))).toBe(true);
    }),
  );
});

test("the page of limits names every option with its value for each tier", () => {
  const page = limitsReference();
  for (const { option, value } of limitEntries(good(`${minimal}tier: large\n`))) {
    const line = page
      .split("\n")
      .filter((text) => text.includes(`\`${option}\``))
      .join("\n");
    expect([option, line.includes(typeof value === "number" ? formatQuantity(value) : "|")]).toEqual([option, true]);
  }
  expect(page).not.toMatch(/undefined|\[object|follows from the above \|.*429/);
});
