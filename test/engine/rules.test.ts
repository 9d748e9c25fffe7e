import { platformRules, tenantRules, type PlatformFacts } from "../../model/monitoring";
import { queriesOf } from "../../model/monitoring/dashboard";
import { tenantDashboard } from "../../model/monitoring/dashboard-tenant";
import { operatorDashboards } from "../../model/monitoring/dashboards-operators";
import { sharedAlerts } from "../../model/monitoring/gateways";
import { metricsIn } from "../../model/monitoring/promql";
import { alertsOf, recordingsOf, ruleFile, type RuleGroup } from "../../model/monitoring/rule";
import { usageGroups } from "../../model/monitoring/usage";
import { Promtool, type Verdict } from "./promtool";
import { cases, type Case, type Series } from "./rules-cases";

/** What Prometheus' own tool says of the rules: that it can read them, and when each alert fires and when not. */

let promtool: Promtool;
beforeAll(async () => (promtool = await Promtool.find()), 60_000);
afterAll(() => promtool.remove());

const facts = (size: "single" | "distributed", metrics: "cortex" | "thanos" = "cortex", logs = true): PlatformFacts => ({
  cluster: { size },
  hardware: "existing",
  s3: metrics === "thanos" ? { endpoint: "https://s3.example.com", region: "x", bucketPrefix: "x" } : undefined,
  metrics,
  logs,
});
const groupsOf = (of: PlatformFacts): RuleGroup[] => Object.values(platformRules(of)).flat();
const single = groupsOf(facts("single"));

test.each<[string, () => readonly RuleGroup[]]>([
  ["the platform's, size single", () => single],
  ["the platform's, size distributed", () => groupsOf(facts("distributed"))],
  ["the platform's in Thanos without logs", () => groupsOf(facts("distributed", "thanos", false))],
  ["a tenant's", () => tenantRules],
  [
    "queries of dashboards",
    () => {
      const queries = [...operatorDashboards, tenantDashboard].flatMap(queriesOf);
      return [{ name: "dashboards", rules: queries.map((expr, i) => ({ record: `query${i}`, expr })) }];
    },
  ],
])("promtool reads them without a complaint: %s", async (name, groups) => {
  expect(await promtool.check(name.replaceAll(/\W/g, "-"), groups())).toEqual({
    ok: true,
    text: expect.stringContaining("SUCCESS") as string,
  });
});

/** A test of promtool's in which exactly one alert of this name with these labels fires, or none of this name. */
function unit({ alert, at, every = 1, fires }: Case, series: Series, isFiring: boolean): object {
  const labels = Object.entries(fires).map(([label, value]) => `${label}="${value}"`);
  const by = Object.keys(fires).join(", ");
  const expr = `count by (${by}) (ALERTS{alertname="${alert}",alertstate="firing"})`;
  return {
    name: `${alert} ${isFiring ? "fires" : "is quiet"} at ${at}m of ${JSON.stringify(series)}`,
    interval: `${every}m`,
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    promql_expr_test: [{ expr, eval_time: `${at}m`, exp_samples: isFiring ? [{ labels: `{${labels.join(",")}}`, value: 1 }] : [] }],
  };
}

/** One alert with all that it reads, and all that that reads: promtool evaluates every rule of its files at every step. */
function closure(groups: readonly RuleGroup[], alert: string): RuleGroup[] {
  const recordings = recordingsOf(groups);
  const wanted = new Set(alertsOf(groups).filter((one) => one.alert === alert).flatMap(({ expr }) => metricsIn(expr))); // prettier-ignore
  for (const name of wanted)
    for (const { record, expr } of recordings) if (record === name) metricsIn(expr).forEach((one) => wanted.add(one));
  const isWanted = (rule: RuleGroup["rules"][number]) => ("alert" in rule ? rule.alert === alert : wanted.has(rule.record));
  return groups.map((group) => ({ ...group, rules: group.rules.filter(isWanted) })).filter(({ rules }) => rules.length > 0);
}

/** The tests of some alerts, those of each with what it reads. */
function tested(name: string, groups: readonly RuleGroup[], of: readonly Case[]): Promise<Verdict> {
  const steps = [...new Set(of.map(({ alert, every = 1 }) => `${alert} ${every}`))].map((step) => step.split(" ") as [string, string]);
  const entries = steps.map(([alert, every]) => {
    const own = of.filter((one) => one.alert === alert && String(one.every ?? 1) === every);
    const tests = own.flatMap((one) => [
      unit(one, one.given, true),
      ...(one.quiet === undefined ? [] : [unit(one, { ...one.given, ...one.quiet }, false)]),
    ]);
    return { name: `${name}-${alert}-${every}`, groups: closure(groups, alert), everyMinutes: Number(every), tests };
  });
  return promtool.test(entries);
}

test("every alert has a test in which it fires, and one in which a figure is other and it does not", () => {
  expect([...new Set(cases.map(({ alert }) => alert))].sort()).toEqual(alertsOf(single).map(({ alert }) => alert).sort()); // prettier-ignore
  expect(cases.filter(({ quiet }) => quiet === undefined).map(({ alert }) => alert)).toEqual(["PlatformWatchdog"]);
});

test("alerts fire and are quiet when they should", async () => {
  const { ok, text } = await tested("platform", single, cases);
  expect(ok ? "" : text).toBe("");
}, 90_000);

test("what is not tested of the larger cluster is the same there", () => {
  const sized = new Set(["StorePartMissing", "CapacityNearlyUsed", "CapacityUsed", "job_dimension:capacity:sum", "system_dimension:use:sum", "job:volume_bytes:constant"]); // prettier-ignore
  const same = (of: PlatformFacts) =>
    groupsOf(of).flatMap(({ rules }) => rules.filter((rule) => !sized.has("alert" in rule ? rule.alert : rule.record)));
  expect(same(facts("distributed"))).toEqual(same(facts("single")));
});

test("a tenant's own Prometheus raises those that concern it", async () => {
  const own = new Set(sharedAlerts.map(({ alert }) => alert));
  const of = cases.filter(({ alert }) => own.has(alert));
  expect(of.length).toBeGreaterThanOrEqual(own.size);
  const { ok, text } = await tested("own", tenantRules, of);
  expect(ok ? "" : text).toBe("");
}, 60_000);

test("usage of an hour is what came in, less what was refused, and sums up", async () => {
  const cortex = "cortex_distributor_received_samples_total";
  const series: Series = {
    [`${cortex}{user="prod",type="float",pod="a"}`]: "0+600x180",
    [`${cortex}{user="prod",type="float",pod="b"}`]: "0+400x180",
    [`${cortex}{user="prod--2",type="histogram",pod="b"}`]: "0+100x180",
    'cortex_discarded_samples_total{user="prod",reason="rate_limited",pod="a"}': "0+200x180",
    // Not among those that were received.
    'cortex_discarded_samples_total{user="prod",reason="sample_out_of_order",pod="a"}': "0+50x180",
    'thanos_receive_write_samples_sum{tenant="staging",code="200",pod="r"}': "0+300x180",
    'thanos_receive_write_samples_sum{tenant="staging",code="503",pod="r"}': "0+300x180",
    'loki_distributor_bytes_received_total{tenant="prod",retention_hours="720",pod="d"}': "0+1000x180",
    'loki_discarded_bytes_total{tenant="prod",reason="rate_limited",pod="d"}': "0+100x180",
    'envoy_cluster_upstream_rq{tenant="prod",envoy_cluster_name="cortex-query",envoy_response_code="200",pod="g"}': "0+10x180",
    'envoy_cluster_upstream_rq{tenant="prod",envoy_cluster_name="cortex-query",envoy_response_code="429",pod="g"}': "0+10x180",
    'envoy_cluster_upstream_rq{tenant="prod",envoy_cluster_name="loki-tail",envoy_response_code="101",pod="g"}': "0+2x180",
    'envoy_cluster_upstream_rq{tenant="prod",envoy_cluster_name="cortex-push",envoy_response_code="200",pod="g"}': "0+99x180",
  };
  const total = (record: string, sums: Readonly<Record<string, number>>) => ({
    expr: `sum by (tenant) (sum_over_time(${record}[2h]))`,
    eval_time: "3h",
    exp_samples: Object.entries(sums).map(([tenant, value]) => ({ labels: `{tenant="${tenant}"}`, value })),
  });
  const tests = [
    {
      interval: "1m",
      input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
      promql_expr_test: [
        total("tenant_system:usage_samples:increase1h", { prod: 2 * 60 * (600 + 400 + 100 - 200), staging: 2 * 60 * 300 }),
        total("tenant_system:usage_log_bytes:increase1h", { prod: 2 * 60 * 900 }),
        total("tenant_system:usage_queries:increase1h", { prod: 2 * 60 * 12 }),
      ],
    },
  ];
  const { ok, text } = await promtool.test([{ name: "usage", groups: usageGroups, everyMinutes: 60, tests }]);
  expect(ok ? "" : text).toBe("");
}, 60_000);

test("what a notification says: who, how much, and where to read on", async () => {
  const near = cases.find(({ alert }) => alert === "TenantNearLimit");
  const tests = [
    {
      interval: "1m",
      input_series: Object.entries(near?.given ?? {}).map(([name, values]) => ({ series: name, values })),
      alert_rule_test: [
        {
          alertname: "TenantNearLimit",
          eval_time: "30m",
          exp_alerts: [
            {
              exp_labels: { severity: "warning", tenant: "prod", limit: "metrics.activeSeries" },
              exp_annotations: {
                summary: "A tenant uses nearly all that a limit allows.",
                description: "prod uses 90% of its limit metrics.activeSeries.",
                runbook: "docs/alerts.md#tenantnearlimit",
              },
            },
          ],
        },
      ],
    },
  ];
  const groups = closure(single, "TenantNearLimit");
  const { ok, text } = await promtool.test([{ name: "words", groups, everyMinutes: 1, tests }]);
  expect(ok ? "" : text).toBe("");
}, 60_000);

type Change = (expr: string) => string;
const swap =
  (from: string, to: string): Change =>
  (expr) =>
    expr.replaceAll(from, to);

test.each<[string, string, Change]>([
  ["a metric with another name", "TenantSamplesRejected", swap("cortex_discarded_samples_total", "cortex_discarded_sample_total")],
  ["a recorded one with another name", "TenantNearLimit", swap("tenant_limit:applied:max", "tenant_limit:told:max")],
  ["a label with another name", "TenantSamplesRejected", swap('"user"', '"tenant_id"')],
  ["a copy too many", "TenantNearLimit", swap("thanos_receive_replication_factor", "cortex_distributor_replication_factor")],
  ["a threshold that is off", "TenantNearLimit", swap("> 0.85", "> 0.95")],
  ["a threshold that is off to the other side", "TenantNearLimit", swap("> 0.85", "> 0.75")],
  ["a comparison the other way round", "TenantCertificateEnds", swap("< 7", "> 7")],
  ["a step that counts good reloads", "LimitsReloadFailed", swap("last > 1", "last > 0")],
  ["a step that is forgotten", "LimitsReloadFailed", swap("last_over_time(pod:limits_reload_step:last[10m])", "last_over_time(pod:limits_reload:last[10m])")],
  ["Loki's unit as ours", "TenantNearLimit", swap(" * 1.048576", " * 2")],
  ["Loki's defaults left out", "TenantNearLimit", swap("loki_overrides_defaults", "loki_overrides_default")],
])("%s fails the tests of %s", async (name, alert, change) => {
  const mutated = single.map((group) => ({ ...group, rules: group.rules.map((rule) => ({ ...rule, expr: change(rule.expr) })) }));
  expect(ruleFile(mutated)).not.toBe(ruleFile(single));
  const of = cases.filter((one) => one.alert === alert);
  expect((await tested(`mutant-${name.replaceAll(" ", "-")}`, mutated, of)).ok).toBe(false);
}, 60_000); // prettier-ignore
