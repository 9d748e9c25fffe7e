import type { Dashboard, Panel, Row } from "./dashboard";
import { gatewayPanels, limitPanel, rejections } from "./dashboard-tenant";
import { shownLimits } from "./statement";
import { usageMeasures } from "./usage";

/** Dashboards of the platform's operators, in the Grafana of tenant `system` only. */

const top = (count: number, expr: string) => `topk(${count}, ${expr})`;
const stat = (title: string, expr: string, unit = "short"): Panel => ({ title, kind: "stat", unit, width: 4, queries: [{ expr }] });

const overview: Dashboard = {
  uid: "tenantstack-overview",
  title: "Platform: overview",
  rows: [
    {
      title: "Now",
      panels: [
        stat("Tenants", "count(count by (tenant) (tenant:info:max))"),
        stat("Alerts, critical", 'count(ALERTS{alertstate="firing",severity="critical"}) or vector(0)'),
        stat("Alerts, warning", 'count(ALERTS{alertstate="firing",severity="warning"}) or vector(0)'),
        stat("Days of the certificate that ends first", "min(tenant:certificate_days:min)"),
        stat("Signing key that ends first", "min(tenant:signing_key_end:min) - time()", "s"),
        stat("Pods of stores that do not answer", 'count(up{job=~"(cortex|loki|thanos)/.+"} == 0) or vector(0)'),
        {
          title: "Alerts that fire",
          kind: "table",
          width: 24,
          queries: [
            { expr: 'max by (alertname, severity, tenant, job, pod, limit, reason) (ALERTS{alertstate="firing",severity!="none"})' },
          ],
        },
      ],
    },
    {
      title: "Tenants",
      panels: [
        {
          title: "Nearest to a limit",
          unit: "percentunit",
          queries: [{ expr: top(10, "tenant_limit:use:ratio"), legend: "{{tenant}} {{limit}}" }],
        },
        {
          title: "Share of 5xx",
          unit: "percentunit",
          queries: [{ expr: top(10, "tenant:gateway_errors:ratio_rate5m"), legend: "{{tenant}}" }],
        },
        {
          title: "Slowest, one in a hundred",
          unit: "s",
          queries: [{ expr: top(10, "tenant_upstream:latency_seconds:p99_5m"), legend: "{{tenant}} {{envoy_cluster_name}}" }],
        },
        ...rejections(""),
      ],
    },
    {
      title: "Headroom",
      panels: [
        {
          title: "Use of capacity",
          note: "What tenants use of what the running replicas hold by the figures of the capacity plan.",
          unit: "percentunit",
          width: 12,
          queries: [{ expr: "job_dimension:capacity_use:ratio", legend: "{{job}} {{dimension}}" }],
        },
        {
          title: "Volumes",
          note: "Cortex: blocks only, its log comes on top.",
          unit: "percentunit",
          width: 12,
          queries: [
            { expr: "pod:disk_use:ratio", legend: "{{pod}}" },
            { expr: "max by (pod) (loki_ingester_wal_disk_usage_percent)", legend: "{{pod}}" },
          ],
        },
      ],
    },
  ],
};

const ofTenant = 'tenant="$tenant"';
const shared = gatewayPanels(ofTenant);
const tenants: Dashboard = {
  uid: "tenantstack-tenants",
  title: "Platform: one tenant",
  variables: [{ name: "tenant", values: "label_values(tenant:info:max, tenant)" }],
  rows: [
    { title: "Use against limits", panels: shownLimits.map((limit) => limitPanel(limit, ofTenant)) },
    { title: "Rejected by the stores", panels: rejections(ofTenant) },
    {
      title: "Requests at its gateway",
      panels: [shared.requests, shared.errors, shared.codes, shared.latency, shared.typical, shared.refusals],
    },
    {
      title: "More",
      panels: [
        shared.certificate,
        shared.key,
        { title: "The tenant", kind: "table", width: 16, queries: [{ expr: `tenant:info:max{${ofTenant}}` }] },
        {
          title: "Log of its gateway",
          source: "logs",
          width: 24,
          queries: [{ expr: '{k8s_namespace_name="$tenant-tenant"}' }],
        },
      ],
    },
  ],
};

const red = (system: string): Row => {
  const of = `system="${system}"`;
  const legend = "{{job}} {{route}}";
  return {
    title: "Requests by part and route",
    panels: [
      { title: "Requests", unit: "reqps", queries: [{ expr: top(20, `job_route:requests:rate5m{${of}}`), legend }] },
      { title: "Share of errors", unit: "percentunit", queries: [{ expr: top(20, `job_route:errors:ratio_rate5m{${of}} > 0`), legend }] },
      {
        title: "Latency, one in a hundred is slower",
        unit: "s",
        queries: [{ expr: top(20, `job_route:latency_seconds:p99_5m{${of}}`), legend }],
      },
    ],
  };
};

const processes = (system: string): Row => {
  const of = `job=~"${system}/.+"`;
  return {
    title: "Pods",
    panels: [
      { title: "Up", queries: [{ expr: `sum by (job) (up{${of}})`, legend: "{{job}}" }] },
      { title: "CPU", unit: "cores", queries: [{ expr: `sum by (job) (rate(process_cpu_seconds_total{${of}}[5m]))`, legend: "{{job}}" }] },
      {
        title: "Memory, largest pod",
        unit: "bytes",
        queries: [{ expr: `max by (job) (process_resident_memory_bytes{${of}})`, legend: "{{job}}" }],
      },
    ],
  };
};

const systemDashboard = (system: string, title: string, more: Row): Dashboard => ({
  uid: `tenantstack-${system}`,
  title: `Platform: ${title}`,
  rows: [red(system), more, processes(system)],
});

const stores: readonly Dashboard[] = [
  systemDashboard("cortex", "Cortex", {
    title: "Inside",
    panels: [
      { title: "Members of rings that are not active", queries: [{ expr: 'max by (name, state) (cortex_ring_members{state!="ACTIVE"}) > 0', legend: "{{name}} {{state}}" }] },
      { title: "Waiting queries", queries: [{ expr: "sum by (user) (cortex_query_frontend_queue_length) or sum by (user) (cortex_query_scheduler_queue_length)", legend: "{{user}}" }] },
      { title: "Since the last upload of blocks", unit: "s", queries: [{ expr: 'time() - max by (pod) (thanos_objstore_bucket_last_successful_upload_time{component="ingester"} > 0)', legend: "{{pod}}" }] },
      { title: "Since the last compaction", unit: "s", queries: [{ expr: "time() - max by (pod) (cortex_compactor_last_successful_run_timestamp_seconds > 0)", legend: "{{pod}}" }] },
      { title: "Failed rules", unit: "cps", queries: [{ expr: "sum by (user) (rate(cortex_prometheus_rule_evaluation_failures_total[5m]))", legend: "{{user}}" }] },
      { title: "Failed notifications", unit: "cps", queries: [{ expr: "sum by (user, integration) (rate(cortex_alertmanager_notifications_failed_total[5m]))", legend: "{{user}} {{integration}}" }] },
    ],
  }), // prettier-ignore
  systemDashboard("loki", "Loki", {
    title: "Inside",
    panels: [
      { title: "Members of rings that are not active", queries: [{ expr: 'max by (name, state) (loki_ring_members{state!="ACTIVE"}) > 0', legend: "{{name}} {{state}}" }] },
      { title: "Waiting queries", queries: [{ expr: "sum by (user) (loki_query_scheduler_queue_length)", legend: "{{user}}" }] },
      { title: "Failed flushes", unit: "cps", queries: [{ expr: "sum by (pod) (rate(loki_ingester_chunks_flush_failures_total[5m]))", legend: "{{pod}}" }] },
      { title: "Since the last compaction", unit: "s", queries: [{ expr: "time() - max by (pod) (loki_boltdb_shipper_compact_tables_operation_last_successful_run_timestamp_seconds > 0)", legend: "{{pod}}" }] },
      { title: "Since retention was applied", unit: "s", queries: [{ expr: "time() - max by (pod) (loki_compactor_apply_retention_last_successful_run_timestamp_seconds > 0)", legend: "{{pod}}" }] },
      { title: "Volume of the log ahead", unit: "percentunit", queries: [{ expr: "max by (pod) (loki_ingester_wal_disk_usage_percent)", legend: "{{pod}}" }] },
    ],
  }), // prettier-ignore
  systemDashboard("thanos", "Thanos", {
    title: "Inside",
    panels: [
      { title: "Not ready", queries: [{ expr: 'max by (job, pod) (thanos_status{check="ready"} == bool 0)', legend: "{{pod}}" }] },
      { title: "Failed forwards", unit: "cps", queries: [{ expr: 'sum by (pod) (rate(thanos_receive_forward_requests_total{result="error"}[5m]))', legend: "{{pod}}" }] },
      { title: "Uploaded and failed blocks an hour", queries: [{ expr: "sum by (job) (increase(thanos_shipper_uploads_total[1h]))", legend: "{{job}} uploaded" }, { expr: "sum by (job) (increase(thanos_shipper_upload_failures_total[1h]))", legend: "{{job}} failed" }] },
      { title: "Compactors that halted", queries: [{ expr: "max by (pod) (thanos_compact_halted)", legend: "{{pod}}" }] },
      { title: "Failed calls of the bucket", unit: "cps", queries: [{ expr: 'sum by (job, operation) (rate(thanos_objstore_bucket_operation_failures_total{job=~"thanos/.+"}[5m]))', legend: "{{job}} {{operation}}" }] },
      { title: "Queries at one time", queries: [{ expr: "sum by (pod) (thanos_query_concurrent_gate_queries_in_flight)", legend: "{{pod}}" }] },
    ],
  }), // prettier-ignore
];

const usage: Dashboard = {
  uid: "tenantstack-usage",
  title: "Platform: usage by tenant",
  from: "now/M",
  rows: [
    {
      title: "In the time chosen above",
      panels: [
        {
          title: "Samples, bytes of logs, queries",
          note: "What is counted: docs/monitoring.md. Choose `This month so far` or a past month.",
          kind: "table",
          width: 24,
          queries: usageMeasures.map(({ record }) => ({ expr: `sum by (tenant) (sum_over_time(${record}[$__range]))` })),
        },
        ...usageMeasures.map(({ record, title, unit }): Panel => ({
          title,
          unit,
          queries: [{ expr: top(10, `sum by (tenant) (${record})`), legend: "{{tenant}}" }],
        })),
      ],
    },
  ],
};

export const operatorDashboards: readonly Dashboard[] = [overview, tenants, ...stores, usage];
