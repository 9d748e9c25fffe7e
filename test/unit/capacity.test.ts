import fc from "fast-check";
import { planCapacity } from "../../model/capacity";
import { capacityProblems, checkCapacity, rounded } from "../../model/capacity-problems";
import type { CapacityOptions, CapacityPlan, Planned } from "../../model/capacity";
import { distributed, quorumZones, systems } from "../../model/capacity-figures";
import { report } from "../../model/problem";
import type { Tenant } from "../../model/tenant";
import { anyTenant, anyTenants, settings, tenant, three } from "./capacity-kit";
import { problemsOf } from "./model-kit";

const anyOptions = fc.record({ zones: fc.integer({ min: 1, max: 6 }), buffer: fc.double({ min: 0, max: 2, noNaN: true }) });
const anySettings = fc.record({ size: fc.constantFrom("single" as const, "distributed" as const), bucket: fc.boolean() });

const sizes = ["replicas", "cpu", "memory", "volume"] as const;
/** Everything a plan gives, by name. */
function gives(plan: CapacityPlan): Map<string, number> {
  const parts = plan.components.flatMap((one) => sizes.map((size) => [`${one.system} ${one.name} ${size}`, one[size]] as const));
  return new Map([...parts, ...Object.entries(plan.totals)]);
}
/** What `after` gives less of than `before`, beyond rounding. */
function less(before: CapacityPlan, after: CapacityPlan): string[] {
  const more = gives(after);
  return [...gives(before)].filter(([what, value]) => (more.get(what) ?? 0) < value * (1 - 1e-12)).map(([what]) => what);
}

describe("whatever the tenants", () => {
  test("one more, or a higher limit, gives no less of anything", () => {
    const limit = fc.constantFrom("activeSeries", "samplesPerSecond", "megabytesPerSecond", "streams", "parallelism");
    fc.assert(
      fc.property(
        anyTenants,
        anyTenant,
        fc.nat(),
        limit,
        fc.integer({ min: 2, max: 50 }),
        anySettings,
        anyOptions,
        (tenants, one, at, field, times, how, options) => {
          const on = settings(how.size, how.bucket);
          const before = planCapacity(tenants, on, options);
          expect(less(before, planCapacity([...tenants, { ...one, name: "another" }], on, options))).toEqual([]);
          const raised = tenants.map((each, i) => (i === at % tenants.length ? raise(each, field, times) : each));
          expect(less(before, planCapacity(raised, on, options))).toEqual([]);
        },
      ),
    );
  });

  test("their order does not matter, and one that goes and comes back leaves no trace", () => {
    const shuffled = anyTenants.chain((tenants) =>
      fc.tuple(fc.constant(tenants), fc.shuffledSubarray(tenants, { minLength: tenants.length })),
    );
    fc.assert(
      fc.property(shuffled, anySettings, anyOptions, ([tenants, other], how, options) => {
        const plan = (of: readonly Tenant[]) => planCapacity(of, settings(how.size, how.bucket), options);
        expect(plan(other)).toEqual(plan(tenants));
        const [first, ...rest] = tenants;
        if (first !== undefined) expect(plan([...rest, first])).toEqual(plan(tenants));
      }),
    );
  });

  test("retired ones need nothing, suspended ones what they need when they are active again", () => {
    fc.assert(
      fc.property(anyTenants, anySettings, anyOptions, (tenants, how, options) => {
        const plan = (of: readonly Tenant[]) => gives(planCapacity(of, settings(how.size, how.bucket), options));
        const living = tenants.filter((one) => one.state !== "retired");
        expect(plan(tenants)).toEqual(plan(living));
        expect(plan(living.map((one) => ({ ...one, state: "active" as const })))).toEqual(plan(living));
      }),
    );
  });

  test("what keeps copies has the same number in each zone of the quorum, whatever the zones of the hardware", () => {
    fc.assert(
      fc.property(anyTenants, anyOptions, (tenants, options) => {
        const { components } = planCapacity(tenants, settings("distributed"), options);
        const keepers = components.filter((one) => one.quorum);
        expect(keepers).toHaveLength(7);
        for (const { replicas } of keepers) {
          expect(replicas).toBeGreaterThanOrEqual(3);
          expect(replicas % quorumZones.length).toBe(0);
        }
      }),
    );
  });

  test("each component serves what is expected and the buffer, the stateless ones also when a zone is lost", () => {
    fc.assert(
      fc.property(anyTenants, anyOptions, (tenants, options) => {
        const { components } = planCapacity(tenants, settings("distributed"), options);
        for (const one of components)
          for (const bound of one.bounds) {
            expect(bound.holds * (1 + 1e-6)).toBeGreaterThanOrEqual(bound.expected * (1 + options.buffer));
            if (isSpread(one) && options.zones > 1)
              expect(bound.holds * (1 - 1 / options.zones) * (1 + 1e-6)).toBeGreaterThanOrEqual(bound.expected);
          }
      }),
    );
  });

  test("size single refuses them exactly when a process is expected to be full", () => {
    fc.assert(
      fc.property(anyTenants, fc.boolean(), (tenants, bucket) => {
        const plan = planCapacity(tenants, settings("single", bucket));
        const full = plan.components.flatMap((one) => one.bounds).filter((bound) => bound.expected > bound.holds);
        expect(capacityProblems(plan)).toHaveLength(full.length);
      }),
    );
  });
});

test("what keeps copies counts by quorum, and no volume is counted otherwise but of compactors and of Thanos rule", () => {
  const all = systems.flatMap((system) => distributed[system].map((one) => ({ ...one, id: `${system} ${one.name}` })));
  const ids = (which: (one: (typeof all)[number]) => boolean) => all.filter(which).map((one) => one.id);
  const keepers = ["ingester", "store-gateway", "alertmanager"].map((name) => `cortex ${name}`);
  keepers.push("loki ingester", "loki index-gateway", "thanos receive-ingestor", "thanos store");
  expect(ids((one) => one.placement === "quorum")).toEqual(keepers);
  expect(keepers).toEqual(expect.arrayContaining(ids((one) => one.holds.some(({ copies = 1 }) => copies > 1))));
  // Compactors work alone and can fetch all again; each pod of Thanos rule evaluates everything.
  const others = ids((one) => one.placement !== "quorum" && one.pod.volume !== undefined);
  expect(others).toEqual(["cortex compactor", "loki compactor", "thanos compactor", "thanos rule"]);
});

const isSpread = ({ system, name }: Planned) =>
  system !== "tenants" && distributed[system].some((one) => one.name === name && one.placement === "spread");

function raise(one: Tenant, field: string, times: number): Tenant {
  const group = <T extends object>(of: T): T => (field in of ? { ...of, [field]: (of as Record<string, number>)[field]! * times } : of);
  const { metrics, logs, queries } = one.limits;
  return { ...one, limits: { metrics: group(metrics), logs: group(logs), queries: group(queries) } };
}

const replicas = (tenants: readonly Tenant[], options: CapacityOptions = {}) =>
  Object.fromEntries(
    planCapacity(tenants, settings("distributed"), { zones: 3, ...options }).components.map((one) => [
      `${one.system} ${one.name}`,
      one.replicas,
    ]),
  );

test("replicas as the published figures give them", () => {
  // 10M series and 1M samples/s of limits: 60% of it, three copies, half as much again.
  const big = tenant("big", "limits: {metrics: {activeSeries: 10M, samplesPerSecond: 1M}, logs: {megabytesPerSecond: 100}}\n");
  expect(replicas([big])).toMatchObject({
    // 600k x 1.5 / 240k = 3.75
    "cortex distributor": 4,
    // samples: 600k x 3 x 1.5 / 80k = 33.75, series: 6M x 3 x 1.5 / 3M = 9; a multiple of three
    "cortex ingester": 36,
    // 60 MB/s x 3 x 1.5 / (347.2 x 3 / 90) = 23.3
    "loki ingester": 24,
    "thanos receive-ingestor": 3,
  });
  expect(replicas([big], { buffer: 0 })).toMatchObject({ "cortex distributor": 4, "cortex ingester": 24, "loki ingester": 18 });
  const classes = [
    tenant("a", "metrics: thanos\nretention: {metrics: 15d}\n"),
    tenant("b", "metrics: thanos\nretention: {metrics: 90d}\n"),
  ];
  expect(replicas(classes)).toMatchObject({ "thanos compactor": 3 });
});

describe("checkCapacity", () => {
  test.each([true, false])("three tenants of default limits fit in size single (bucket: %s)", (bucket) => {
    const medium = [tenant("prod", "tier: medium\n"), tenant("staging"), tenant("system")];
    for (const tenants of [medium, three]) expect(() => checkCapacity(tenants, settings("single", bucket))).not.toThrow();
    expect(() => checkCapacity([], settings("single", bucket))).not.toThrow();
  });

  test("names the first limit that breaks, the numbers and the remedy", () => {
    const tenants = [tenant("shop", "tier: large\nlimits: {logs: {megabytesPerSecond: 2, streams: 2k}}\n"), ...three];
    expect(report(problemsOf(() => checkCapacity(tenants, settings("single"))))).toMatchInlineSnapshot(`
     "2 problems, nothing was changed:

     tenants/shop.yaml:5:1  limits.metrics.activeSeries
         cortex in cluster.size single holds 1M series at one time, and its tenants are expected to use 2.49M series (60% of the 4.15M that their limits add up to; 3M of it shop). Write activeSeries: 516k or less here, or write cluster.size: distributed in the stack's settings; npx tenantstack capacity shows who uses what

     tenants/shop.yaml:5:1  limits.metrics.samplesPerSecond
         cortex in cluster.size single holds 85.7k samples/s at one time, and its tenants are expected to use 276k samples/s (60% of the 460k that their limits add up to; 350k of it shop). Write samplesPerSecond: 32.8k or less here, or write cluster.size: distributed in the stack's settings; npx tenantstack capacity shows who uses what"
    `);
  });

  test("what the remedy says fits, and no more", () => {
    const [problem] = problemsOf(() => checkCapacity([tenant("shop", "tier: large\n"), ...three], settings("single")));
    const fitting = /activeSeries: (\S+) or less/.exec(problem!.remedy)![1]!;
    const withSeries = (series: string) => [
      tenant("shop", `limits: {metrics: {activeSeries: ${series}, samplesPerSecond: 1k}}\n`),
      ...three.map((one) => raise(one, "samplesPerSecond", 0.01)),
    ];
    expect(() => checkCapacity(withSeries(fitting), settings("single"))).not.toThrow();
    expect(() => checkCapacity(withSeries("600k"), settings("single"))).toThrow(/activeSeries/);
  });

  test("size distributed ends where Loki's published sizes and one cluster's nodes end", () => {
    const huge = tenant("huge", "limits: {logs: {megabytesPerSecond: 600}}\n");
    expect(report(problemsOf(() => checkCapacity([huge], settings("distributed"))))).toMatch(
      /megabytesPerSecond: 600\n.*no published sizing above 347 MB\/s.*360 MB\/s/,
    );
    const series = tenant("huge", "limits: {metrics: {activeSeries: 1G, samplesPerSecond: 1G}}\n");
    expect(report(problemsOf(() => checkCapacity([series], settings("distributed"))))).toMatch(/needs \d+ nodes .* at most 5000/);
  });
});

test.each([
  [0, "0"],
  [1_048_576, "1.04M"],
  [85_714, "85.7k"],
  [5, "5"],
  [6.748, "6.74"],
  [300, "300"],
  [1_000_000, "1M"],
])("%d reads %s", (value, text) => expect(rounded(value)).toBe(text));
