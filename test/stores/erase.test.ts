import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { erase, type EraseOptions } from "../../cli/erase";
import { Stores } from "../../cli/erase-stores";
import { readDocument } from "../../model/document";
import { parseLedger, renderLedger, type LedgerEntry } from "../../model/ledger";
import { limitsFiles } from "../../model/limits";
import { good, minimal } from "../unit/model-kit";
import { within } from "../engine/envoy";
import { otlp, Store } from "./limits-kit";

/** Erasing a retired id out of a real Cortex and a real Loki, by kubectl's forwarded ports and by addresses. */

const day = 86_400_000;
const date = (offset: number) => new Date(Date.now() + offset * day).toISOString().slice(0, 10);
const entry: LedgerEntry = {
  name: "shop",
  storageId: "shop",
  metrics: "cortex",
  apis: ["logs", "metrics"],
  retention: { metrics: 30 * 86_400, logs: 7 * 86_400 },
  retired: date(0),
  eraseAfter: date(1),
};
const living = good(minimal, "other");
const after = new Date(Date.now() + 2 * day);
const later = new Date(Date.now() + 4 * day);

let root: string;
let cortex: Store;
let loki: Store;
const ledger = () => parseLedger(readDocument("l", fs.readFileSync(path.join(root, "tenants/.ledger.yaml"), "utf8")).value).entries[0];

beforeAll(async () => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), "tenantstack-erase-"));
  fs.mkdirSync(path.join(root, "tenants"));
  fs.writeFileSync(path.join(root, "tenants/other.yaml"), minimal);
  fs.writeFileSync(path.join(root, "tenants/.ledger.yaml"), renderLedger([entry]));
  const shop = good(minimal, "shop");
  const files = limitsFiles([shop, living], [], "single");
  [cortex, loki] = await Promise.all([
    Store.cortex([files.cortex], { compactor: { cleanup_interval: "1s", tenant_cleanup_delay: "1s", deletion_delay: "0s" } }),
    Store.loki(files.loki, { compactor: { compaction_interval: "2s", retention_delete_delay: "1s" } }),
  ]);
  await Promise.all([cortex, loki].map((store) => fill(store, "shop").then(() => fill(store, "other"))));
}, 180_000);
afterAll(async () => {
  await Promise.all([cortex.stop(), loki.stop()]);
  fs.rmSync(root, { recursive: true });
});

/** Metrics, rules and configuration of a tenant in Cortex, or lines and rules in Loki, down to the bucket. */
async function fill(store: Store, tenant: string): Promise<void> {
  const ok = async (target: string, body: string, type: string) => {
    const { status, text } = await store.ask(target, { tenant, method: "POST", body, headers: { "content-type": type } });
    if (status >= 300) throw new Error(`${target}: ${status} ${text}`);
  };
  const group = (expr: string) => `name: g\nrules:\n  - {alert: A, expr: '${expr}'}\n`;
  if (store === cortex) {
    await ok("/api/v1/otlp/v1/metrics", otlp("up", 3), "application/json");
    await ok("/api/v1/rules/own", group("up == 0"), "application/yaml");
    await ok("/api/v1/alerts", "alertmanager_config: |\n  route: {receiver: none}\n  receivers: [{name: none}]\n", "application/yaml");
    await ok("/ingester/flush?wait=true", "", "text/plain");
  } else {
    const line = JSON.stringify({ streams: [{ stream: { app: "a" }, values: [[`${Date.now()}000000`, "a line"]] }] });
    await ok("/loki/api/v1/push", line, "application/json");
    await ok("/loki/api/v1/rules/a%20b", group('count_over_time({app="a"}[1m]) > 0'), "application/yaml");
    await ok("/flush", "", "text/plain");
  }
}

/** What is left of an id: rules, configuration, blocks (Cortex); rules, labels (Loki). */
async function left(tenant: string): Promise<Record<string, boolean>> {
  const found = async (store: Store, target: string) => (await store.ask(target, { tenant })).status === 200;
  const blocks = JSON.parse((await cortex.ask("/purger/delete_tenant_status", { tenant })).text) as { blocks_deleted: boolean };
  const labels = JSON.parse((await loki.ask("/loki/api/v1/labels", { tenant })).text) as { data?: string[] };
  return {
    cortexRules: await found(cortex, "/api/v1/rules"),
    configuration: await found(cortex, "/api/v1/alerts"),
    blocks: !blocks.blocks_deleted,
    lokiRules: await found(loki, "/loki/api/v1/rules"),
    lines: (labels.data ?? []).length > 0,
  };
}
const all = { cortexRules: true, configuration: true, blocks: true, lokiRules: true, lines: true };

const run = async (now: Date, options: Partial<EraseOptions> = {}) => {
  const stores = new Stores({ cortex: cortex.url, loki: loki.url }, () => Promise.reject(new Error("no cluster")));
  return erase(root, "shop", { folder: "tenants", ...options }, stores, now).catch((error: Error) => error.message);
};

test("what is there is seen: nothing is taken for erased before it is", async () => {
  await within(
    30_000,
    "blocks and lines of both tenants",
    async () => (await left("shop")).blocks === true && (await left("other")).lines === true,
  );
  expect([await left("shop"), await left("other")]).toEqual([all, all]);
  expect(await run(new Date())).toContain(`is kept until ${entry.eraseAfter}`);
  expect(await run(after, { dryRun: true })).toContain("Nothing was sent");
  expect(await left("shop")).toEqual(all);
}, 60_000);

test("the first step drops rules and configuration at once, and blocks; another tenant keeps all it has", async () => {
  expect(await run(after)).toContain("erasing: ");
  expect(ledger()).toMatchObject({ erasing: after.toISOString().slice(0, 10) });
  await within(30_000, "the blocks of shop to go", async () => !(await left("shop")).blocks);
  expect(await left("shop")).toEqual({ ...all, cortexRules: false, configuration: false, blocks: false, lokiRules: false });
  expect(await left("other")).toEqual(all);
}, 60_000);

test("the second step sees the lines that are left, and changes nothing", async () => {
  expect(await run(later, { confirmed: true })).toMatch(/this is left:\n {2}loki.query +labels of log lines from/);
  expect(ledger()?.erased).toBeUndefined();
});

test("what `up` makes of the ledger is what Loki keeps to: a day and no more", async () => {
  const [one] = [ledger()].flatMap((found) => (found ? [found] : []));
  loki.limits(limitsFiles([living], one ? [one] : [], "single").loki);
  let text = "";
  await within(10_000, "the overrides of the ledger", async () => {
    ({ text } = await loki.ask("/config/tenant/v1/limits", { tenant: "shop" }));
    return text.includes("retention_period: 1d");
  });
  expect(text).toContain("block_ingestion_status_code: 403");
  const write = JSON.stringify({ streams: [{ stream: { app: "b" }, values: [[`${Date.now()}000000`, "late"]] }] });
  const late = await loki.ask("/loki/api/v1/push", {
    tenant: "shop",
    method: "POST",
    body: write,
    headers: { "content-type": "application/json" },
  });
  expect(late.status).toBe(403);
}, 30_000);
