import { refuseLosses, tenantRecord } from "../../model/guard";
import type { TenantRecord } from "../../model/guard";
import { erasingIds } from "../../model/ledger";
import { parseSettings } from "../../model/settings";
import { ingestersLookback, readsSharded, receiverShards } from "../../model/shards";
import { good, minimal, problemsOf, retiredProd } from "./model-kit";

const at = (ingesters: number, more = "") => good(`${minimal}${more}service: {shards: {ingesters: ${ingesters}}}\n`);
const settings = (readSharding?: boolean) =>
  ({ tenants: "tenants", cluster: { size: "distributed", ...(readSharding !== undefined && { readSharding }) } }) as const;
const before = (record: TenantRecord, readSharding: boolean) => ({ states: { prod: "active" }, records: { prod: record }, readSharding });

describe("a shard of Cortex' ingesters", () => {
  const sizes = [
    ["shrinks", 15, 6, true],
    ["grows", 6, 15, false],
    ["stays", 15, 15, false],
  ] as const;
  test.each(sizes)("that %s", (_, old, size, refused) => {
    const run = () => refuseLosses(before(tenantRecord(at(old)), true), [at(size)], settings());
    if (!refused) return expect(run).not.toThrow();
    expect(problemsOf(run)).toMatchObject([
      {
        file: "tenants/prod.yaml",
        path: "service.shards.ingesters",
        value: "6",
        rule: expect.stringContaining("The last `up` had 15"),
        remedy: expect.stringMatching(/Keep service.shards.ingesters: 15, or .*readSharding: false.*wait 13h; readSharding: true/),
      },
    ]);
  });

  test("may shrink only where reads asked all ingesters at the last `up` and still do", () => {
    const allowed = [true, false].flatMap((was) =>
      [true, false]
        .filter((is) => {
          try {
            refuseLosses(before(tenantRecord(at(15)), was), [at(6)], settings(is));
            return true;
          } catch {
            return false;
          }
        })
        .map((is) => [was, is]),
    );
    expect(allowed).toEqual([[false, false]]);
  });

  test("of a lower tier is smaller too", () => {
    const medium = tenantRecord(good(`${minimal}tier: medium\n`));
    expect(problemsOf(() => refuseLosses(before(medium, true), [good(minimal)], settings()))).toHaveLength(1);
    expect(() => refuseLosses(before(medium, true), [at(15)], settings())).not.toThrow();
  });

  test("does not bind Thanos, logs, successors or records without it", () => {
    const thanos = at(15, "metrics: thanos\n");
    expect(tenantRecord(thanos).shards).toBeUndefined();
    expect(tenantRecord(good(`${minimal}apis: [logs]\n`)).shards).toBeUndefined();
    const successor = good(`${minimal}service: {shards: {ingesters: 3}}\n`, "prod", [retiredProd]);
    const { shards: _, ...old } = tenantRecord(at(15));
    expect(() => refuseLosses(before(tenantRecord(at(15)), true), [successor], settings())).not.toThrow();
    expect(() => refuseLosses(before(old, true), [at(3)], settings())).not.toThrow();
  });

  test("what is recorded is what the tenant has", () => {
    expect(tenantRecord(at(21))).toEqual({ metrics: "cortex", keys: ["2026-11"], storageId: "prod", shards: { ingesters: 21 } });
    expect(tenantRecord(good(`${minimal}tier: large\n`)).shards).toEqual({ ingesters: 30 });
  });
});

test("the setting: on in size distributed, off by hand, refused in size single", () => {
  const of = (cluster: object) =>
    parseSettings({ zone: "obs.example.com", cluster, s3: { endpoint: "https://s3.example.com", bucketPrefix: "obs" } }, "prod").cluster;
  expect(
    [{ size: "single" }, { size: "distributed" }, { size: "distributed", readSharding: "false" }].map(of).map((one) => readsSharded(one)),
  ).toEqual([false, true, false]);
  expect(ingestersLookback).toBe(13 * 3600);
  expect(problemsOf(() => of({ readSharding: false }))).toMatchObject([
    { path: "tenantstack:cluster.readSharding", rule: expect.stringContaining("is only for cluster.size: distributed") },
  ]);
});

test("ids being erased, by system", () => {
  const erasing = { ...retiredProd, erasing: "2027-02-01" };
  const entries = [
    retiredProd,
    { ...erasing, name: "b1", storageId: "b1" },
    { ...erasing, name: "a1", storageId: "a1", metrics: "thanos" as const },
    { ...erasing, name: "c1", storageId: "c1", apis: ["logs" as const] },
    { ...erasing, name: "d1", storageId: "d1", metrics: "thanos" as const, erased: "2027-02-09" },
  ];
  expect(erasingIds(entries)).toEqual({ cortex: ["b1"], loki: ["a1", "b1", "c1"], thanos: ["a1"] });
});

test("receivers of Thanos' tenants, by storage id", () => {
  const tenants = [at(6), at(9, "metrics: thanos\n"), good(`${minimal}apis: [logs]\n`, "b1")];
  expect(receiverShards([...tenants, good(`${minimal}metrics: thanos\n`, "c1")])).toEqual({ prod: 9, c1: 3 });
});
