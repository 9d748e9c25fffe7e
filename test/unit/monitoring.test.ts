import fs from "node:fs";
import path from "node:path";
import { dashboardsOf, platformRules, tenantRules, type PlatformFacts } from "../../model/monitoring";
import { alertsPageText } from "../../model/monitoring/alerts-page";
import { queriesOf } from "../../model/monitoring/dashboard";
import { tenantDashboard } from "../../model/monitoring/dashboard-tenant";
import { operatorDashboards } from "../../model/monitoring/dashboards-operators";
import { gatewayRelabelings, metricsRead, platformRelabelings } from "../../model/monitoring/kept";
import { metricsIn, named } from "../../model/monitoring/promql";
import { alertsOf, recordingsOf, type RuleGroup } from "../../model/monitoring/rule";
import { appliedLimits } from "../../model/monitoring/applied";
import { federatePath, hasPlatformSeries, selectorOf, seriesOfTenants } from "../../model/monitoring/federated";
import { limitsOfGateway, shownLimits, tenantStatement } from "../../model/monitoring/statement";
import { usageMeasures } from "../../model/monitoring/usage";
import { allUpstreams, upstreamsOf } from "../../model/monitoring/upstreams";
import { routes } from "../../model/routes";
import { images, tools } from "../../model/versions";
import { good, minimal } from "./model-kit";

/** Rules, dashboards and what gateways tell, as text; promtool judges them in test/engine. */

const shapes: readonly PlatformFacts[] = (["single", "distributed"] as const).flatMap((size) =>
  (["cortex", "thanos"] as const).map((metrics) => ({
    cluster: { size },
    hardware: "existing" as const,
    s3: undefined,
    metrics,
    logs: true,
  })),
);
const [single, , distributed] = shapes as [PlatformFacts, PlatformFacts, PlatformFacts, PlatformFacts];
const groupsOf = (facts: PlatformFacts): RuleGroup[] => Object.values(platformRules(facts)).flat();

describe("the reader of PromQL", () => {
  test.each([
    ['sum by (tenant, pod) (rate(a_total{x="b_total", y=~"c|d"}[5m])) / on (job) group_left (k) max(e:f:g)', ["a_total", "e:f:g"]],
    ['label_replace(up{job="x"} == bool 0, "a", "$1", "b", "(.*)") or vector(1)', ["up"]],
    ["time() - max(z > 0) > 4 * 3600 unless on (tenant) y offset 5m", ["y", "z"]],
    ["histogram_quantile(0.99, sum by (le) (rate(h_bucket[1h])))", ["h_bucket"]],
    ["1e6 * inf and ignoring (a) x", ["x"]],
  ])("%s reads %j", (expr, names) => expect(metricsIn(expr)).toEqual(names));
});

test("a tenant's name is read out of every storage id that the ledger gives", () => {
  const [, pattern = ""] = /"([^"]+)"\)$/.exec(named("x", "user")) ?? [];
  const name = (id: string) => new RegExp(`^(?:${pattern})$`).exec(id)?.[1];
  for (const [id, tenant] of [["prod", "prod"], ["prod--2", "prod"], ["a-1--12", "a-1"], ["no", "no"]]) expect(name(id ?? "")).toBe(tenant); // prettier-ignore
});

describe.each(shapes)("the rules of $cluster.size with metrics of the platform in $metrics", (facts) => {
  const groups = groupsOf(facts);

  test("what one rule reads another records, or a scrape brings", () => {
    const recorded = new Set(recordingsOf(groups).map(({ record }) => record));
    const read = groups.flatMap(({ rules }) => rules.flatMap(({ expr }) => metricsIn(expr)));
    expect(read.filter((name) => name.includes(":") && !recorded.has(name))).toEqual([]);
  });

  test("names of groups and alerts are single, every alert says what, how much and what to do", () => {
    const names = groups.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    const alerts = alertsOf(groups);
    expect(alerts.length).toBeGreaterThan(35);
    expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length);
    for (const { alert, summary, description, runbook, severity } of alerts) {
      expect([alert, summary]).toEqual([alert, expect.stringMatching(/^[A-Z].+\.$/)]);
      expect([alert, runbook.length > 20 && description.length > 20]).toEqual([alert, true]);
      if (severity !== "none") expect([alert, description]).toEqual([alert, expect.stringContaining("{{")]);
    }
  });

  test("everything that is scraped is read by something, so no pattern lets through more", () => {
    const [keep] = platformRelabelings(facts);
    const kept = (series: string, limit = "") => new RegExp(`^(?:${keep?.regex})$`).test(`${series};${limit}`);
    const mine = metricsRead(facts).filter((name) => !/^(envoy|tenantstack)_/.test(name));
    for (const name of mine.filter((one) => !/_overrides(_defaults)?$/.test(one))) expect([name, kept(name)]).toEqual([name, true]);
    expect(kept("cortex_overrides", "max_global_series_per_user")).toBe(true);
    expect(kept("loki_overrides_defaults", "ingestion_rate_mb")).toBe(true);
    for (const [name, limit] of [["cortex_overrides", "ruler_max_rules"], ["cortex_ingester_tsdb_head_chunks", ""], ["up2", ""]])
      expect([name, kept(name ?? "", limit)]).toEqual([name, false]); // prettier-ignore
    // Routers of Thanos count tenants' series by it.
    expect(kept("prometheus_tsdb_head_series")).toBe(true);
  });
});

test("size and system of metrics change only what they must", () => {
  const names = (facts: PlatformFacts) => alertsOf(groupsOf(facts)).map(({ alert }) => alert);
  expect(names(single)).toEqual(names(distributed));
  const parts = (facts: PlatformFacts) => alertsOf(groupsOf(facts)).find(({ alert }) => alert === "StorePartMissing")?.expr ?? "";
  for (const job of ["cortex/cortex", "loki/loki", "thanos/receive", "thanos/query-frontend"]) expect(parts(single)).toContain(`"${job}"`);
  for (const job of ["cortex/ingester", "cortex/memcached-blocks", "loki/index-gateway", "thanos/receive-router", "thanos/compactor"])
    expect(parts(distributed)).toContain(`"${job}"`);
  for (const facts of shapes) expect(parts(facts)).not.toContain("query-operators");
});

describe("gateways", () => {
  const keep = new RegExp(`^(?:${gatewayRelabelings[0]?.regex})$`);
  const drop = new RegExp(`^(?:${gatewayRelabelings[1]?.regex})$`);

  test("a class of requests has upstreams of its own, and Envoy's name of each holds no dot", () => {
    expect(new Set(allUpstreams).size).toBe(allUpstreams.length);
    expect(allUpstreams.length).toBe(new Set(routes.map(({ upstream }) => upstream)).size);
    expect(upstreamsOf.query).toEqual(["cortex-query", "loki-query", "loki-tail", "thanos-query"]);
    expect(allUpstreams.join()).not.toContain(".");
  });

  test("of a scrape only what rules and dashboards read is kept, and nine buckets of latency", () => {
    for (const name of ["envoy_cluster_upstream_rq_total", "tenantstack_limit", "tenantstack_tenant_info"]) expect([name, keep.test(name)]).toEqual([name, true]); // prettier-ignore
    for (const name of ["envoy_cluster_upstream_cx_connect_ms_bucket", "envoy_server_live", "tenantstack_limit2"]) expect([name, keep.test(name)]).toEqual([name, false]); // prettier-ignore
    const bounds = ["0.5", "1.0", "5", "10.0", "25.0", "50", "100", "250.0", "500", "1000", "2500.0", "5000", "10000", "30000.0", "60000", "300000", "600000", "1800000", "3600000.0", "+Inf"]; // prettier-ignore
    const left = bounds.filter((le) => !drop.test(`envoy_cluster_upstream_rq_time_bucket;${le}`));
    expect(left).toEqual(["10.0", "50", "250.0", "1000", "2500.0", "5000", "30000.0", "60000", "+Inf"]);
  });
});

describe("what a gateway tells of its tenant", () => {
  const tenant = good(`${minimal}apis: [metrics, logs]\nlimits: {metrics: {activeSeries: 7k}, logs: {megabytesPerSecond: 2}}\n`);
  const text = tenantStatement(tenant);

  test("the limits that it enforces, the tenant, the end of its key; nothing that a store enforces", () => {
    for (const line of [
      'tenantstack_limit{limit="requests.manage"} 5',
      'tenantstack_tenant_info{logs="loki",metrics="cortex",state="active",storage_id="prod",tier="small"} 1',
      `tenantstack_signing_key_end_timestamp_seconds{key="2026-11"} ${Date.UTC(2027, 11, 1) / 1000}`,
    ])
      expect(text.split("\n")).toContain(line);
    // Prometheus' text format: every family with its type, every line a sample.
    for (const line of text.trimEnd().split("\n")) expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|\w+\{(\w+="[\w.:-]+",?)+\} [\d.e+]+)$/);
    const more = good(
      `${minimal}apis: [metrics, logs]\nlimits: {metrics: {activeSeries: 9k}, logs: {streams: 3k}, queries: {parallelism: 5}}\n`,
    );
    expect(tenantStatement(more)).toBe(tenantStatement(good(`${minimal}apis: [metrics, logs]\n`)));
  });

  test("each limit that is shown has words and somebody who tells it: the gateway or a store", () => {
    const words = shownLimits.map(({ limit }) => limit);
    const told = (more: string) => Object.keys(limitsOfGateway(good(`${minimal}${more}`)));
    expect(new Set([...told(""), ...appliedLimits.map(({ limit }) => limit)])).toEqual(new Set(words));
    expect(told("metrics: thanos\n")).toEqual(expect.arrayContaining(["metrics.samplesPerSecond", "queries.parallelism"]));
    expect(told("apis: [logs]\n")).not.toContain("queries.parallelism");
  });
});

describe("what the platform's Prometheus hands to a tenant", () => {
  test("recorded series by tenant and nothing else, of this tenant and no other", () => {
    const recorded = new Set(recordingsOf(groupsOf(single)).map(({ record }) => record));
    for (const series of seriesOfTenants) expect([series, recorded.has(series) && series.startsWith("tenant_")]).toEqual([series, true]);
    expect(selectorOf("prod")).toMatch(/^\{__name__=~"[\w:|]+",system!="gateway",tenant="prod"\}$/);
    const url = new URL(federatePath("prod"), "http://prometheus");
    expect([url.pathname, [...url.searchParams]]).toEqual(["/federate", [["match[]", selectorOf("prod")]]]);
    expect(federatePath("prod")).not.toMatch(/[^\w./?&=%*:+-]/);
  });

  test("not to the platform's own tenant, which has them, and not where there is no place for them", () => {
    const of = (name: string, ...apis: ("metrics" | "logs")[]) => hasPlatformSeries({ name, apis });
    expect([of("prod", "metrics"), of("system", "metrics"), of("prod", "logs")]).toEqual([true, false, false]);
  });
});

describe("dashboards", () => {
  const all = dashboardsOf({ name: "system", apis: ["metrics"] });
  const parsed = Object.entries(all).map(([file, text]) => [file, JSON.parse(text) as Grafana] as const);

  test("operators' are in the Grafana of tenant system only, and none is where there are no metrics", () => {
    expect(Object.keys(dashboardsOf({ name: "prod", apis: ["logs", "metrics"] }))).toEqual(["tenantstack-own.json"]);
    expect(dashboardsOf({ name: "prod", apis: ["logs"] })).toEqual({});
    expect(parsed.length).toBe(operatorDashboards.length + 1);
  });

  test.each(parsed)("%s has the shape that Grafana reads", (file, dashboard) => {
    expect(file).toBe(`${dashboard.uid}.json`);
    const ids = dashboard.panels.map(({ id }) => id);
    expect(ids).toEqual(ids.map((_, i) => i + 1));
    const taken = new Set<string>();
    for (const {
      title,
      type,
      gridPos: { x, y, w, h },
      targets,
    } of dashboard.panels) {
      expect([title, x + w <= 24]).toEqual([title, true]);
      for (let column = x; column < x + w; column++)
        for (let line = y; line < y + h; line++) {
          expect([title, taken.has(`${column} ${line}`)]).toEqual([title, false]);
          taken.add(`${column} ${line}`);
        }
      if (type !== "row")
        expect((targets ?? []).map(({ refId, expr }) => [refId, expr !== ""])).toEqual((targets ?? []).map((_, i) => ["ABCDE"[i], true]));
    }
  });

  test("every series that a panel asks for is recorded or scraped where its Grafana looks", () => {
    const recorded = (groups: readonly RuleGroup[]) => new Set(recordingsOf(groups).map(({ record }) => record));
    const missing = (texts: readonly string[], groups: readonly RuleGroup[]) => {
      const known = recorded(groups);
      return texts.flatMap(metricsIn).filter((name) => name.includes(":") && !known.has(name));
    };
    for (const facts of shapes) expect(missing(operatorDashboards.flatMap(queriesOf), groupsOf(facts))).toEqual([]);
    expect(missing(queriesOf(tenantDashboard), tenantRules).filter((name) => !seriesOfTenants.includes(name))).toEqual([]);
    // The platform's Prometheus does all that a tenant's does, so tenant system has its own dashboard too.
    expect(missing(queriesOf(tenantDashboard), groupsOf(single))).toEqual([]);
  });
});

interface Grafana {
  readonly uid: string;
  readonly panels: readonly {
    readonly id: number;
    readonly title: string;
    readonly type: string;
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
    readonly targets?: readonly { readonly refId: string; readonly expr: string }[];
  }[];
}

test("a tenant's own rules know of no other: they read its gateway and nothing else", () => {
  const read = tenantRules.flatMap(({ rules }) => rules.flatMap(({ expr }) => metricsIn(expr)));
  expect(read.filter((name) => !name.includes(":") && !/^(envoy|tenantstack)_/.test(name))).toEqual([]);
});

test("the page of alerts is what `npm run generate` makes, with an anchor for each alert", () => {
  const page = fs.readFileSync(path.join(__dirname, "../../docs/alerts.md"), "utf8");
  expect(page).toBe(alertsPageText());
  for (const { alert } of alertsOf(groupsOf(distributed))) expect(page).toContain(`\n### ${alert}\n`);
});

test("docs/monitoring.md says what is counted, and names every dashboard and alert that there is", () => {
  const page = fs.readFileSync(path.join(__dirname, "../../docs/monitoring.md"), "utf8");
  for (const { record, counts } of usageMeasures) {
    expect(page).toContain(`| \`${record}\``);
    expect(page).toContain(counts);
  }
  for (const { title } of [...operatorDashboards, tenantDashboard].filter((one) => !one.title.startsWith("Platform: one")))
    expect(page).toContain(title);
  const known = new Set(alertsOf(groupsOf(distributed)).map(({ alert }) => alert));
  for (const [, name = ""] of page.matchAll(/`([A-Z]\w+[a-z][A-Z]\w+)`/g)) expect([name, known.has(name)]).toEqual([name, true]);
});

test("promtool is of the version that evaluates the rules", () => expect(images.prometheus.split(":")[1]).toBe(tools.prometheus));
