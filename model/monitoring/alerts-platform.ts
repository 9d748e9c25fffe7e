import type { MetricsSystem } from "../tenant";
import type { Alert, RuleGroup } from "./rule";

/** What watches the watchers: rules and alerts of tenants in the stores, the platform's Prometheus, the collectors of logs. */
const prometheus = 'job="platform/prometheus"';
const collector = 'job="platform/log-collector"';

const alerts = (hasAlertmanager: boolean): Alert[] => [
  {
    alert: "PlatformWatchdog",
    expr: "vector(1)",
    severity: "none",
    summary: "Fires all the time: where it stops, nobody is told anything any more.",
    description: "The way from the platform's Prometheus through its Alertmanager to the receiver works.",
    runbook:
      "Send it to a service that calls when it stays out (a dead man's switch). If it stays out: the platform's Prometheus, its gateway, Cortex' Alertmanager, the receiver, in this order.",
  },
  {
    alert: "RulesOfTenantsFailing",
    expr:
      "sum by (job) (rate(cortex_prometheus_rule_evaluation_failures_total[15m])) / (sum by (job) (rate(cortex_prometheus_rule_evaluations_total[15m])) > 0) > 0.05 " +
      "or sum by (job) (rate(loki_prometheus_rule_evaluation_failures_total[15m])) / (sum by (job) (rate(loki_prometheus_rule_evaluations_total[15m])) > 0) > 0.05",
    for: "15m",
    severity: "critical",
    summary: "Rules of tenants fail in a ruler.",
    description: "{{ $value | humanizePercentage }} of the rules that {{ $labels.job }} evaluates fail: alerts of tenants may stay out.",
    runbook:
      "The ruler's log names tenant, group and cause. One tenant: its own rule. Many: the ruler cannot query (StoreRequestsFailing).",
  },
  {
    alert: "AlertsOfTenantsNotDelivered",
    expr:
      "sum by (user) (rate(cortex_prometheus_notifications_dropped_total[15m])) > 0 or sum by (user) (rate(loki_prometheus_notifications_dropped_total[15m])) > 0 " +
      "or sum by (user, integration) (rate(cortex_alertmanager_notifications_failed_total[15m])) / (sum by (user, integration) (rate(cortex_alertmanager_notifications_total[15m])) > 0) > 0.1",
    for: "15m",
    severity: "warning",
    summary: "Alerts of a tenant do not reach its receiver.",
    description:
      "Alerts of {{ $labels.user }} are lost on the way {{ with $labels.integration }}to {{ . }}{{ else }}to the Alertmanager{{ end }}.",
    runbook:
      "With an integration: the tenant's receiver refuses (its address, its secret; private addresses are not allowed). Without: the Alertmanager does not answer (AlertmanagerFailing).",
  },
  {
    alert: "AlertmanagerFailing",
    expr: "sum by (job, pod) (rate(cortex_alertmanager_sync_configs_failed_total[15m])) > 0 or sum by (job, pod) (rate(cortex_alertmanager_state_persist_failed_total[15m])) > 0 or sum by (job, pod) (rate(cortex_alertmanager_ring_check_errors_total[15m])) > 0",
    for: "30m",
    severity: "critical",
    summary: "An Alertmanager cannot read or keep its state.",
    description: "{{ $labels.pod }} ({{ $labels.job }}) fails to read configurations, to keep silences or to see its ring.",
    runbook: "Its log. The configurations lie in the bucket `...-cortex-rules`.",
  },
  {
    alert: "PlatformPrometheusNotWriting",
    expr: `sum by (pod) (rate(prometheus_remote_storage_samples_failed_total{${prometheus}}[15m])) > 0 or sum by (pod) (rate(prometheus_remote_storage_samples_dropped_total{${prometheus}}[15m])) > 0 or max by (pod) (prometheus_remote_storage_highest_timestamp_in_seconds{${prometheus}}) - on (pod) max by (pod) (prometheus_remote_storage_queue_highest_sent_timestamp_seconds{${prometheus}}) > 300`,
    for: "15m",
    severity: "critical",
    summary: "The platform's Prometheus does not get rid of its samples.",
    description: "{{ $labels.pod }} loses samples or is more than five minutes behind: dashboards and usage have a hole.",
    runbook:
      "Its log has the answer: 401 is its token (TenantSigningKeyEnded), 429 and 400 the limits of tenant `system`, 5xx the store. It keeps 24 hours itself.",
  },
  {
    alert: "PlatformRulesFailing",
    expr: `sum by (rule_group) (increase(prometheus_rule_evaluation_failures_total{${prometheus}}[15m])) > 0 or sum by (rule_group) (increase(prometheus_rule_group_iterations_missed_total{${prometheus}}[15m])) > 3`,
    for: "15m",
    severity: "critical",
    summary: "Rules of the platform fail or are too slow.",
    description:
      "Group {{ $labels.rule_group }}: {{ $value | humanize }} failures or missed turns in 15 minutes. The alerts of the group say nothing.",
    runbook:
      "Prometheus' log names the rule: two series with the same labels on one side, most often after a change of scraping. Missed turns: a larger tier for tenant `system`.",
  },
  {
    alert: "PlatformAlertsNotDelivered",
    expr: [
      `sum by (pod) (rate(prometheus_notifications_dropped_total{${prometheus}}[15m])) > 0`,
      ...(hasAlertmanager ? [`max by (pod) (prometheus_notifications_alertmanagers_discovered{${prometheus}}) < 1`] : []),
    ].join(" or "),
    for: "15m",
    severity: "critical",
    summary: "The platform's alerts do not reach its Alertmanager.",
    description: "{{ $labels.pod }} drops alerts or knows no Alertmanager.",
    runbook:
      "Prometheus' log has the gateway's answer: 401 is its token (TenantSigningKeyEnded), 404 that tenant `system` has no receiver yet (docs/monitoring.md), 5xx Cortex' Alertmanager (AlertmanagerFailing).",
  },
];

const logAlerts: readonly Alert[] = [
  {
    alert: "LogCollectorDown",
    expr: `up{${collector}} == 0 or label_replace(absent(up{${collector}}), "pod", "all of them", "pod", ".*")`,
    for: "15m",
    severity: "warning",
    summary: "A collector of logs does not answer.",
    description:
      "{{ $labels.pod }} has not answered for 15 minutes: logs of its node are not collected; they are read later as long as the kubelet keeps them.",
    runbook: "`kubectl get pods -n platform-logs`.",
  },
  {
    alert: "LogCollectorDropping",
    expr: ["exporter_send_failed", "exporter_enqueue_failed", "receiver_refused"]
      .map((fault) => `sum by (pod) (rate(otelcol_${fault}_log_records_total{${collector}}[10m])) > 0`)
      .join(" or "),
    for: "15m",
    severity: "warning",
    summary: "A collector of logs loses lines.",
    description: "{{ $labels.pod }} drops {{ $value | humanize }} lines a second of the platform's own logs.",
    runbook: "TenantLinesRejected of tenant `system`: its rate or streams. Its log: 401 is the token, 413 a batch that is too large.",
  },
];

/** What of these can happen: an Alertmanager comes with metrics in Cortex, collectors of logs are there where the platform's tenant takes logs. */
export function platformAlertGroups({ metrics, logs }: { readonly metrics: MetricsSystem; readonly logs: boolean }): RuleGroup[] {
  return [{ name: "platform-alerts", rules: [...alerts(metrics === "cortex"), ...(logs ? logAlerts : [])] }];
}
