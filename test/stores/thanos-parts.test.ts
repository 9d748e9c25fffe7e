import { execFile } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { hashringsText, limiting } from "../../components/observability/thanos/receive-config";
import { limitsFiles } from "../../model/limits";
import { thanosRetentionDays } from "../../model/crossrules";
import { toolPath, within } from "../engine/envoy";
import { declaredThanos, tenant, workloads } from "../unit/observability-kit";
import { ask } from "./program";
import { port, s3, ThanosLab } from "./thanos-kit";

/** Every argument and file that the program renders for Thanos, in both sizes, accepted by the binary itself. */
jest.setTimeout(180_000);
const day = 86_400;
/** One tenant of each class that Thanos may have, of every tier; the last one with a querier of its own. */
const tenants = thanosRetentionDays.map((days, n) =>
  tenant(`t${days}`, {
    metrics: "thanos",
    apis: ["metrics"],
    tier: (["small", "medium", "large"] as const)[n % 3]!,
    retention: { metrics: days * day, logs: day },
    querier: days === 730 ? "dedicated" : "shared",
  }),
);
const all = [...tenants, tenant("system", { apis: ["metrics"] })];
const erasing = {
  name: "gone",
  storageId: "gone",
  metrics: "thanos",
  apis: ["metrics"],
  retention: { metrics: 30 * day, logs: day },
  retired: "2026-01-01",
  eraseAfter: "2026-02-01",
  erasing: "2026-02-02",
} as const;
const sizes = ["single", "distributed"] as const;
const declared = (size: (typeof sizes)[number], more: object = {}) =>
  declaredThanos({ size, storage: s3, tenants: all, retired: [erasing], ...more });

const labs: ThanosLab[] = [];
afterAll(() => Promise.all(labs.map((lab) => lab.stop())), 60_000);
const inLab = async (resources: Awaited<ReturnType<typeof declared>>, extra?: ConstructorParameters<typeof ThanosLab>[1]) => {
  const lab = new ThanosLab(resources, extra);
  labs.push(lab);
  return lab;
};

/** Whether the binary knows all flags; it prints its help instead of doing anything. */
function parses(program: string, args: readonly string[]): Promise<string> {
  return new Promise((done) => {
    execFile(program, [...args, "--help"], { timeout: 30_000, maxBuffer: 1 << 24 }, (error, _, stderr) =>
      done(error === null ? "" : `${args[0]}: ${stderr.trim()}`),
    );
  });
}

test.each(["thanos", "thanos-before"] as const)("%s knows every flag of every part in both sizes", async (version) => {
  const program = await toolPath(version);
  const lists = new Map<string, string[]>();
  for (const size of sizes)
    for (const { template } of workloads(await declared(size))) {
      const { image, args } = template.spec.containers[0] as unknown as { image: string; args: string[] };
      if (image.includes("/thanos:")) lists.set(args.map((arg) => arg.replace(/=.*/s, "")).join(), args);
    }
  expect(lists.size).toBeGreaterThan(10);
  expect((await Promise.all([...lists.values()].map((args) => parses(program, args)))).filter((said) => said !== "")).toEqual([]);
  expect(await parses(program, ["query", "--querier.tenancy"])).toContain("unknown long flag");
});

test("size single gets ready from its own arguments, with a compactor for every class", async () => {
  const lab = await inLab(await declared("single"));
  await lab.start();
  const compactors = [
    ...thanosRetentionDays.filter((days) => days !== 395).map((days) => `compactor-${days}d`),
    "compactor-1d",
    "compactor-default",
  ];
  const parts = ["dedicated-frontend", "dedicated-query", "query", "query-frontend", "query-operators", "receive", "store", ...compactors];
  expect(lab.local.pods.map((pod) => pod.part).sort()).toEqual(parts.sort());
  expect(await lab.write("t30", [{ name: "single", value: 1 }])).toBe(200);
  const read = async (part: string, headers: Record<string, string>) =>
    (await lab.api(lab.local.one(part), "/api/v1/query", [["query", "single"]], headers)).text;
  await within(30_000, "it to be read", async () => (await read("query-frontend", { "THANOS-TENANT": "t30" })).includes('"t30"'));
  expect(await read("query-frontend", { "THANOS-TENANT": "t15" })).toContain('"result":[]');
  await within(30_000, "operators to read it", async () => (await read("query-operators", {})).includes('"t30"'));
  // Series are limited here, too.
  const receive = lab.local.one("receive");
  const file = path.join(receive.mounts["limits"]!.folder, "overrides.yaml");
  receive.mounts["limits"]!.publish({
    "overrides.yaml": fs.readFileSync(file, "utf8").replace(/head_series_limit: \d+/g, "head_series_limit: 1"),
  });
  await within(60_000, "series above the limit to be refused", async () => (await lab.write("t30", [{ name: "more", value: 1 }])) === 429);
  expect(lab.queries).toEqual(new Set(['sum by (tenant) (prometheus_tsdb_head_series{namespace="thanos"})']));
  await lab.stop();
});

test("without a bucket the receiver gets ready on its volume alone", async () => {
  const lab = await inLab(await declared("single", { storage: { kind: "volume" } }));
  await lab.start((pod) => pod.part === "receive");
  expect(lab.local.pods.map((pod) => pod.part)).not.toContain("store");
  await lab.stop();
});

test("limits files of every tier, with and without a count of series, and those of 5,000 tenants are accepted", async () => {
  const lab = await inLab(await declared("distributed"));
  const router = lab.local.one("receive-router");
  const many = Array.from({ length: 5_000 }, (_, n) => ({ ...tenants[n % 6]!, name: `t${n}`, storageId: `t${n}` }));
  const files = [all, tenants, many].map((of) => limitsFiles(of, [], "distributed", limiting("distributed", of).file).thanos.text);
  expect(files.map((text) => text.includes("head_series_limit"))).toEqual([true, false, false]);
  await lab.start((pod) => pod === router);
  for (const text of files) {
    const reloads = lab.program(router).log.split("reloading limit config").length;
    router.mounts["limits"]!.publish({ "overrides.yaml": text });
    await within(10_000, "it to be read", () => lab.program(router).log.split("reloading limit config").length > reloads);
  }
  await new Promise((done) => setTimeout(done, 1_000));
  expect(lab.program(router).log).not.toContain("error reloading");
  await lab.stop();
});

test("a router takes new rings and new shards while it runs", async () => {
  const lab = await inLab(await declared("distributed"), () => ["--receive.hashrings-file-refresh-interval=1s"]);
  const router = { ...lab.local.one("receive-router") };
  router.args = router.args.filter((arg) => !arg.startsWith("--receive.hashrings-file-refresh-interval"));
  const ring = (perZone: number) =>
    ["zone-a", "zone-b", "zone-c"].flatMap((zone) =>
      Array.from({ length: perZone }, (_, n) => ({ host: `ingestor-${zone}-${n}.invalid`, zone })),
    );
  await lab.start(() => false);
  await lab.run([router]);
  const nodes = async () => {
    const { text } = await ask(`http://${router.address}:${router.port(port.http)}/metrics`);
    return [...text.matchAll(/^thanos_receive_hashring_nodes\{name="(all-[0-9a-f]+)"\} (\d+)$/gm)].map((match) => [
      match[1],
      Number(match[2]),
    ]);
  };
  const shards = { t15: 3, t30: 3, t90: 6, t180: 0, t395: 99 };
  for (const text of [
    hashringsText(ring(2), shards),
    hashringsText(ring(4), shards),
    hashringsText(ring(4), { ...shards, t15: 6 }),
    hashringsText(ring(2), {}),
  ]) {
    router.mounts["hashrings"]!.publish({ "hashrings.json": text });
    const [{ hashring, endpoints }] = JSON.parse(text) as [{ hashring: string; endpoints: object[] }];
    await within(10_000, `${hashring} to be used`, async () =>
      (await nodes()).some(([name, count]) => name === hashring && count === endpoints.length),
    );
    expect(lab.program(router).restarts).toBe(0);
    // Nobody is there to take it, but every tenant's shard can be made: the answer is not that of a ring that is too small.
    for (const id of ["t15", "t90", "t180", "t395", "t730"])
      expect([id, await lab.write(id, [{ name: "x", value: 1 }], router)]).toEqual([id, 503]);
  }
  expect(lab.program(router).log).not.toMatch(/shard size|insufficient nodes/);
  await lab.stop();
});
