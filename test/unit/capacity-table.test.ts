import fs from "node:fs";
import path from "node:path";
import { capacity } from "../../cli/capacity";
import { planCapacity } from "../../model/capacity";
import { defaultBuffer, expectedUse } from "../../model/capacity-figures";
import { capacityTable } from "../../model/capacity-table";
import { report } from "../../model/problem";
import type { Tenant } from "../../model/tenant";
import { grown, settings, three } from "./capacity-kit";
import { inProject, minimal, problemsOf } from "./model-kit";

const root = path.join(__dirname, "../..");

describe("the table, as a person reads it", () => {
  const narrow = (text: string) => expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);

  test("size single, against what was before", () => {
    const now = planCapacity(three, settings("single"));
    const text = capacityTable(planCapacity(grown, settings("single")), { name: "main", plan: now });
    narrow(text);
    expect(text).toMatchInlineSnapshot(`
     "Capacity of size single for 5 tenants, expecting 60% of limits

                           now  after  one process holds    headroom  uses most
     ~ cortex  series     690k  2.49M                 1M  none: 249%  shop 72%
     ~         samples/s   66k   276k              85.7k  none: 322%  shop 76%
     ~ loki    MB/s        3.6   13.8               6.75  none: 204%  shop 70%
     ~         streams    4.5k  17.2k              14.3k  none: 120%  shop 70%
     ~ thanos  series      90k   180k               517k         65%  staging 50%
     ~         samples/s    6k    12k              85.7k         86%  staging 50%

      in all     now  after
      CPU          3      9  requested
      memory    24Gi   31Gi  when each process is full
      volumes  134Gi  200Gi
      nodes        3      4  of 4 CPU, 16 GiB (as m7i.xlarge)

     Capacity steps against main:
       thanos own queriers: 0 -> 1
       thanos own frontends: 0 -> 1
     "
    `);
  });

  test("size distributed, against what was before", () => {
    const now = planCapacity(three, settings("distributed"), { zones: 3 });
    const text = capacityTable(planCapacity(grown, settings("distributed"), { zones: 3 }), { name: "main", plan: now });
    narrow(text);
    expect(text).toMatchInlineSnapshot(`
     "Capacity of size distributed over 3 zones for 5 tenants, expecting 60% of limits (queries 25%) + 50%

                             now  after  zone  CPU  memory  volumes  headroom        uses most
       cortex                 36     48        111   421Gi   2030Gi
         distributor           3      3     1    6     6Gi        -   61% samples/s  shop 76%
     ~   ingester              6     18     6   72   270Gi   1800Gi   42% samples/s  shop 76%
         querier               3      3     1    6    36Gi        -   41% queries    shop 57%
         query-frontend        3      3     1    6     6Gi        -   90% queries    shop 57%
         query-operators       1      1   0-1    2    12Gi        -     -            -
         query-scheduler       3      3     1    3   1.5Gi        -   90% queries    shop 57%
         store-gateway         3      3     1    6    36Gi    150Gi   41% queries    shop 57%
         compactor             1      1   0-1    1     5Gi     50Gi   87% series     shop 72%
         ruler                 3      3     1    6    18Gi        -   78% rules      shop 73%
         alertmanager          3      3     1  0.3     3Gi     30Gi   99% tenants    -
         overrides-exporter    1      1   0-1  0.1   0.5Gi        -     -            -
         memcached-blocks      3      3     1  1.5    23Gi        -     -            -
         memcached-results     3      3     1  1.5   4.5Gi        -     -            -
       loki                   29     36         45    91Gi    500Gi
         distributor           3      3     1    6   1.5Gi        -   47% MB/s       shop 70%
     ~   ingester              3      6     2   12    24Gi    300Gi   40% MB/s       shop 70%
     ~   querier               3      7   2-3    7     7Gi        -   35% queries    shop 44%
         query-operators       1      1   0-1  1.5     2Gi        -     -            -
         query-frontend        3      3     1    3     6Gi        -   73% MB/s       shop 70%
         query-scheduler       3      3     1    3   1.5Gi        -     -            -
         index-gateway         3      3     1  1.5     6Gi    150Gi   47% MB/s       shop 70%
         compactor             1      1   0-1    2    10Gi     50Gi     -            -
         ruler                 3      3     1    6     6Gi        -   74% rules      shop 62%
         memcached-chunks      3      3     1  1.5    23Gi        -     -            -
         memcached-results     3      3     1  1.5   4.5Gi        -     -            -
       thanos                 27     29         46   195Gi    740Gi
         receive-router        3      3     1    6     6Gi        -   98% samples/s  staging 50%
         receive-ingestor      3      3     1   12    45Gi    360Gi   85% samples/s  staging 50%
         store                 3      3     1    6    36Gi    150Gi   75% queries    staging 100%
         compactor             2      2   0-1    2    20Gi    200Gi     -            -
         query                 3      3     1    6    36Gi        -   91% queries    staging 100%
         query-frontend        3      3     1    6     6Gi        -   98% queries    staging 100%
         query-operators       1      1   0-1    2    12Gi        -     -            -
         rule                  3      3     1    3     6Gi     30Gi     -            -
         memcached-blocks      3      3     1  1.5    23Gi        -     -            -
         memcached-results     3      3     1  1.5   4.5Gi        -     -            -
     ~   own queriers          0      1   0-1  0.1   0.5Gi        -     -            -
     ~   own frontends         0      1   0-1  0.1   0.3Gi        -     -            -
       tenants                13     28        7.6    11Gi    110Gi
     ~   gateway               6     17        5.9   3.2Gi        -     -            -
     ~   grafana               3      5        0.5     3Gi     10Gi     -            -
     ~   prometheus            3      5        1.1   4.5Gi    100Gi     -            -
         collector             1      1        0.1   0.3Gi        -     -            -

      in all      now   after
      CPU         146     210  requested
      memory    514Gi   718Gi  requested
      volumes  1964Gi  3380Gi
      nodes        27      36  of 8 CPU, 32 GiB (as m7i.2xlarge), the same in each zone

     Capacity steps against main:
       cortex ingester: 6 -> 18
       loki ingester: 3 -> 6
       loki querier: 3 -> 7
       thanos own queriers: 0 -> 1
       thanos own frontends: 0 -> 1
     "
    `);
  });

  test("a dedicated querier that goes is a step as well", () => {
    const plan = (of: readonly Tenant[]) => planCapacity(of, settings("single"));
    expect(capacityTable(plan(three), { name: "main", plan: plan(grown) })).toMatch(/thanos own queriers: 1 -> 0/);
  });

  test("docs/sizing.md shows what is printed", () => {
    const docs = fs.readFileSync(path.join(root, "docs/sizing.md"), "utf8");
    expect(docs).toContain(capacityTable(planCapacity(three, settings("distributed"), { zones: 3 })));
    const figures = [expectedUse.series, expectedUse.queries, expectedUse.rules, defaultBuffer].map((share) => `${share * 100}%`);
    for (const figure of figures) expect(docs).toContain(figure);
  });
});

describe("the command", () => {
  const config =
    "config:\n  tenantstack:zone: obs.example.com\n  tenantstack:cloudflareToken: {secure: abc}\n  tenantstack:cluster: {size: single}\n";
  const run = (files: Record<string, string>, options: Partial<Parameters<typeof capacity>[1]>) =>
    inProject(files, (dir) => {
      fs.writeFileSync(path.join(dir, "Pulumi.dev.yaml"), config);
      return capacity(dir, { stack: "dev", ...options });
    });

  test("reads the stack's settings and tenants, and takes other sizes to try", () => {
    expect(run({ "prod.yaml": minimal }, {})).toMatchObject({
      text: expect.stringMatching(/^Capacity of size single for 1 tenant,/),
      problems: [],
    });
    expect(run({ "prod.yaml": minimal }, { size: "distributed", zones: "2", buffer: "20" }).text).toMatch(
      /over 2 zones for 1 tenant, .* \+ 20%/,
    );
    expect(run({ "prod.yaml": `${minimal}tier: large\n` }, {}).problems[0]).toMatchObject({ file: "tenants/prod.yaml" });
  });

  test.each([
    [{ size: "huge" }, /--size {2}huge\n.*single or distributed/],
    [{ zones: "0" }, /--zones {2}0\n.*whole number from 1 to 6/],
    [{ buffer: "-1" }, /--buffer {2}-1\n.*0 to 1000/],
    [{ stack: "../x" }, /Pulumi\.\.\.\/x\.yaml.*\n.*--stack/],
    [{ stack: "absent" }, /Pulumi\.absent\.yaml.*\n.*--stack/],
  ])("refuses %j", (options, says) => expect(report(problemsOf(() => run({ "prod.yaml": minimal }, options)))).toMatch(says));

  test("an unknown base is a sentence, not a stack trace", () => {
    expect(() => capacity(root, { stack: "dev", base: "no-such-commit" })).toThrow(/--base no-such-commit: .*Name a commit or branch/);
  });

  const inGit = fs.existsSync(path.join(root, ".git")) ? test : test.skip;
  inGit("compares with a commit of this checkout", () => {
    expect(capacity(root, { stack: "dev", base: "HEAD" }).text).toMatch(
      /^No capacity step against HEAD\.$|^Capacity steps against HEAD:$/m,
    );
  });
});
