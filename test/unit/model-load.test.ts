import fc from "fast-check";
import fs from "node:fs";
import path from "node:path";
import { renderLedger } from "../../model/ledger";
import { loadTenants } from "../../model/load";
import { report } from "../../model/problem";
import { inProject, minimal, problemsOf, retiredProd } from "./model-kit";

const load = (root: string, zone?: string) => loadTenants("tenants", { projectRoot: root, ...(zone === undefined ? {} : { zone }) });

test("reads tenants, ledger and nothing else, and says what it left out", () => {
  const files = {
    "staging.yaml": minimal,
    "prod.yaml": minimal,
    ".ledger.yaml": renderLedger([retiredProd]),
    "tenant.schema.json": "{}",
    "README.md": "",
    "prod.json": "{}",
    ".hidden.yaml": "x",
    "prod/rules.yaml": "groups: []",
    "cell-b/other.yaml": "not: read",
  };
  inProject(files, (root) => {
    const set = load(root);
    expect(set.tenants.map((tenant) => [tenant.name, tenant.storageId, tenant.file])).toEqual([
      ["prod", "prod--2", "tenants/prod.yaml"],
      ["staging", "staging", "tenants/staging.yaml"],
    ]);
    expect(set.retiredIds).toEqual([retiredProd]);
    expect(set.notes).toEqual([
      "tenants/prod.json is not a tenant file (NAME.yaml) and is not read.",
      "tenants/prod.yaml: prod stores under prod--2; the data of its predecessor (retired 2026-11-01) is not visible to it.",
    ]);
  });
});

test("the order in which files were made does not matter", () => {
  const names = ["a1", "b2", "c3", "d4", "e5"];
  fc.assert(
    fc.property(fc.shuffledSubarray(names, { minLength: 5 }), (order) => {
      inProject(Object.fromEntries(order.map((name) => [`${name}.yaml`, minimal.replace("shop-", `${name}-`)])), (root) => {
        expect(load(root).tenants.map((tenant) => [tenant.name, tenant.owner])).toEqual(
          names.map((name) => [name, `${name}-platform@example.com`]),
        );
      });
    }),
    { numRuns: 15 },
  );
});

const cases: readonly (readonly [name: string, files: Record<string, string | Buffer>, says: RegExp])[] = [
  ["empty folder", {}, /^tenants\n.*holds no tenant file/m],
  ["empty file", { "prod.yaml": "" }, /prod.yaml:1:1\n.*must not be empty/],
  ["comments only", { "prod.yaml": "# nothing\n" }, /must not be empty/],
  [".yml", { "prod.yml": minimal }, /prod.yml\n.*Rename it to prod.yaml/],
  [".YAML", { "prod.YAML": minimal }, /Rename it to prod.yaml/],
  ["bad name", { "Prod_1.yaml": minimal }, /no good name.*Rename the file, for example to prod-1.yaml/],
  ["reserved name", { "cortex.yaml": minimal }, /cortex is reserved/],
  ["successor's id as a name", { "prod--2.yaml": minimal }, /two hyphens/],
  ["UTF-16", { "prod.yaml": Buffer.from(`\ufeff${minimal}`, "utf16le") }, /must be UTF-8 text.*UTF-16/],
  ["Latin-1", { "prod.yaml": Buffer.from("owner: a@example.com\ndescription: caf\xe9\n", "latin1") }, /prod.yaml:2:17\n.*must be UTF-8/],
  ["control character", { "prod.yaml": `${minimal}# \u0007\n` }, /prod.yaml:4:3\n.*control characters/],
  ["old Macintosh line ends", { "prod.yaml": minimal.replace(/\n/g, "\r") }, /prod.yaml:1:33\n.*LF or CRLF/],
  ["a name that a terminal obeys", { "a\u001b[2J.yaml": minimal }, /^tenants\/a\ufffd\[2J.yaml\n/m],
  ["huge file", { "prod.yaml": "#".repeat(200_000) }, /is 200000 bytes/],
  ["folder named like a file", { "prod.yaml/x": "" }, /is a folder/],
  ["ledger of another shape", { "prod.yaml": minimal, ".ledger.yaml": "retired: []" }, /\.ledger\.yaml:1:1\n.*list of retired/],
  [
    "ledger with a foreign id",
    { "prod.yaml": minimal, ".ledger.yaml": renderLedger([{ ...retiredProd, storageId: "staging" }]) },
    /storageId: staging\n.*must be prod, prod--2/,
  ],
  ["ledger with an id twice", { "prod.yaml": minimal, ".ledger.yaml": renderLedger([retiredProd, retiredProd]) }, /listed twice/],
  [
    "ledger that erased too soon",
    { "prod.yaml": minimal, ".ledger.yaml": renderLedger([{ ...retiredProd, erasing: "2027-01-31" }]) },
    /after eraseAfter/,
  ],
];

test.each(cases)("%s", (_name, files, says) => {
  inProject(files, (root) => expect(report(problemsOf(() => load(root)))).toMatch(says));
});

test("a folder that is not there, a file in its place and a dangling link", () => {
  inProject({ "prod.yaml": minimal }, (root) => {
    expect(report(problemsOf(() => loadTenants("nowhere", { projectRoot: root })))).toMatch(/^nowhere\n.*does not exist/m);
    expect(report(problemsOf(() => loadTenants("tenants/prod.yaml", { projectRoot: root })))).toMatch(/is not a folder/);
    fs.symlinkSync("gone", path.join(root, "tenants", "link.yaml"));
    expect(report(problemsOf(() => load(root)))).toMatch(/link.yaml\n.*does not exist/);
  });
});

test("a device is not read", () => {
  inProject({ "prod.yaml": minimal }, (root) => {
    fs.symlinkSync("/dev/zero", path.join(root, "tenants", "link.yaml"));
    expect(report(problemsOf(() => load(root)))).toMatch(/link.yaml\n.*is no file/);
  });
});

test("a byte order mark is no part of the first key", () => {
  inProject({ "prod.yaml": `\ufeff${minimal}` }, (root) => expect(load(root).tenants).toHaveLength(1));
  inProject({ "prod.yaml": `\ufeff${minimal.replace("owner: ", "owner: x ")}` }, (root) =>
    expect(problemsOf(() => load(root))[0]?.column).toBe(8),
  );
});

test("Thanos without a Prometheus that counts series is refused: nothing would enforce limits of series", () => {
  const thanos = `${minimal}metrics: thanos\n`;
  const refused = (files: Readonly<Record<string, string>>) =>
    inProject(files, (root) => problemsOf(() => load(root)).map((one) => `${one.file}:${one.line} ${one.rule}`));
  const [said] = refused({ "a1.yaml": thanos, "b1.yaml": minimal });
  expect(said).toMatch(/^tenants\/a1\.yaml:4 needs the tenant system with metrics/);
  expect(refused({ "a1.yaml": thanos, "system.yaml": `${minimal}apis: [logs]\n` })).toEqual([said]);
  expect(inProject({ "a1.yaml": thanos, "system.yaml": minimal }, (root) => load(root).tenants)).toHaveLength(2);
  // What is wrong with a file that is there says enough.
  expect(refused({ "a1.yaml": thanos, "system.yaml": "owner: nobody\n" }).filter((one) => !one.includes("system.yaml"))).toEqual([]);
});

describe("host names", () => {
  const claims = (domains: Record<string, string>, zone?: string) =>
    inProject(Object.fromEntries(Object.entries(domains).map(([name, more]) => [`${name}.yaml`, `${minimal}${more}\n`])), (root) => {
      try {
        load(root, zone);
        return "";
      } catch (error) {
        return (error as Error).message;
      }
    });
  test.each([
    [
      "two owners",
      { a1: "domain: shop.example", b1: "domain: shop.example" },
      undefined,
      /a1.yaml:4:9 {2}domain: shop.example\n.*claimed twice: tenants\/b1.yaml/,
    ],
    [
      "below another's",
      { a1: "domain: x.y.shop.example", b1: "domain: shop.example" },
      undefined,
      /must not lie below shop.example, the domain of tenants\/b1.yaml/,
    ],
    ["in the zone", { a1: "domain: b1.obs.example" }, "obs.example", /must not lie in the stack's zone/],
    ["the zone", { a1: "domain: obs.example" }, "obs.example", /must not lie in the stack's zone/],
    ["above the zone", { a1: "domain: example.com" }, "obs.example.com", /must not contain the stack's zone/],
  ])("%s", (_name, domains, zone, says) => expect(claims(domains as unknown as Record<string, string>, zone)).toMatch(says));
  test.each([
    ["neighbours", { a1: "domain: a.example", b1: "domain: b.example" }, "obs.example"],
    ["same ending", { a1: "domain: myshop.example", b1: "domain: shop.example" }, "obs.example"],
    ["suspended keeps its own", { a1: "domain: a.example\nstate: suspended" }, "obs.example"],
  ])("%s do not conflict", (_name, domains, zone) => expect(claims(domains as unknown as Record<string, string>, zone)).toBe(""));
  test("a retired tenant answers for nothing", () => {
    const retired = `${minimal}domain: shop.example\nstate: retired\neraseAfter: 2027-01-31\n`;
    inProject(
      { "prod.yaml": retired, "b1.yaml": `${minimal}domain: shop.example\n`, ".ledger.yaml": renderLedger([retiredProd]) },
      (root) => {
        expect(load(root, "obs.example").tenants).toHaveLength(2);
      },
    );
  });
});

test("the whole report, as a person reads it", () => {
  const files = {
    "prod.yaml":
      "owner: shop\ndescription: Production of the shop\ntier: mediun\nlimits:\n  metrics: {activeSeries: 5m, sampelsPerSecond: 25k}\nkeys: [2026-11]\n",
    "staging.yml": minimal,
    "system.yaml": `${minimal}querier: dedicated\n`,
  };
  inProject(files, (root) =>
    expect(report(problemsOf(() => load(root)))).toMatchInlineSnapshot(`
     "6 problems, nothing was changed:

     tenants/prod.yaml:1:8  owner: shop
         must be an e-mail address. Write for example owner: shop-platform@example.com

     tenants/prod.yaml:3:7  tier: mediun
         must be one of small, medium, large. Did you mean medium?

     tenants/prod.yaml:5:27  limits.metrics.activeSeries: 5m
         must be a number above 0, plain or with one of the decimal units k (thousand), M (million), G (billion). m reads as milli to some and as million to others: write 5M for millions

     tenants/prod.yaml:5:31  limits.metrics.sampelsPerSecond
         is not a known key. Did you mean samplesPerSecond?

     tenants/staging.yml
         must end in .yaml. Rename it to staging.yaml

     tenants/system.yaml:4:10  querier: dedicated
         dedicated is only for metrics: thanos. Write querier: shared, or metrics: thanos for a new tenant"
    `),
  );
});

test("the tenants of this repository are good", () => {
  const { tenants, notes } = loadTenants("tenants", { projectRoot: path.join(__dirname, "../.."), zone: "obs.example.com" });
  expect([tenants.map((tenant) => tenant.name), notes]).toEqual([expect.arrayContaining(["prod", "staging", "system"]), []]);
});

test("a thousand files take less than two seconds", () => {
  const files = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`t${i}.yaml`, minimal]));
  inProject(files, (root) => {
    const cpu = process.cpuUsage();
    expect(load(root).tenants).toHaveLength(1000);
    // Processor time: a busy machine must not fail it.
    expect(process.cpuUsage(cpu).user / 1e6).toBeLessThan(2);
  });
});
