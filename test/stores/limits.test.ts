import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import { limitsFiles, mostBytes, storeLimits } from "../../model/limits";
import type { Tenant } from "../../model/tenant";
import { within } from "../engine/envoy";
import { distinctTenants } from "../unit/limits-kit";
import { good, minimal, retiredProd } from "../unit/model-kit";
import { otlp, Store } from "./limits-kit";

/** The runtime files of limits, as the stores' own strict parsers take them; and what clients meet at the limits. */

const tenants = [
  good(`${minimal}tier: medium\nlimits: {metrics: {samplesPerSecond: 150k}}\nretention: {metrics: 400d, logs: 10d}\n`, "alpha"),
  good(`${minimal}state: suspended\n`, "beta"),
  good(`${minimal}metrics: thanos\ntier: large\n`, "delta"),
  good(`${minimal}limits: {metrics: {activeSeries: 10}, logs: {streams: 2}}\n`, "no"),
];
const retired = [retiredProd, { ...retiredProd, name: "gone", storageId: "gone", erasing: "2027-02-01" }];

/** What of an id's options a store says otherwise. */
function differences(wanted: Readonly<Record<string, unknown>>, found: Readonly<Record<string, unknown>> = {}): string[] {
  const seconds = (value: unknown) =>
    [...String(value).matchAll(/(\d+)([ywdhms])/g)].reduce(
      (sum, [, n, unit]) => sum + Number(n) * { y: 365 * 86_400, w: 7 * 86_400, d: 86_400, h: 3600, m: 60, s: 1 }[unit as "d"],
      0,
    );
  const bytes = (value: unknown) => /^([\d.]+)([KMGT]?)i?B?$/.exec(String(value));
  const size = (value: unknown) => {
    const [, number = "", unit = ""] = bytes(value) ?? [];
    return Math.round(Number(number) * 1024 ** ["", "K", "M", "G", "T"].indexOf(unit));
  };
  const same = (a: unknown, b: unknown) => {
    if (typeof a === "object") return JSON.stringify(b).includes(`"start":"6h"`);
    if (typeof a !== "string") return a === b;
    if (/^\d+[dhms]/.test(a)) return seconds(a) === seconds(b);
    if (bytes(a)) return Math.abs(size(a) - size(b)) <= size(a) / 20;
    // Loki shows the time until which it takes nothing as `{}`; that it takes nothing is tested by itself.
    return typeof b === "object";
  };
  return Object.entries(wanted).flatMap(([option, value]) =>
    same(value, found[option]) ? [] : [`${option}: ${JSON.stringify(value)} is ${JSON.stringify(found[option])}`],
  );
}

/** 5,000 tenants with names of 30 characters and limits that all differ: the largest files that are to fit. */
let all: Tenant[] | undefined;
const many = (): Tenant[] => (all ??= distinctTenants(5_000));

describe("Cortex", () => {
  let store: Store;
  const files = (list: readonly Tenant[]) => [limitsFiles(list, retired, "single").cortex];
  const push = (tenant: string, body: string) =>
    store.ask("/api/v1/otlp/v1/metrics", { tenant, method: "POST", body, headers: { "content-type": "application/json" } });
  const lastReload = () => store.metric("cortex_runtime_config_last_reload_successful");
  beforeAll(async () => (store = await Store.cortex(files(tenants))), 90_000);
  afterAll(() => store.stop());

  test("takes every option of every id as the mapping says it", async () => {
    const { overrides } = parse((await store.ask("/runtime_config")).text) as { overrides: Record<string, Record<string, unknown>> };
    const { cortex } = storeLimits(tenants, retired);
    expect(Object.keys(overrides).sort()).toEqual([".large", ".medium", ".small", "alpha", "beta", "gone", "no", "prod"]);
    for (const [id, options] of Object.entries(cortex)) expect([id, differences(options, overrides[id])]).toEqual([id, []]);
  });

  test("answers 400 at the limit of series, in the words that the gateway knows", async () => {
    expect((await push("no", otlp("few", 5))).status).toBe(200);
    const headers = { "content-type": "application/json", "X-Scope-OrgID": "no" };
    const answer = await fetch(`${store.url}/api/v1/otlp/v1/metrics`, { method: "POST", body: otlp("more", 20), headers });
    const text = await answer.text();
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([400, null]);
    expect(text.slice(text.indexOf("user="))).toMatch(/^user=no: per-user series limit of 10 exceeded, /);
    expect(Number(answer.headers.get("content-length"))).toBeLessThan(8192);
    const bad = await push(
      "no",
      JSON.stringify({
        resourceMetrics: [
          { scopeMetrics: [{ metrics: [{ name: "old", gauge: { dataPoints: [{ asDouble: 1, timeUnixNano: "1000000000" }] } }] }] },
        ],
      }),
    );
    expect([bad.status, bad.text]).toEqual([400, expect.stringContaining("user=no: err: out of bounds")]);
  });

  test("answers 429 at the rate, and lets nothing of a suspended tenant in", async () => {
    expect((await push("beta", otlp("one", 1))).status).toBe(429);
    expect((await push("alpha", otlp("one", 1))).status).toBe(200);
  });

  test("a file that changes is live within its period, a broken one never", async () => {
    const raised = tenants.map((one) =>
      one.name === "no" ? { ...one, limits: { ...one.limits, metrics: { ...one.limits.metrics, activeSeries: 100 } } } : one,
    );
    store.limits(files(raised));
    const taken = await within(5_000, "the higher limit", async () => (await push("no", otlp("raised", 20, 100))).status === 200);
    expect(taken).toBeLessThan(5_000);
    const broken = files(raised).map((one) => ({ ...one, text: one.text.replace("*series : 100", "*series : a hundred") }));
    store.limits(broken);
    await within(5_000, "the broken file to be noticed", async () => (await lastReload()) === 0);
    expect((await push("no", otlp("still", 20, 200))).status).toBe(200);
    store.limits(files(tenants));
    await within(5_000, "the good file", async () => (await lastReload()) === 1);
  }, 30_000);

  test("takes 5,000 tenants whose limits all differ", async () => {
    const list = many();
    const [file] = files(list);
    expect(Buffer.byteLength(file?.text ?? "")).toBeLessThan(mostBytes);
    store.limits(files(list));
    const hash = createHash("sha256")
      .update(file?.text ?? "")
      .digest("hex");
    const seconds = await within(60_000, "the large file", async () => {
      if ((await lastReload()) === 0) throw new Error(store.log.slice(-2000));
      return (await store.ask("/metrics")).text.includes(`cortex_runtime_config_hash{sha256="${hash}"} 1`);
    });
    expect(seconds).toBeLessThan(60_000);
  }, 120_000);
});

describe("Loki", () => {
  let store: Store;
  const files = (list: readonly Tenant[]) => limitsFiles(list, retired, "distributed").loki;
  const limitsOf = async (tenant: string) =>
    parse((await store.ask("/config/tenant/v1/limits", { tenant })).text) as Record<string, unknown>;
  beforeAll(async () => (store = await Store.loki(files(tenants))), 90_000);
  afterAll(() => store.stop());

  test("takes every option of every id out of its four files as the mapping says it", async () => {
    for (const [id, options] of Object.entries(storeLimits(tenants, retired).loki))
      expect([id, differences(options, await limitsOf(id))]).toEqual([id, []]);
  });

  test("answers 429 at the limit of streams, and 403 to a suspended tenant", async () => {
    const push = async (tenant: string, app: string) => {
      const body = JSON.stringify({ streams: [{ stream: { app }, values: [[`${Date.now()}000000`, "a line"]] }] });
      return (await store.ask("/loki/api/v1/push", { tenant, method: "POST", body, headers: { "content-type": "application/json" } }))
        .status;
    };
    expect([await push("no", "a"), await push("no", "b"), await push("no", "c"), await push("no", "a"), await push("beta", "a")]).toEqual([
      204, 204, 429, 204, 403,
    ]);
  });

  test("takes 5,000 tenants whose limits all differ", async () => {
    const list = many();
    for (const { text } of files(list)) expect(Buffer.byteLength(text)).toBeLessThan(mostBytes / 2);
    store.limits(files(list));
    const [id = "", options = {}] = Object.entries(storeLimits(list, []).loki).at(-1) ?? [];
    await within(60_000, "the large files", async () => {
      if ((await store.metric("loki_runtime_config_last_reload_successful")) === 0) throw new Error(store.log.slice(-2000));
      return (await limitsOf(id))["max_global_streams_per_user"] === options["max_global_streams_per_user"];
    });
    expect([id, differences(options, await limitsOf(id))]).toEqual([id, []]);
  }, 120_000);
});

describe("Thanos receive", () => {
  const around = { default: { request: { samples_limit: 1 } } };
  const files = (list: readonly Tenant[]) => [
    limitsFiles(list, retired, "single", (byId) => ({ write: { ...around, tenants: byId } })).thanos,
  ];
  let store: Store & { readonly writes: string };
  beforeAll(async () => (store = await Store.receive(files(tenants))), 90_000);
  afterAll(() => store.stop());
  const push = async (tenant: string, count: number) => {
    const headers = { "content-type": "application/json", "THANOS-TENANT": tenant };
    return (await fetch(`${store.writes}/api/v1/otlp`, { method: "POST", body: otlp("m", count), headers })).status;
  };

  test("takes a tenant's write, and 413 is what a stranger and a write too large get", async () => {
    expect([await push("delta", 100), await push("stranger", 5), await push("delta", 10_001)]).toEqual([200, 413, 413]);
  });

  test("takes 5,000 tenants", async () => {
    const list = many().map((tenant): Tenant => ({ ...tenant, metrics: "thanos" }));
    const reloads = await store.metric("thanos_receive_limits_config_reload_total");
    expect(Buffer.byteLength(files(list)[0]?.text ?? "")).toBeLessThan(mostBytes);
    store.limits(files(list));
    await within(60_000, "the reload", async () => (await store.metric("thanos_receive_limits_config_reload_total")) > reloads);
    await within(60_000, "a tenant of the large file", async () => (await push(list.at(-1)?.storageId ?? "", 100)) === 200);
    expect(await store.metric("thanos_receive_limits_config_reload_err_total")).toBe(0);
  }, 120_000);
});

test("the page of operations names the sizes that were measured", () => {
  const page = fs.readFileSync(path.join(__dirname, "../../docs/operations.md"), "utf8");
  const { cortex, loki } = limitsFiles(many(), [], "distributed");
  const kilobytes = (text: string) => `${Math.round(Buffer.byteLength(text) / 1000)} kB`;
  expect(page).toContain(kilobytes(cortex.text));
  expect(page).toContain(kilobytes(loki.map(({ text }) => text).join("")));
});
