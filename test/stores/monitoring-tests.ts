import { setTimeout as sleep } from "node:timers/promises";
import { platformRules, type PlatformFacts } from "../../model/monitoring";
import { recordingsOf } from "../../model/monitoring/rule";
import { appliedSeries } from "../../model/monitoring/applied";
import { seriesOfTenants } from "../../model/monitoring/federated";
import { useSeries } from "../../model/monitoring/tenants";
import { metricsPaths } from "../../model/monitoring/upstreams";
import { ports } from "../../components/tenant/gateway/input";
import { podsStatus } from "../../embedded/pods";
import { within } from "../engine/envoy";
import { unread } from "./monitoring-kit";
import { ask } from "./program";
import { PlatformPrometheus } from "./platform-prometheus";
import { secondsUntil, type LiveLab } from "./pods-kit";

const facts: PlatformFacts = { cluster: { size: "single" }, hardware: "existing", s3: { endpoint: "x", region: "x", bucketPrefix: "x" }, metrics: "cortex", logs: true }; // prettier-ignore
const groups = Object.values(platformRules(facts)).flat();
/** Limits of tier small, and what the tests before set; Loki rounds megabytes. */
const applied = [
  ["ada", "cortex", "metrics.activeSeries", "== 123000"],
  ["ada", "cortex", "metrics.samplesPerSecond", "== 10000"],
  ["ada", "cortex", "queries.parallelism", "== 8"],
  ["ada", "loki", "logs.megabytesPerSecond", "> 0.999 < 1.001"],
  ["cyd", "loki", "logs.streams", "== 1250"],
  ["cyd", "loki", "queries.parallelism", "== 8"],
  ["cyd", "thanos", "metrics.activeSeries", "== 42000"],
  ["cyd", "gateway", "metrics.samplesPerSecond", "== 10000"],
] as const;
/** Tenants of the lab that use their stores, one of each system of metrics. */
const users = ["ada", "cyd"] as const;

/**
 * The platform's own Prometheus over the real stores and gateways of size single: it discovers, scrapes, records and alerts by what `up` declared, while
 * two tenants use their stores and are refused some. Every name and label that a rule or a panel reads must be found.
 * @param lab is up; the tests leave broken files of limits in it.
 */
export function monitoringTests(lab: LiveLab, tenants: readonly string[]): void {
  let prometheus: PlatformPrometheus;
  beforeAll(async () => {
    for (const tenant of users) await use(tenant, 1);
    await rules();
    // Rulers look for rules once a minute, and when they start.
    const running = podsStatus(lab.state).filter(({ name }) => ["cortex/cortex-0/cortex", "loki/loki-0/loki"].includes(name));
    expect(running).toHaveLength(2);
    for (const { pid } of running) if (pid !== undefined) process.kill(pid, "SIGKILL");
    await lab.syncPods();
    prometheus = await PlatformPrometheus.start(lab, 1);
    // Rates need a scrape before and one after.
    await prometheus.scraping();
    for (const value of [2, 3, 4, 5]) {
      for (const tenant of users) await use(tenant, value);
      await refusals();
      await sleep(1_000);
    }
    await within(30_000, "every rule to have run", async () => (await prometheus.rules()).every(({ health }) => health !== "unknown"));
  });
  afterAll(async () => {
    await prometheus?.end();
  });

  async function use(tenant: (typeof users)[number], value: number): Promise<void> {
    expect((await lab.pushSample(tenant, value)).status).toBe(200);
    expect((await lab.pushLine(tenant, `line ${value}`)).status).toBe(204);
    await secondsUntil(20, () => lab.samples(tenant), (seen) => seen.length > 0); // prettier-ignore
    await secondsUntil(20, () => lab.lines(tenant), (seen) => seen.length > 0); // prettier-ignore
  }

  const post = (url: string, text: string, token: string, type = "application/json") =>
    lab.client.ask({ url, token, headers: { "content-type": type }, body: () => text });

  /** A rule of a tenant's own in each store, and an Alertmanager that has nobody to tell. */
  async function rules(): Promise<void> {
    const token = lab.token("ada", "rules:write", "alerts:write");
    const group = (expr: string) => `name: own\ninterval: 1s\nrules:\n- {alert: Always, expr: '${expr}'}\n`;
    const cortex = (path: string) => `https://cortex.ada.obs.localhost${path}`;
    const sent = [
    await post(cortex("/api/v1/rules/space"), group("vector(1)"), token, "application/yaml"),
    await post("https://loki.ada.obs.localhost/loki/api/v1/rules/space", group('sum(rate({job="lab"}[1m]))'), token, "application/yaml"),
    await post(cortex("/api/v1/alerts"), receivers, token, "application/yaml"),
  ]; // prettier-ignore
    expect(sent.map(({ status }) => status)).toEqual([202, 202, 201]);
  }
  const receivers =
    "alertmanager_config: |\n  route: {receiver: hook, group_wait: 1s}\n  receivers: [{name: hook, webhook_configs: [{url: 'http://127.0.0.1:1/'}]}]\n";

  /**
   * What each store refuses for another reason, and what a gateway does. Cortex in one process exports what its ingester discards or what its
   * distributor does, by chance at each start (both register the same metric, pkg/util/validation/validate.go of v1.21.1): both discard here.
   */
  async function refusals(): Promise<void> {
    const old = "1000000000";
    const line = JSON.stringify({ streams: [{ stream: { job: "lab" }, values: [[old, "from 1970"]] }] });
    const gauge = (points: readonly object[]) =>
      JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: "refused", gauge: { dataPoints: points } }] }] }] });
    const point = (timeUnixNano: string, i: number | string) => ({ asDouble: 1, timeUnixNano, attributes: [{ key: "i", value: { stringValue: `${i}` } }] }); // prettier-ignore
    const many = gauge(Array.from({ length: 10_001 }, (_, i) => point(`${Date.now()}000000`, i)));
    const answers = [
      await post(lab.url("ada", "logs", "/loki/api/v1/push"), line, lab.token("ada")),
      await post(lab.url("ada", "metrics", "/api/v1/otlp/v1/metrics"), gauge([point(old, 1)]), lab.token("ada")),
      await post(
        lab.url("ada", "metrics", "/api/v1/otlp/v1/metrics"),
        gauge([point(`${Date.now()}000000`, "x".repeat(3_000))]),
        lab.token("ada"),
      ),
      await post(lab.url("cyd", "metrics", "/api/v1/otlp"), many, lab.token("cyd")),
      await lab.pushSample("ada", 1, {}, "no-token"),
      await lab.pushSample("ada", 1, {}, lab.token("ada", "metrics:read")),
    ];
    const words = [
      /^400 .*timestamp too old/,
      /^400 .*out of bounds/,
      /^400 .*label value too long/,
      /^413 too many timeseries/,
      /^401 Jwt/,
      /^403 /,
    ];
    expect(answers.map(({ status, text }) => `${status} ${text}`)).toEqual(words.map((one) => expect.stringMatching(one) as string));
  }

  test("it finds every pod of the stores and every gateway by its PodMonitors, with the rights of its service account, and scrapes them", async () => {
  const targets = await prometheus.targets();
  expect(targets.filter(({ health }) => health !== "up")).toEqual([]);
  const found = targets.map(({ labels }) => [labels["job"], labels["namespace"], labels["tenant"] ?? ""].join(" ")).sort();
  const gateways = [...tenants, "system"].flatMap((tenant) => Array.from({ length: 2 }, () => `tenant/gateway ${tenant}-tenant ${tenant}`));
  const thanos = ["compactor-30d", "compactor-default", "query", "query-frontend", "receive", "store"].map((part) => `thanos/${part} thanos `);
  expect(found).toEqual(["cortex/cortex cortex ", "loki/loki loki ", "platform/prometheus system-tenant ", ...gateways, ...thanos].sort());
}); // prettier-ignore

  test("every metric that a rule or a panel reads is exported under this name, with the labels and values by which it selects, groups and joins", async () => {
    expect(await unread(prometheus, facts)).toEqual({ metrics: [], labels: [], selectors: [], hidden: [] });
  });

  test("every rule can be evaluated, and every recorded series but those of faults has a value for tenants, jobs and pods", async () => {
    const failed = (await prometheus.rules()).filter(({ health }) => health !== "ok");
    expect(failed.map(({ name, lastError }) => [name, lastError])).toEqual([]);
    const names = [...new Set(recordingsOf(groups).map(({ record }) => record))];
    for (const name of names) {
      const series = await prometheus.query(name);
      expect([name, series.length > 0]).toEqual([name, true]);
      // The first word of a name says whose it is.
      const levels = (name.split(":")[0] ?? "").split("_").filter((level) => ["tenant", "job", "pod", "system"].includes(level));
      for (const { metric } of series) for (const level of levels) expect([name, level, metric[level]]).toEqual([name, level, expect.stringMatching(/./)]); // prettier-ignore
    }
  });

  test("use, limits and refusals of each tenant are found in what its stores and its gateway export", async () => {
    const use = (limit: string) => users.map((tenant) => `tenant_limit:use:current{tenant="${tenant}",limit="${limit}"} > 0`);
    const limits = ["metrics.activeSeries", "metrics.samplesPerSecond", "logs.megabytesPerSecond", "logs.streams", "requests.ingest", "requests.query"]; // prettier-ignore
    const found = [
      ...limits.flatMap(use),
      ...users.map((tenant) => `tenant_limit:use:ratio{tenant="${tenant}",limit="metrics.activeSeries"} < 0.1`),
      'tenant_reason:rejected_samples:rate5m{tenant="ada"} > 0',
      'tenant_reason:rejected_lines:rate5m{tenant="ada",reason="greater_than_max_sample_age"} > 0',
      'tenant_reason:rejected_log_bytes:rate5m{tenant="ada"} > 0',
      'tenant_reason:rejected_writes:rate5m{tenant="cyd",reason="HTTP 413"} > 0',
      'tenant_reason:gateway_refusals:rate5m{tenant="ada",reason="unauthenticated"} > 0',
      'tenant_reason:gateway_refusals:rate5m{tenant="ada",reason="forbidden"} > 0',
      'tenant_upstream_code:responses:rate5m{tenant="cyd",envoy_cluster_name="thanos-receive",envoy_response_code="413"} > 0',
      'tenant_upstream:latency_seconds:p99_5m{tenant="ada",envoy_cluster_name="cortex-push"} > 0',
      'tenant_system:usage_samples:increase1h{tenant="ada",system="cortex"} > 0',
      'tenant_system:usage_samples:increase1h{tenant="cyd",system="thanos"} > 0',
      ...users.map((tenant) => `tenant_system:usage_log_bytes:increase1h{tenant="${tenant}"} > 0`),
      'tenant_system:usage_queries:increase1h{tenant="cyd",system="thanos"} > 0',
      ...applied.map(
        ([tenant, system, limit, holds]) => `tenant_limit:applied:max{tenant="${tenant}",system="${system}",limit="${limit}"} ${holds}`,
      ),
      'tenant:certificate_days:min{tenant="ada"} > 300',
      'tenant:signing_key_end:min{tenant="ada"} > 1.8e9',
      'job_dimension:capacity_use:ratio{system="cortex",dimension="series"} > 0',
      'pod:disk_use:ratio{job="thanos/receive"} > 0',
      ...["cortex", "loki", "thanos"].map((system) => `job_route:requests:rate5m{system="${system}"} > 0`),
    ];
    for (const expr of found) expect([expr, (await prometheus.query(expr)).length > 0]).toEqual([expr, true]);
    // What receive is given for the limit of series: Thanos' own query, by namespace.
    const series = await prometheus.query('sum by (tenant) (prometheus_tsdb_head_series{namespace="thanos"})');
    expect(series.map(({ metric }) => metric["tenant"])).toContain("cyd");
  });

  test("a tenant's gateway hands over what the platform knows of its tenant, and nothing of another", async () => {
    for (const tenant of users) {
      const other = users.find((one) => one !== tenant) ?? "";
      const { folder, files } = lab.mounted(`${tenant}-tenant/gateway-0`, "/etc/gateway/routes");
      const [host = "", port = ""] = prometheus.address.split(":");
      const clusters = (files["clusters.yaml"] ?? "").replace(
        /address: "[^"]+", port_value: 9090/,
        `address: "${host}", port_value: ${port}`,
      );
      expect(clusters).toContain(host);
      folder.publish({ ...files, "clusters.yaml": clusters });
      const told = async () => (await ask(`http://${lab.up.pods?.addresses[`${tenant}-tenant/gateway-0`]}:${ports.metrics}${metricsPaths.platform}`)).text; // prettier-ignore
      await secondsUntil(20, told, (text) => text.includes(`tenant="${tenant}"`));
      const lines = (await told()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
      for (const line of lines) expect(line).toMatch(new RegExp(`^(${seriesOfTenants.join("|")})\\{[^}]*tenant="${tenant}"[^}]*\\} `));
      for (const series of [appliedSeries, useSeries]) expect(lines.filter((line) => line.startsWith(series)).length).toBeGreaterThan(1);
      expect(lines.join()).not.toContain(other);
    }
  });

  /** Refused above so that it is counted; the collectors of logs do not run here; nobody has given tenant `system` a receiver yet. */
  const expected = /^(PlatformWatchdog|Tenant(Samples|Writes|Lines)Rejected|TenantWritesRefused|LogCollectorDown|PlatformAlertsNotDelivered|AlertsOfTenantsNotDelivered)$/; // prettier-ignore
  const raised = async () =>
    (await prometheus.rules()).filter(({ state }) => state === "pending" || state === "firing").map(({ name }) => name);

  test("a platform that works raises no alert but for what was refused", async () => {
  const names = await raised();
  expect(names.filter((name) => !expected.test(name))).toEqual([]);
  expect(names).toEqual(expect.arrayContaining(["PlatformWatchdog", "TenantLinesRejected", "TenantSamplesRejected", "TenantWritesRejected"]));
}); // prettier-ignore

  test("what it records comes through the gateway into the store of tenant `system`, and its alerts to the Alertmanager there, once that has a receiver", async () => {
    const read = async (query: string) => {
      const url = lab.url("system", "metrics", `/api/v1/query?query=${encodeURIComponent(query)}`);
      const { text } = await lab.client.ask({ url, token: lab.token("system") });
      return (JSON.parse(text) as { data: { result: { metric: Record<string, string> }[] } }).data.result.map(({ metric }) => metric);
    };
    const wanted = 'tenant_limit:use:current{tenant="cyd",system="thanos"}';
    await secondsUntil(20, () => read(wanted), (seen) => seen.length > 0); // prettier-ignore
    expect(await read(wanted)).toContainEqual(expect.objectContaining({ prometheus: "system", limit: "metrics.activeSeries" }));
    await secondsUntil(10, raised, (names) => names.includes("PlatformAlertsNotDelivered"));
    const token = lab.token("system", "alerts:write", "alerts:read");
    const url = (path: string) => `https://cortex.system.obs.localhost${path}`;
    expect((await post(url("/api/v1/alerts"), receivers, token, "application/yaml")).status).toBe(201);
    const alerts = async () => (await lab.client.ask({ url: url("/alertmanager/api/v2/alerts"), token })).text;
    await secondsUntil(30, alerts, (text) => text.includes("PlatformWatchdog"));
  });

  test("a broken file of limits raises an alert in all three, and not the next good one", async () => {
    for (const place of ["cortex/cortex-0/cortex:/etc/cortex-limits", "loki/loki-0/loki:/etc/loki-limits"]) {
      const { folder, file } = lab.mounted(...(place.split(":") as [string, string]));
      folder.publish({ [file]: "overrides:\n  ada:\n    no_such_limit: 1\n" });
    }
    const { folder, file, text } = lab.mounted("thanos/receive-0", "/etc/thanos-limits");
    const other = text.replace(/(cyd:[^]*?head_series_limit: )\d+/, "$14242");
    expect(other).not.toBe(text);
    folder.publish({ [file]: other });
    const step = async () => (await prometheus.query("pod:limits_reload_step:last")).map(({ value }) => value[1]);
    const lives = async () => (await prometheus.query('tenant_limit:applied:max{tenant="cyd",system="thanos"} == 4242')).length;
    await secondsUntil(20, lives, (seen) => seen === 1);
    await secondsUntil(5, step, (seen) => seen.join() === "1");
    folder.publish({ [file]: `${other}no_such_key: 1\n` });
    const alerts = async () =>
    (await prometheus.rules()).flatMap(({ alerts = [] }) => alerts).map(({ labels: { alertname, job } }) => `${alertname} ${job}`); // prettier-ignore
    for (const job of ["cortex/cortex", "loki/loki", "thanos/receive"])
      await secondsUntil(20, alerts, (seen) => seen.includes(`LimitsReloadFailed ${job}`));
    expect([await step(), await lives()]).toEqual([["2"], 1]);
    folder.publish({ [file]: text });
    await secondsUntil(20, alerts, (seen) => !seen.includes("LimitsReloadFailed thanos/receive"));
  });
}
