import fc from "fast-check";
import fs from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import { explain } from "../../cli/explain";
import { generate } from "../../cli/generate";
import { newTenant } from "../../cli/new";
import { retire, retiredText } from "../../cli/retire";
import { validate } from "../../cli/validate";
import { loadTenants } from "../../model/load";
import { report } from "../../model/problem";
import { inProject, minimal, problemsOf } from "./model-kit";

const now = new Date("2026-11-22T10:00:00Z");
const options = { folder: "tenants", tier: "small", metrics: "cortex", apis: "metrics,logs", owner: "me@example.com" };
const read = (root: string, file: string) => fs.readFileSync(path.join(root, "tenants", file), "utf8");

test("new writes a file of eight lines that is good as it is", () => {
  inProject({ "prod.yaml": minimal }, (root) => {
    expect(newTenant(root, "shop", options, now)).toMatch(/tier small, logs and metrics, key 2026-11/);
    expect(read(root, "shop.yaml")).toMatchInlineSnapshot(`
     "# yaml-language-server: $schema=./tenant.schema.json
     owner: me@example.com
     description: Tenant shop
     tier: small            # small | medium | large: defaults of limits, retention and level of service
     metrics: cortex        # or thanos; choose once, data does not move
     apis: [metrics, logs]  # of metrics, logs, datadog
     keys: [2026-11]        # the first signs; rotate in three steps: append, reorder, drop
     # limits, retention, domain, grafana and more: docs/tenant-file.md
     "
    `);
    expect(validate(root, "tenants", "obs.example.com", now)).toBe("2 tenants, no problems\n");
    expect(report(problemsOf(() => newTenant(root, "shop", options, now)))).toMatch(/shop.yaml\n.*exists already/);
  });
});

test.each([
  ["Shop", {}, /no good name/],
  ["shop", { tier: "hugo" }, /shop.yaml:4:7 {2}tier: hugo/],
  ["shop", { owner: "" }, /tenantstack new shop --owner/],
  ["shop", { description: "a\nb" }, /one line of text/],
  ["shop", { apis: "datadog" }, /needs metrics, logs or both/],
])("new %s %j writes nothing", (name, more, says) => {
  inProject({}, (root) => {
    expect(report(problemsOf(() => newTenant(root, name, { ...options, ...more }, now)))).toMatch(says);
    expect(fs.readdirSync(path.join(root, "tenants"))).toEqual([]);
  });
});

test("whatever the description, the file holds it or is refused", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 40 }), (description) => {
      inProject({}, (root) => {
        try {
          newTenant(root, "shop", { ...options, description }, now);
        } catch (error) {
          expect((error as Error).message).toMatch(/description/);
          return;
        }
        expect(loadTenants("tenants", { projectRoot: root }).tenants[0]?.description).toBe(description);
      });
    }),
    { numRuns: 30 },
  );
});

describe("retire", () => {
  test("keeps every character of the file, and a successor starts empty", () => {
    const text = `# why\n${minimal.replace("]", "]   # first")}limits:   {logs: {streams: 2k}} # odd layout\n`;
    inProject({ "prod.yaml": text, "other.yaml": minimal }, (root) => {
      expect(retire(root, "tenants", "prod", "2027-01-31", now)).toMatch(/storage id prod is not used again/);
      expect(read(root, "prod.yaml")).toBe(`${text}state: retired\neraseAfter: 2027-01-31\n`);
      expect(loadTenants("tenants", { projectRoot: root }).tenants.map((tenant) => [tenant.storageId, tenant.state])).toEqual([
        ["other", "active"],
        ["prod", "retired"],
      ]);
      fs.rmSync(path.join(root, "tenants", "prod.yaml"));
      expect(newTenant(root, "prod", options, now)).toMatch(/stores under prod--2 and starts empty/);
      retire(root, "tenants", "prod", "2027-03-01", now);
      expect(loadTenants("tenants", { projectRoot: root }).retiredIds.map((entry) => entry.storageId)).toEqual(["prod", "prod--2"]);
    });
  });

  test.each([
    [`${minimal}state: suspended # soon\n`, `${minimal}state: retired # soon\neraseAfter: 2027-01-31\n`],
    [`state: active\n${minimal}`, `state: retired\n${minimal}eraseAfter: 2027-01-31\n`],
    [minimal.trimEnd(), `${minimal}state: retired\neraseAfter: 2027-01-31\n`],
    [`${minimal}\n\n`, `${minimal}state: retired\neraseAfter: 2027-01-31\n`],
    ["a: 1\r\n", "a: 1\r\nstate: retired\r\neraseAfter: 2027-01-31\r\n"],
    ["state: suspended\neraseAfter: '2026-12-31' # x\n", "state: retired\neraseAfter: 2027-01-31 # x\n"],
    ["state: retired\neraseAfter: 2026-12-31\n", "state: retired\neraseAfter: 2027-01-31\n"],
  ])("edits %j in place", (text, expected) => expect(retiredText(text, "2027-01-31")).toBe(expected));

  test.each(["{a: 1} # note\n", "a: 1\n...\n", "a: |\n  text\n"])("copes with %j", (text) => {
    expect(parse(retiredText(text, "2027-01-31"))).toEqual({ ...(parse(text) as object), state: "retired", eraseAfter: "2027-01-31" });
  });

  test.each([
    ["2027-02-30", /date YYYY-MM-DD that exists/],
    ["2026-11-22", /must be after today, 2026-11-22/],
    ["soon", /date YYYY-MM-DD/],
  ])("until %s is refused and changes nothing", (date, says) => {
    inProject({ "prod.yaml": minimal }, (root) => {
      expect(report(problemsOf(() => retire(root, "tenants", "prod", date, now)))).toMatch(says);
      expect([read(root, "prod.yaml"), fs.readdirSync(path.join(root, "tenants"))]).toEqual([minimal, ["prod.yaml"]]);
    });
  });

  test("an unknown name is met with the nearest", () => {
    inProject({ "prod.yaml": minimal }, (root) =>
      expect(report(problemsOf(() => retire(root, "tenants", "prdo", "2027-01-31", now)))).toMatch(/Did you mean prod\?/),
    );
  });
});

test("validate warns of keys that end", () => {
  inProject({ "prod.yaml": minimal }, (root) => {
    expect(validate(root, "tenants", undefined, new Date("2027-11-15"))).toMatch(
      /^1 tenant, no problems\n {2}note: prod: the key that signs, 2026-11, ends on 2027-12-01/,
    );
  });
});

test("explain, as a person reads it", () => {
  const text = `${minimal}tier: medium\nmetrics: thanos\napis: [metrics, logs, datadog]\nlimits: {metrics: {activeSeries: 500k}}\n`;
  inProject({ "prod.yaml": text, "system.yaml": minimal }, (root) =>
    expect(explain(root, "tenants", "prod")).toMatchInlineSnapshot(`
     "prod: Production of the shop  (tenants/prod.yaml)

       field         value                                      from
       owner         shop-platform@example.com                  file
       tier          medium                                     file
       apis          datadog, logs, metrics                     file
       metrics       thanos                                     file
       querier       shared                                     default
       domain        none                                       default
       keys          2026-11 (2026-11 signs, until 2027-12-01)  file
       revoked       none                                       default
       grafana.auth  none                                       default
       state         active                                     default
       storage id    prod                                       ledger

       limit                            value  from         enforced by (what a client meets there)
       limits.metrics.activeSeries      500k   file         Thanos receive head_series_limit (429, Retry-After 5: all writes, while the platform's metrics can be asked)
       limits.metrics.samplesPerSecond  100k   tier medium  gateway requests.ingest (429, Retry-After 1)
       limits.logs.megabytesPerSecond   4      tier medium  Loki ingestion_rate_mb (429, Retry-After 5)
       limits.logs.streams              5k     tier medium  Loki max_global_streams_per_user (429, Retry-After 5: new streams only)
       limits.queries.parallelism       16     tier medium  Loki tsdb_max_query_parallelism (the rest waits in the queue); gateway queriesAtOnce (429, Retry-After 1)
       limits.queries.lookback          180d   retention    Loki max_query_lookback (older data is left out of the answer)
       retention.metrics                180d   tier medium  Thanos compactor retention.resolution-raw (older data is deleted, by class)
       retention.logs                   30d    tier medium  Loki retention_period (older data is deleted)
       service.shards.ingesters         15     tier medium  Thanos receive's hashring shuffle_sharding_config.shard_size (work stays on so many instances)
       service.shards.storeGateways     6      tier medium  Loki index_gateway_shard_size (work stays on so many instances)
       service.shards.queriers          6      tier medium  Loki max_queriers_per_tenant (the rest waits in the queue)
       service.shards.rulers            3      tier medium  Loki ruler_tenant_shard_size (work stays on so many instances)
       service.query.series             250k   tier medium  Loki max_query_series (400: the query is refused)
       service.query.chunks             2M     tier medium  Loki max_chunks_per_query (400: the query is refused)
       service.query.logBytes           100G   tier medium  Loki max_query_bytes_read (400: the query is refused)
       service.rules.groups             70     tier medium  Loki ruler_max_rule_groups_per_tenant (400: the rule group is not stored)
       service.rules.perGroup           20     tier medium  Loki ruler_max_rules_per_rule_group (400: the rule group is not stored)
       service.requests.query           60     tier medium  gateway requests.query (429, Retry-After 1)
       service.requests.manage          10     tier medium  gateway requests.manage (429, Retry-After 1)
       service.requests.bodyBytes       8M     tier medium  gateway requests.bodyBytes (413: the write is lost: as it is, it would never pass)

       level of service of tier medium
       gateway     2 to 4 replicas of 200m CPU, 128Mi; 66 writes, 60 queries, 10 changes a second; bodies to 8M bytes
       grafana     100m CPU, 512Mi
       prometheus  250m CPU, 1Gi
       collector   100m CPU, 256Mi
       priority    tenant-medium (2000)
     "
    `),
  );
});

test("the generated files are those of the schema", () => {
  expect(generate(path.join(__dirname, "../.."), true)).toEqual([]);
  inProject({}, (root) => {
    expect(generate(root, false)).toHaveLength(5);
    expect(generate(root, true)).toEqual([]);
    fs.appendFileSync(path.join(root, "tenants", "tenant.schema.json"), " ");
    expect(generate(root, true)).toEqual(["tenants/tenant.schema.json"]);
  });
});
