import fs from "node:fs";
import path from "node:path";
import type { LedgerEntry } from "../../model/ledger";
import { within } from "../engine/envoy";
import { declaredThanos, tenant } from "../unit/observability-kit";
import type { LocalPod } from "./thanos-pods";
import { s3, ThanosLab } from "./thanos-kit";

/** Blocks in a bucket: who serves them, who rewrites them, and when they go. Retention is by class, and every block is one class's. */
jest.setTimeout(180_000);
const day = 86_400_000;
const kept = (days: number) => ({ metrics: (days * day) / 1000, logs: 86_400 });
const thanos = (name: string, days: number) => tenant(name, { metrics: "thanos", apis: ["metrics"], retention: kept(days) });
const tenants = [thanos("short", 15), thanos("brief", 15), thanos("long", 30), thanos("usual", 395)];
/** Its metrics were kept for 13 months; now they are to go. */
const erasing: LedgerEntry = {
  name: "gone",
  storageId: "gone",
  metrics: "thanos",
  apis: ["metrics"],
  retention: kept(395),
  retired: "2026-01-01",
  eraseAfter: "2026-02-01",
  erasing: "2026-02-02",
};
/** How old each id's samples are, and the class that they fall into. `lost` is in no file. */
const ages: Readonly<Record<string, { days: number; class: string; stays: boolean }>> = {
  short: { days: 20, class: "15d", stays: false },
  brief: { days: 3, class: "15d", stays: true },
  long: { days: 20, class: "30d", stays: true },
  usual: { days: 200, class: "default", stays: true },
  lost: { days: 200, class: "default", stays: true },
  gone: { days: 3, class: "1d", stays: false },
};
const ids = Object.keys(ages);

let lab: ThanosLab;
const isCompactor = (pod: LocalPod) => pod.part.startsWith("compactor");
beforeAll(async () => {
  // Compactors leave new blocks alone for half an hour and rest five minutes, stores look for blocks every quarter of an hour.
  const soon = (pod: LocalPod) =>
    isCompactor(pod) ? ["--consistency-delay=0s", "--wait-interval=2s"] : pod.part === "store" ? ["--sync-block-duration=2s"] : [];
  lab = new ThanosLab(await declaredThanos({ size: "distributed", storage: s3, tenants, retired: [erasing] }), soon);
  const parts = ["receive-router", "receive-ingestor", "query-operators"];
  await lab.start((pod) => parts.includes(pod.part));
}, 240_000);
afterAll(async () => lab.stop(), 60_000);

interface Meta {
  readonly ulid: string;
  readonly maxTime: number;
  readonly thanos: { readonly labels: Readonly<Record<string, string>> };
}
/** Blocks in the bucket by tenant, and whether each is marked for deletion. */
function blocks(): Map<string, { meta: Meta; mark: string | undefined }[]> {
  const found = new Map<string, { meta: Meta; mark: string | undefined }[]>();
  for (const name of fs.readdirSync(lab.bucket).filter((one) => /^[0-9A-Z]{26}$/.test(one))) {
    const file = (of: string) => path.join(lab.bucket, name, of);
    // The last of its files to come and the first to go: without it there is no block.
    if (!fs.existsSync(file("meta.json"))) continue;
    const meta = JSON.parse(fs.readFileSync(file("meta.json"), "utf8")) as Meta;
    const mark = fs.existsSync(file("deletion-mark.json")) ? fs.readFileSync(file("deletion-mark.json"), "utf8") : undefined;
    const id = meta.thanos.labels.tenant_id ?? "";
    found.set(id, [...(found.get(id) ?? []), { meta, mark }]);
  }
  return found;
}

test("an ingestor that is told to end ships what it has in memory, under the tenant's label", async () => {
  const ingestors = lab.local.of("receive-ingestor");
  // Past the router, whose limits would refuse ids that may not write.
  for (const id of ids)
    for (const to of ingestors)
      for (let n = 0; n < 3; n++)
        expect(await lab.write(id, [{ name: "old", value: n, time: Date.now() - ages[id]!.days * day + n * 1000 }], to)).toBe(200);
  await Promise.all(ingestors.map((pod) => lab.program(pod).end("SIGTERM")));
  expect([...blocks().keys()].sort()).toEqual([...ids].sort());
  for (const [id, all] of blocks()) {
    expect(all.map(({ meta }) => meta.thanos.labels.receive_replica).sort()).toEqual(ingestors.map((pod) => pod.name).sort());
    for (const { meta } of all) expect(Math.round((Date.now() - meta.maxTime) / day)).toBe(ages[id]!.days);
  }
});

/** What a store or a compactor has loaded. */
async function loaded(pod: LocalPod): Promise<Meta[]> {
  const { data } = await lab.api(pod, "/api/v1/blocks", [["view", "loaded"]]);
  return (data as { blocks: Meta[] | null } | undefined)?.blocks ?? [];
}
const idsOf = (metas: readonly Meta[]) => metas.map((meta) => meta.ulid).sort();
const everyBlock = () => idsOf([...blocks().values()].flat().map(({ meta }) => meta));

test("the stores of each zone have every block, each of them in one", async () => {
  const stores = lab.local.of("store");
  expect(stores.map((pod) => pod.name)).toEqual(["a", "b", "c"].flatMap((zone) => [0, 1].map((n) => `store-zone-${zone}-${n}`)));
  await lab.run(stores);
  for (const zone of ["a", "b", "c"]) {
    const parts = await Promise.all(stores.filter((pod) => pod.name.startsWith(`store-zone-${zone}-`)).map(loaded));
    expect(idsOf(parts.flat())).toEqual(everyBlock());
    for (const part of parts) expect(part.length).toBeGreaterThan(0);
  }
  expect(lab.caches.blocks.items.size).toBeGreaterThan(0);
});

test("each compactor sees the blocks of its class only, and what is older than the class goes", async () => {
  const before = blocks();
  const compactors = lab.local.pods.filter(isCompactor);
  expect(compactors.map((pod) => pod.part).sort()).toEqual(["compactor-15d", "compactor-1d", "compactor-30d", "compactor-default"]);
  await lab.run(compactors);
  for (const pod of compactors) {
    const own = ids.filter((id) => `compactor-${ages[id]!.class}` === pod.part);
    const seen = async () => [...new Set((await loaded(pod)).map((meta) => meta.thanos.labels.tenant_id))].sort();
    await within(30_000, `${pod.part} to see ${own.join(", ")}`, async () => (await seen()).join() === [...own].sort().join());
  }
  await within(60_000, "copies to become one, and old blocks to be marked", () => {
    const now = blocks();
    return ids.every((id) => {
      const all = now.get(id) ?? [];
      return ages[id]!.stays ? all.filter((one) => one.mark === undefined).length === 1 : all.every((one) => one.mark !== undefined);
    });
  });
  for (const id of ids.filter((one) => ages[one]!.stays)) {
    const [one] = blocks()
      .get(id)!
      .filter(({ mark }) => mark === undefined);
    expect(one!.meta.thanos.labels).toEqual({ tenant_id: id });
    expect(before.get(id)!.map(({ meta }) => meta.ulid)).not.toContain(one!.meta.ulid);
  }
  for (const id of ids.filter((one) => !ages[one]!.stays))
    expect(
      blocks()
        .get(id)!
        .some(({ mark }) => /exceeding retention/.test(mark ?? "")),
    ).toBe(true);
  for (const pod of compactors) expect(lab.program(pod).log).not.toMatch(/"level":"error"/);
});
