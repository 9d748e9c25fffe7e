import fc from "fast-check";
import type { LedgerEntry } from "../../model/ledger";
import { blockRules, defaultRetention, retentionClasses, volumeRetentionNotice } from "../../model/retention";
import type { Keeper, RetentionClass } from "../../model/retention";

/** Retention classes: whatever the tenants and the ledger are, every block is some one compactor's. */
const day = 86_400;
const label = "tenant_id";

const id = fc.stringMatching(/^[a-z][a-z0-9-]{0,6}$/);
const kept = fc.constantFrom(15, 30, 90, 180, 395, 730).map((days) => days * day);
const retention = kept.map((metrics) => ({ metrics, logs: day }));
const tenant: fc.Arbitrary<Keeper> = fc.record({
  storageId: id,
  metrics: fc.constantFrom("thanos", "cortex"),
  retention,
  state: fc.constantFrom("active", "suspended", "retired"),
});
const tenants = fc.uniqueArray(tenant, { selector: (one) => one.storageId, maxLength: 12 });
const stages = [{}, { erasing: "2027-01-01" }, { erasing: "2027-01-01", erased: "2027-02-01" }];
const entry: fc.Arbitrary<LedgerEntry> = fc
  .record({ storageId: id, metrics: fc.constantFrom("thanos", "cortex"), retention, stage: fc.constantFrom(...stages) })
  .map(({ stage, ...one }) => ({
    ...one,
    ...stage,
    name: one.storageId,
    apis: ["metrics"],
    retired: "2026-01-01",
    eraseAfter: "2026-06-01",
  }));
const ledger = fc.uniqueArray(entry, { selector: (one) => one.storageId, maxLength: 6 });

/** What Thanos does with a block whose label has this value (no label: empty), as pkg/block/fetcher.go of v0.42.4. */
function sees(one: RetentionClass, all: readonly RetentionClass[], value: string): boolean {
  return blockRules(one, all, label).every(({ action, regex, source_labels }) => {
    expect(source_labels).toEqual([label]);
    return new RegExp(`^(?:${regex})$`, "s").test(value) === (action === "keep");
  });
}
const ownersOf = (all: readonly RetentionClass[], value: string) => all.filter((one) => sees(one, all, value));

test("a partition: every id, and every other value of the label, is in exactly one class, and its retention is the tenant's own", () => {
  fc.assert(
    fc.property(tenants, ledger, fc.oneof(id, fc.string(), fc.constant("")), (living, retired, other) => {
      const all = retentionClasses(living, retired);
      for (const value of [...living, ...retired].map((one) => one.storageId).concat(other)) expect(ownersOf(all, value)).toHaveLength(1);
      for (const one of living.filter((t) => t.metrics === "thanos" && t.state !== "retired"))
        expect(ownersOf(all, one.storageId)[0]!.seconds).toBe(one.retention.metrics);
      const free = retired.filter(
        (one) => !living.some((t) => t.storageId === one.storageId && t.metrics === "thanos" && t.state !== "retired"),
      );
      for (const one of free.filter((e) => e.metrics === "thanos")) {
        const expected = one.erased !== undefined ? defaultRetention : one.erasing !== undefined ? day : one.retention.metrics;
        expect(ownersOf(all, one.storageId)[0]!.seconds).toBe(expected);
      }
      const nobody = [...living, ...retired].every((one) => one.storageId !== other);
      if (nobody) expect(ownersOf(all, other).map((one) => one.name)).toEqual(["default"]);
    }),
  );
});

test("ids that hold signs of expressions match themselves only", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.string({ minLength: 1, unit: fc.constantFrom(..."ab.|*+?()[]{}^$\\-") }), { maxLength: 5 }),
      fc.string(),
      (ids, other) => {
        const named = { name: "30d", seconds: 30 * day, ids };
        const all = [...(ids.length > 0 ? [named] : []), { name: "default", seconds: defaultRetention, ids: [] }];
        for (const value of [...ids, other]) expect(ownersOf(all, value)[0]!.name).toBe(ids.includes(value) ? "30d" : "default");
      },
    ),
  );
});

test("the order of tenants and of the ledger does not matter, and names tell classes apart", () => {
  fc.assert(
    fc.property(tenants, ledger, (living, retired) => {
      const all = retentionClasses(living, retired);
      expect(retentionClasses([...living].reverse(), [...retired].reverse())).toEqual(all);
      expect(new Set(all.map((one) => one.name)).size).toBe(all.length);
      for (const one of all) expect(`compactor-${one.name}`).toMatch(/^[a-z0-9-]+$/);
      expect(all.at(-1)!.name).toBe("default");
    }),
  );
});

test("a new tenant changes its own class and the default; one of the default retention changes nothing", () => {
  const added = fc.record({ living: tenants, retired: ledger, storageId: fc.constant("zz-new"), retention });
  fc.assert(
    fc.property(added, ({ living, retired, ...one }) => {
      const [before, after] = [
        retentionClasses(living, retired),
        retentionClasses([...living, { ...one, metrics: "thanos", state: "active" }], retired),
      ];
      const rules = (all: readonly RetentionClass[]) => new Map(all.map((c) => [c.name, JSON.stringify(blockRules(c, all, label))]));
      const [a, b] = [rules(before), rules(after)];
      const changed = [...b.keys()].filter((name) => a.get(name) !== b.get(name));
      const own = ownersOf(after, "zz-new")[0]!.name;
      expect(changed).toEqual(own === "default" ? [] : [own, "default"]);
    }),
  );
});

test("without a bucket it is said whose retention is not what the volume keeps", () => {
  const of = (name: string, days: number, more: object = {}) =>
    ({
      name,
      storageId: name,
      apis: ["metrics"],
      metrics: "thanos",
      state: "active",
      retention: { metrics: days * 86_400, logs: 0 },
      ...more,
    }) as const;
  expect(volumeRetentionNotice([of("a", 30), of("b", 90, { metrics: "cortex" }), of("c", 15, { state: "retired" })])).toBeUndefined();
  expect(volumeRetentionNotice([of("a", 30), of("b", 90), of("c", 15, { apis: ["logs"] }), of("d", 15)])).toMatch(
    / 30d on a volume.*: b \(90d\), d \(15d\)$/,
  );
});
