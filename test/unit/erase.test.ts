import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { erase, type EraseOptions } from "../../cli/erase";
import type { openCluster } from "../../cli/cluster";
import { Stores } from "../../cli/erase-stores";
import { bucketCommands, isGone, questions } from "../../model/erasure";
import { parseLedger, renderLedger, type LedgerEntry } from "../../model/ledger";
import { readDocument } from "../../model/document";
import { minimal, retiredProd } from "./model-kit";

/** The two steps of erasing against stores that answer as they are told; test/stores/erase.test.ts has the real ones. */

const due = new Date("2027-02-01T10:00:00Z");
type Reply = { status: number; text: string };
/** Stores that record what they are asked. */
class Fake extends Stores {
  public readonly seen: string[] = [];
  public constructor(private readonly replies: Readonly<Record<string, Reply>> = {}) {
    super({}, () => Promise.reject(new Error("no cluster is to be reached")));
  }
  public override ask(part: string, id: string, target: string, method = "GET"): Promise<Reply> {
    this.seen.push(`${id} ${part} ${method} ${target}`);
    const found = Object.entries(this.replies)
      .sort(([a], [b]) => b.length - a.length)
      .find(([key]) => `${part} ${target}`.startsWith(key));
    return Promise.resolve(found?.[1] ?? (method === "GET" ? { status: 404, text: "" } : { status: 200, text: "" }));
  }
}
const gone: Record<string, Reply> = {
  "cortex.compactor": { status: 200, text: `{"tenant_id":"prod","blocks_deleted":true}` },
  "loki.query": { status: 200, text: `{"status":"success"}` },
  "thanos.query": { status: 200, text: `{"status":"success","data":[]}` },
};

async function run(
  entries: readonly LedgerEntry[],
  name: string,
  stores: Stores,
  options: Partial<EraseOptions> = {},
  files: Record<string, string> = {},
  now = due,
) {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), "tenantstack-erase-"));
  try {
    fs.mkdirSync(path.join(root, "tenants"));
    const all = { "other.yaml": minimal, ".ledger.yaml": renderLedger(entries), ...files };
    for (const [file, text] of Object.entries(all)) fs.writeFileSync(path.join(root, "tenants", file), text);
    const before = ledgerOf(root);
    const said = await erase(root, name, { folder: "tenants", ...options }, stores, now).catch((error: Error) => error);
    return {
      said: said instanceof Error ? said.message : said,
      isRefused: said instanceof Error,
      isChanged: ledgerOf(root) !== before,
      ledger: parseLedger(readDocument("l", ledgerOf(root)).value).entries,
    };
  } finally {
    fs.rmSync(root, { recursive: true });
  }
}
const ledgerOf = (root: string) => fs.readFileSync(path.join(root, "tenants/.ledger.yaml"), "utf8");
const erasing = { ...retiredProd, erasing: "2027-02-01" };

describe("the first step", () => {
  test("drops rules, configuration and blocks, and writes the day", async () => {
    const stores = new Fake({ "loki.ruler /loki/api/v1/rules": { status: 200, text: "a/b:\n  - name: g\nalerts: []\n" } });
    const { said, ledger } = await run([retiredProd], "prod", stores);
    expect(stores.seen).toEqual([
      "prod loki.ruler GET /loki/api/v1/rules",
      "prod cortex.ruler POST /ruler/delete_tenant_config",
      "prod cortex.alertmanager POST /multitenant_alertmanager/delete_tenant_config",
      "prod cortex.compactor POST /purger/delete_tenant",
      "prod loki.ruler DELETE /loki/api/v1/rules/a%2Fb",
      "prod loki.ruler DELETE /loki/api/v1/rules/alerts",
    ]);
    expect(ledger).toEqual([erasing]);
    expect(said).toMatch(
      /tenants\/.ledger.yaml: prod erasing: 2027-02-01[\s\S]*commit the ledger and `up`[\s\S]*Two days later: npx tenantstack erase prod/,
    );
  });

  test("asks only the systems that hold data of the id, under its storage id", async () => {
    const stores = new Fake();
    await run([{ ...retiredProd, storageId: "prod--2", apis: ["logs"] }], "prod", stores);
    expect(stores.seen).toEqual(["prod--2 loki.ruler GET /loki/api/v1/rules"]);
    const thanos = new Fake();
    expect((await run([{ ...retiredProd, metrics: "thanos", apis: ["metrics"] }], "prod", thanos)).ledger).toMatchObject([
      { erasing: "2027-02-01" },
    ]);
    expect(thanos.seen).toEqual([]);
  });

  test("with --dry-run sends and writes nothing", async () => {
    const stores = new Fake();
    const { said, isChanged } = await run([retiredProd], "prod", stores, { dryRun: true });
    expect([stores.seen, isChanged]).toEqual([[], false]);
    expect(said).toMatch(/POST \/purger\/delete_tenant [\s\S]*Nothing was sent or written/);
  });

  test("leaves the ledger as it is when a store refuses", async () => {
    const { said, isChanged } = await run([retiredProd], "prod", new Fake({ "cortex.alertmanager": { status: 500, text: "broken" } }));
    expect([said, isChanged]).toEqual([
      expect.stringMatching(/cortex.alertmanager answered 500 to POST .*: broken\nThe ledger is unchanged/),
      false,
    ]);
  });
});

describe("is refused for", () => {
  const heir = { "prod.yaml": `${minimal}adopt: true\n` };
  const second = { ...retiredProd, storageId: "prod--2" };
  const third = { ...retiredProd, storageId: "prod--3" };
  const cases: [string, readonly LedgerEntry[], string, RegExp, Record<string, string>?, Date?][] = [
    ["a tenant that lives", [], "other", /has no retired tenant other: only retired tenants are erased/],
    ["a slip", [retiredProd], "prd", /Did you mean prod\?/],
    ["a day too early", [retiredProd], "prod", /kept until 2027-01-31 has passed/, {}, new Date("2027-01-31T23:59:59Z")],
    ["an id that is gone", [{ ...erasing, erased: "2027-02-03" }], "prod", /was erased on 2027-02-03/],
    ["an id that was adopted", [retiredProd], "prod", /prod is in use: tenants\/prod.yaml has adopted it/, heir],
    ["a name with two ids", [second, third], "prod", /several storage ids of prod[\s\S]*prod--2, prod--3/],
  ];
  test.each(cases)("%s", async (_, entries, name, says, files = {}, now = due) => {
    const stores = new Fake(gone);
    const { said, isRefused, isChanged } = await run(entries, name, stores, { confirmed: true }, files, now);
    expect([isRefused, isChanged, stores.seen]).toEqual([true, false, []]);
    expect(said).toMatch(says);
  });
});

describe("the second step", () => {
  const later = new Date("2027-02-04T10:00:00Z");
  test("finds nothing, wants the buckets confirmed, and writes the day", async () => {
    const first = await run([erasing], "prod", new Fake(gone), {}, {}, later);
    expect([first.isRefused, first.isChanged]).toEqual([true, false]);
    expect(first.said).toMatch(/loki: aws s3 ls --recursive s3:\/\/BUCKET-OF-LOKI\/prod\/[\s\S]*--confirmed/);
    const second = await run([erasing], "prod", new Fake(gone), { confirmed: true }, {}, later);
    expect(second.ledger).toEqual([{ ...erasing, erased: "2027-02-04" }]);
    const cortex = await run([{ ...erasing, apis: ["metrics"] }], "prod", new Fake(gone), {}, {}, later);
    expect(cortex.ledger).toMatchObject([{ erased: "2027-02-04" }]);
  });

  const left: [string, Record<string, Reply>, RegExp][] = [
    ["blocks", { "cortex.compactor": { status: 200, text: `{"blocks_deleted":false}` } }, /cortex.compactor +blocks/],
    ["rules", { "cortex.ruler": { status: 200, text: "ns:\n- name: g\n" } }, /cortex.ruler +rules/],
    [
      "configuration",
      { "cortex.alertmanager": { status: 200, text: "alertmanager_config: x\n" } },
      /cortex.alertmanager +Alertmanager configuration/,
    ],
    [
      "lines",
      { "loki.query /loki/api/v1/labels?start=1793404": { status: 200, text: `{"status":"success","data":["app"]}` } },
      /loki.query +labels of log lines from 2026-10-31 to/,
    ],
  ];
  test.each(left)("refuses while %s are left, confirmed or not", async (_, replies, says) => {
    const { said, isChanged } = await run([erasing], "prod", new Fake({ ...gone, ...replies }), { confirmed: true }, {}, later);
    expect(isChanged).toBe(false);
    expect(said).toMatch(says);
  });

  test("does not take an answer that it does not know for an empty one", async () => {
    for (const status of [500, 401, 302])
      for (const part of ["cortex.compactor", "loki.query", "thanos.query", "cortex.ruler", "loki.ruler"] as const)
        expect(isGone({ part }, { status, text: "x" })).toBeUndefined();
    expect(isGone({ part: "loki.query" }, { status: 200, text: "<html>" })).toBeUndefined();
    expect(isGone({ part: "cortex.compactor" }, { status: 200, text: "{}" })).toBeUndefined();
    const { said, isChanged } = await run(
      [erasing],
      "prod",
      new Fake({ ...gone, "cortex.compactor": { status: 502, text: "bad gateway" } }),
      { confirmed: true },
      {},
      later,
    );
    expect([isChanged, said]).toEqual([false, expect.stringContaining("Whether anything is left is not known")]);
  });
});

test("questions about lines cover all that retirement left, in windows that Loki answers", () => {
  const spans = questions({ ...erasing, retention: { metrics: 86_400, logs: 400 * 86_400 } })
    .flatMap(({ path: target }) => [...target.matchAll(/labels\?start=(\d+)0{9}&end=(\d+)0{9}/g)])
    .map(([, start, end]) => [Number(start), Number(end)] as const);
  const retired = Date.parse("2026-11-01T00:00:00Z") / 1000;
  expect(spans[0]?.[0]).toBeLessThanOrEqual(retired - 400 * 86_400);
  expect(spans.at(-1)?.[1]).toBeGreaterThan(retired + 86_400);
  spans.forEach(([start, end], index) => {
    expect(end - start).toBeLessThanOrEqual(30 * 86_400);
    if (index > 0) expect(start).toBe(spans[index - 1]?.[1]);
  });
});

test("Thanos is asked by the id's own label, and its bucket by a command", () => {
  const entry = { ...erasing, metrics: "thanos", apis: ["metrics"] } as const;
  expect(questions(entry).map((one) => decodeURIComponent(one.path))).toEqual([expect.stringContaining(`match[]={tenant_id="prod"}`)]);
  expect(bucketCommands(entry)).toMatchObject([{ system: "thanos", command: expect.stringContaining(`tenant_id="prod"`) }]);
});

describe("without addresses, kubectl forwards a port for each store that is asked", () => {
  /** A kubectl that answers by itself, and remembers how it was called and that it was ended. */
  const script = (folder: string) => `#!${process.execPath}
const fs = require("node:fs"), http = require("node:http");
const args = process.argv.slice(2).join(" ");
fs.appendFileSync("${folder}/calls", args + "\\n");
if (args.includes("svc/alertmanager")) { console.error("error: no pod"); process.exit(1); }
const server = http.createServer((request, response) => response.end(request.headers["x-scope-orgid"] + " " + request.method + " " + request.url));
server.listen(0, "127.0.0.1", () => console.log("Forwarding from 127.0.0.1:" + server.address().port + " -> 8080"));
process.on("SIGTERM", () => { fs.appendFileSync("${folder}/calls", "ended\\n"); process.exit(0); });
`;
  test("and ends it", async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "tenantstack-kubectl-"));
    const kubectl = path.join(folder, "kubectl");
    fs.writeFileSync(kubectl, script(folder), { mode: 0o700 });
    const gets: string[] = [];
    const client = { get: (at: string) => (gets.push(at), Promise.resolve(at.endsWith("/cortex") ? {} : undefined)) };
    const cluster = { client, kubectlArgs: ["--context", "prod"] } as unknown as Awaited<ReturnType<typeof openCluster>>;
    const stores = new Stores({ loki: "http://127.0.0.1:1" }, () => Promise.resolve({ cluster, kubectl }));
    try {
      expect((await stores.ask("cortex.ruler", "shop", "/a", "POST")).text).toBe("shop POST /a");
      expect((await stores.ask("cortex.ruler", "shop", "/b")).text).toBe("shop GET /b");
      expect((await stores.ask("cortex.compactor", "shop", "/c")).text).toBe("shop GET /c");
      await expect(stores.ask("cortex.alertmanager", "shop", "/d")).rejects.toThrow("No way to cortex/svc/alertmanager: error: no pod");
      await expect(stores.ask("loki.query", "shop", "/e")).rejects.toThrow(/loki.query at http:\/\/127.0.0.1:1 gave no answer/);
    } finally {
      await stores.close();
    }
    const calls = fs.readFileSync(path.join(folder, "calls"), "utf8").trim().split("\n");
    const forwarded = (target: string) => `--context prod --namespace cortex port-forward --address 127.0.0.1 ${target} :8080`;
    expect(calls.sort()).toEqual([...["statefulset/cortex", "svc/alertmanager", "svc/ruler"].map(forwarded), "ended", "ended"]);
    expect(gets.map((at) => at.split("/").at(-1))).toEqual(["compactor", "cortex"]);
    fs.rmSync(folder, { recursive: true });
  });
});
