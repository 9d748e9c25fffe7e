import { prove } from "../../cli/proof";
import { beyondLoopback, listeners } from "../../embedded/pods/sockets";
import type { PlatformFacts } from "../../model/monitoring";
import { unread } from "./monitoring-kit";
import { PlatformPrometheus } from "./platform-prometheus";
import { LiveLab, secondsUntil } from "./pods-kit";

/**
 * Size distributed as processes of this machine, from the objects that `up` declared: the microservices of all three systems find one another, and
 * tenants' endpoints answer.
 */
const lab = new LiveLab({ ada: "cortex", cyd: "thanos" });
jest.setTimeout(580_000);

beforeAll(async () => {
  const began = Date.now();
  const { pods } = await lab.start({ pods: true, seconds: 480, overrides: { cluster: { size: "distributed" } } });
  const [seconds, ready] = [Math.round((Date.now() - began) / 1000), pods?.seconds.toFixed(1)];
  process.stderr.write(`   ${pods?.processes.length} processes; up and ready in ${seconds} s, of that ${ready} s gateways and stores\n`);
});
afterAll(() => lab.stop());

test("ready within 60 s of up, and every tenant's endpoints answer through the microservices", async () => {
  expect(lab.up.pods?.seconds).toBeLessThan(60);
  const proofs = await prove(lab.up);
  expect(proofs.map(({ tenant, ok, steps }) => [tenant, ok, steps.length])).toEqual([
    ["ada", true, 5],
    ["cyd", true, 5],
    ["system", true, 5],
  ]);
});

test("nothing listens beyond loopback", () => {
  const processes = lab.up.pods?.processes ?? [];
  expect(processes.length).toBeGreaterThan(50);
  const all = listeners();
  for (const { name, pid } of processes) expect([name, beyondLoopback(pid ?? 0, all)]).toEqual([name, []]);
});

test("one ingester a zone, and every part that gossips knows all the others, in Cortex and in Loki", async () => {
  const rings = { cortex: ["cortex/distributor-0", 8080], loki: ["loki/distributor-0", 3100] } as const;
  for (const [system, [pod, port]] of Object.entries(rings)) {
    const zones = async () => new Set((await lab.page(pod, port, "/ring")).match(/ingester-zone-[abc]-0/g));
    await secondsUntil(20, zones, (seen) => seen.size === 3);
    const members = async () => new Set((await lab.page(pod, port, "/memberlist")).match(/127\.\d+\.\d+\.\d+:7946/g)).size;
    await secondsUntil(20, members, (seen) => seen > 10);
    process.stderr.write(`   ${system}: ${await members()} members\n`);
  }
});

test("every metric that a rule or a panel reads is exported by the microservices too", async () => {
  const prometheus = await PlatformPrometheus.start(lab, 3);
  try {
    await prometheus.scraping();
    await prove(lab.up);
    const scraped = async () => (await prometheus.query("min(count_over_time(up[5m]))"))[0]?.value[1];
    await secondsUntil(30, scraped, (count) => Number(count) > 2);
    const facts: PlatformFacts = { cluster: { size: "distributed" }, hardware: "existing", s3: { endpoint: "x", region: "x", bucketPrefix: "x" }, metrics: "cortex", logs: true }; // prettier-ignore
    expect(await unread(prometheus, facts)).toEqual({ metrics: [], labels: [], selectors: [], hidden: [] });
  } finally {
    await prometheus.end();
  }
});
