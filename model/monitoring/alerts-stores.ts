import { distributed, systems } from "../capacity-figures";
import type { SystemName } from "../capacity-figures";
import { thanosReloadStep } from "./applied";
import type { CapacityFacts } from "./capacity";
import type { Alert, RuleGroup } from "./rule";

/** Parts that must be there, by the value of `job`; the operators' querier is scraped by nobody. `compactor` of Thanos is one a retention class. */
function jobsOf(system: SystemName, { cluster, hardware, s3 }: CapacityFacts): string[] {
  if (cluster.size === "distributed")
    return distributed[system]
      .map(({ name }) => (system === "thanos" && name === "compactor" ? "compactor.*" : name))
      .filter((name) => name !== "query-operators");
  const hasBucket = hardware === "aws" || s3 !== undefined;
  return system === "thanos" ? ["query", "query-frontend", "receive", ...(hasBucket ? ["store"] : [])] : [system];
}

/** No pod of a part answers, with the part in label `job`. */
function missing(system: SystemName, facts: CapacityFacts): string {
  const one = (part: string) =>
    `label_replace(absent(up{job=~"${system}/${part}"} == 1), "job", "${system}/${part.replace(".*", "")}", "job", ".*")`;
  return jobsOf(system, facts).map(one).join(" or ");
}

const slow = 'route!~".*([Tt]ail|Process|QuerierLoop|FrontendLoop|ready|metrics|memberlist|NotifyQuerierShutdown).*"';

function alerts(facts: CapacityFacts): Alert[] {
  return [
    {
      alert: "StorePartMissing",
      expr: systems.map((system) => missing(system, facts)).join(" or "),
      for: "5m",
      severity: "critical",
      summary: "No pod of a part of a store answers.",
      description: "Nothing of {{ $labels.job }} has answered scrapes for five minutes.",
      runbook:
        "`kubectl get pods -n cortex` (loki, thanos): not placed, not started, or not scraped (the platform's Prometheus; network policy). `PlatformWatchdog` must fire all the time.",
    },
    {
      alert: "StoreDown",
      expr: 'up{job=~"(cortex|loki|thanos)/.+",job!~".+/memcached.*"} == 0',
      for: "5m",
      severity: "critical",
      summary: "A pod of a store does not answer.",
      description: "{{ $labels.pod }} ({{ $labels.job }}) has not answered scrapes for five minutes.",
      runbook:
        "`kubectl describe pod` and its log: out of memory (the plan of capacity says for how much it is made), a volume that is full, or an ingester that replays its log, which takes minutes.",
    },
    {
      alert: "StoreNotReady",
      expr: 'max by (job, pod) (thanos_status{check="ready"}) == 0 or max by (job, pod, name) (cortex_ring_members{state=~"JOINING|PENDING|LEAVING"}) > 0 or max by (job, pod, name) (loki_ring_members{state=~"JOINING|PENDING|LEAVING"}) > 0',
      for: "30m",
      severity: "warning",
      summary: "A pod of a store is up and takes no part.",
      description: "Since half an hour {{ $labels.pod }} ({{ $labels.job }}) is not ready, or sees members of a ring that join or leave.",
      runbook: "Its log says what it waits for: a bucket that it cannot reach, a rollout that hangs, or a log that it replays.",
    },
    {
      alert: "RingMemberUnhealthy",
      expr: 'max by (system, name) (label_replace(cortex_ring_members{state="Unhealthy"}, "system", "cortex", "job", ".*") or label_replace(loki_ring_members{state="Unhealthy"}, "system", "loki", "job", ".*")) > 0',
      for: "10m",
      severity: "critical",
      summary: "Members of a ring do not send heartbeats.",
      description:
        "{{ $value }} members of ring {{ $labels.name }} of {{ $labels.system }} are unhealthy. With two of three copies unhealthy writes and queries fail.",
      runbook:
        "`kubectl get pods -n cortex` (loki): a pod that is down comes back by itself. One that is gone for good stays in the ring until it is forgotten: `kubectl port-forward -n cortex deploy/distributor 8080`, then `/ring`, button Forget.",
    },
    {
      alert: "LimitsReloadFailed",
      expr:
        "min by (job, pod) (cortex_runtime_config_last_reload_successful or loki_runtime_config_last_reload_successful) == 0 " +
        `or ${thanosReloadStep.record} > 1`,
      for: "1m",
      severity: "critical",
      summary: "A store could not read its file of limits and goes on with the last good one.",
      description:
        "{{ $labels.pod }} ({{ $labels.job }}) could not reload the limits of tenants. A restart would not come up with this file.",
      runbook:
        "Its log names line and field (`reload`). Go back to the commit before (`git revert`, `pulumi up`): the file on disk must be good before any pod restarts. " +
        "Of Thanos v0.42 it is known by its count of reloads, so two good changes within one scrape raise it too, until the next reload: look at its log.",
    },
    {
      alert: "HashringReloadFailed",
      expr: "min by (job, pod) (thanos_receive_config_last_reload_successful) == 0",
      for: "5m",
      severity: "critical",
      summary: "Thanos receive could not read its hashring.",
      description: "{{ $labels.pod }} ({{ $labels.job }}) goes on with the hashring it had: writes may go to ingestors that are gone.",
      runbook: "Its log names the fault. The file comes from this program: go back to the commit before.",
    },
    {
      alert: "StoreRequestsFailing",
      expr: "job_route:errors:ratio_rate5m > 0.05 and on (job, route) job_route:requests:rate5m > 0.1",
      for: "15m",
      severity: "critical",
      summary: "Requests to a part of a store fail.",
      description: "{{ $value | humanizePercentage }} of the requests of {{ $labels.route }} at {{ $labels.job }} fail.",
      runbook:
        "Dashboard of the system, row of the part; then its log. A part that calls another shows both: begin at the one that nobody else waits for (ingester, store-gateway, bucket).",
    },
    {
      alert: "StoreRequestsSlow",
      expr: `job_route:latency_seconds:p99_5m{${slow},route=~"(?i).*(push|receive|otlp|write).*"} > 2.5 or job_route:latency_seconds:p99_5m{${slow},route!~"(?i).*(push|receive|otlp|write).*"} > 60`,
      for: "15m",
      severity: "warning",
      summary: "A part of a store is slow.",
      description: "One in a hundred requests of {{ $labels.route }} at {{ $labels.job }} takes {{ $value | humanizeDuration }} or longer.",
      runbook: "CPU of the part (throttling), the bucket, or one tenant's large queries: dashboard `Tenants`.",
    },
    {
      alert: "QueriesWait",
      expr: "sum by (user) (cortex_query_frontend_queue_length) > 0 or sum by (user) (cortex_query_scheduler_queue_length) > 0 or sum by (user) (loki_query_scheduler_queue_length) > 0",
      for: "10m",
      severity: "warning",
      summary: "Queries of a tenant wait all the time.",
      description: "{{ $value }} queries of {{ $labels.user }} wait for a querier, for ten minutes now.",
      runbook:
        "One tenant: its parallelism or its tier's share of queriers is used up. All: queriers are down or too few (StoreDown, CapacityNearlyUsed).",
    },
    {
      alert: "LokiPanics",
      expr: "sum by (job) (increase(loki_panic_total[10m])) > 0",
      severity: "critical",
      summary: "Loki panicked while it served a request.",
      description: "{{ $value | humanize }} panics at {{ $labels.job }} in ten minutes.",
      runbook:
        "The log has the stack. It is a fault of the store: look for it among the issues of its project, and take the version before (`stores` in model/versions.ts).",
    },
    {
      alert: "MemcachedDown",
      expr: 'memcached_up == 0 or up{job=~".+/memcached.*"} == 0',
      for: "10m",
      severity: "warning",
      summary: "A cache is down.",
      description: "{{ $labels.pod }} ({{ $labels.job }}) does not answer: queries are slower and the bucket is read more.",
      runbook: "Nothing is lost. `kubectl describe pod`; it comes back empty.",
    },
  ];
}

export const storeAlertGroups = (facts: CapacityFacts): RuleGroup[] => [{ name: "store-alerts", rules: alerts(facts) }];
