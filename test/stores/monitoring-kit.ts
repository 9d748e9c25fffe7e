import { platformRules, type PlatformFacts } from "../../model/monitoring";
import { queriesOf } from "../../model/monitoring/dashboard";
import { tenantDashboard } from "../../model/monitoring/dashboard-tenant";
import { operatorDashboards } from "../../model/monitoring/dashboards-operators";
import { metricsRead } from "../../model/monitoring/kept";
import { ExpressionLabels } from "./expression-labels";
import type { PlatformPrometheus } from "./platform-prometheus";

/** Regular expressions over names of metrics and over selectors, each with the reason why nothing of it can be seen. */
type Reasons = Readonly<Record<string, RegExp>>;
type Size = PlatformFacts["cluster"]["size"];

/** What the platform's Prometheus cannot be shown by processes of this machine. */
const cannotShow: Readonly<Record<Size, Reasons>> = {
  single: {
    "this machine has no program of the collector of logs": /^otelcol_|platform\/log-collector/,
    "caches and their exporters are in size distributed": /^memcached_up|memcached\./,
    "a scheduler of its own is in size distributed": /^cortex_query_scheduler_queue_length/,
    "the receiver has a ring in size distributed": /^thanos_receive_config_last_reload_successful/,
    "exported from the first fault on": /^(loki_ingester_wal_corruptions_total|prometheus_remote_storage_samples_dropped_total)/,
  },
  distributed: {
    "this machine has no program of the collector of logs": /^otelcol_|platform\/log-collector/,
    "this machine has no memcached": /^memcached_up|memcached[-.]/,
    "the queue of size single": /^cortex_query_frontend_queue_length/,
    "rules and Alertmanagers of tenants, which size single shows":
      /^(cortex_alertmanager_notifications_(failed_)?total|(cortex|loki)_prometheus_(notifications_dropped|rule_evaluations|rule_evaluation_failures)_total)/,
    "refusals, which size single shows":
      /^((cortex|loki)_discarded_(samples|bytes)_total|tenant_reason:rejected_(samples|writes|lines):rate5m|tenant_upstream_code:responses:rate5m\{.*"400\|403|http_requests_total\{.*code!~"2)/,
    "exported from the first fault on": /^(loki_ingester_wal_corruptions_total|prometheus_remote_storage_samples_dropped_total)/,
  },
};

/** Selectors of what is there only when something is wrong. */
const onFault: Reasons = {
  "answers that say so": /(code|status_code)=~"(5\.\.|5\.\.\|error|422\|429)"/,
  "more than the rate": /^cortex_discarded_samples_total\{reason="rate_limited"\}/,
  "alerts that fire": /^ALERTS\{alertstate="firing"/,
};

const explained = (lists: readonly Reasons[], text: string) => lists.flatMap(Object.values<RegExp>).some((pattern) => pattern.test(text));

/** What of the rules and the panels has nothing to read, and what the list of exceptions hides though it is there; all empty where all is well. */
export async function unread(prometheus: PlatformPrometheus, facts: PlatformFacts): Promise<Record<string, readonly string[]>> {
  const exceptions = cannotShow[facts.cluster.size];
  const exported = new Set(await prometheus.names());
  const labels = new ExpressionLabels(prometheus);
  const rules = Object.values(platformRules(facts)).flatMap((groups) => groups.flatMap((group) => group.rules.map(({ expr }) => expr)));
  for (const expr of [...rules, ...[...operatorDashboards, tenantDashboard].flatMap(queriesOf)]) await labels.read(expr);
  return {
    metrics: metricsRead(facts).filter((name) => !exported.has(name) && !explained([exceptions], name)),
    labels: [...labels.faults],
    selectors: [...labels.empty].filter((text) => !explained([exceptions, onFault], text)),
    hidden: [...exported].filter((name) => explained([exceptions], name)),
  };
}
