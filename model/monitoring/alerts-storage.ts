import type { CapacityFacts } from "./capacity";
import type { Alert, RuleGroup } from "./rule";

/** Where ingesters, compactors and store gateways run: one process does it all in size single. */
const ingester = 'job=~"cortex/(cortex|ingester)"';
const compactor = 'job=~"cortex/(cortex|compactor)"';
const receive = 'job=~"thanos/receive.*"';
const hours = 3600;

/** A counter that must stay still. `first`: its program exports it only from the first fault on, and `increase` does not see a counter that begins with 1. */
type Still = readonly [fault: string, metric: string, exported?: "first"];

/** Sum of counters that must stay still, by pod, with the name of the fault in label `fault`. */
function faults(window: string, metrics: readonly Still[]): string {
  const risen = (metric: string) => `increase(${metric}[${window}])`;
  const one = ([fault, metric, exported]: Still) => {
    const vector = exported === undefined ? risen(metric) : `(${metric} unless ${metric} offset ${window}) or ${risen(metric)}`;
    return `label_replace(${vector}, "fault", "${fault}", "pod", ".*")`;
  };
  return `sum by (job, pod, fault) (${metrics.map(one).join(" or ")}) > 0`;
}

/** All three reach their buckets by one library; Loki gives its metrics another prefix. */
const bucketCalls = (metric: string) =>
  ["thanos", "loki"].map((prefix) => `rate(${prefix}_objstore_bucket_${metric}{operation!="attributes"}[15m])`).join(" or ");

const alerts: readonly Alert[] = [
  {
    // As in cortex-mixin; the last line spares ingesters that had nothing to ship.
    alert: "BlocksNotShipped",
    expr:
      `(time() - max by (job, pod) (thanos_objstore_bucket_last_successful_upload_time{${ingester},component="ingester"}) > 4 * ${hours}) ` +
      `and on (job, pod) (max by (job, pod) (thanos_objstore_bucket_last_successful_upload_time{${ingester},component="ingester"}) > 0) ` +
      `and on (job, pod) (sum by (job, pod) (rate(cortex_ingester_memory_series_created_total{${ingester}}[4h])) > 0) ` +
      `or (max by (job, pod) (time() - (cortex_ingester_oldest_unshipped_block_timestamp_seconds > 0)) > 4 * ${hours}) ` +
      `or (sum by (job, pod) (increase(thanos_shipper_upload_failures_total{${receive}}[4h])) > 0 and on (job, pod) sum by (job, pod) (increase(thanos_shipper_uploads_total{${receive}}[4h])) == 0)`,
    for: "15m",
    severity: "critical",
    summary: "An ingester has not shipped its blocks to the bucket for four hours.",
    description: "{{ $labels.pod }} ({{ $labels.job }}) keeps blocks that are on its volume alone.",
    runbook:
      "Its log says what the bucket answers: credentials, network policy, a bucket that is gone. The volume fills: see VolumeFilling. Do not delete the pod's volume.",
  },
  {
    alert: "HeadCompactionFailing",
    expr: faults("15m", [
      ["head compaction", "cortex_ingester_tsdb_compactions_failed_total"],
      ["head truncation", "cortex_ingester_tsdb_head_truncations_failed_total"],
      ["log truncation", "cortex_ingester_tsdb_wal_truncations_failed_total"],
      ["head compaction", `prometheus_tsdb_compactions_failed_total{${receive}}`],
      ["head truncation", `prometheus_tsdb_head_truncations_failed_total{${receive}}`],
      ["checkpoint", "loki_ingester_checkpoint_creations_failed_total"],
      ["flush", "loki_ingester_chunks_flush_failures_total"],
    ]),
    for: "15m",
    severity: "critical",
    summary: "An ingester cannot turn what is in memory into blocks or chunks.",
    description:
      "{{ $labels.pod }} ({{ $labels.job }}): {{ $labels.fault }} failed {{ $value | humanize }} times in 15 minutes. Memory and log grow until it is killed.",
    runbook:
      "Its log names the tenant and the cause: a full volume, a bucket that refuses (Loki flushes straight to it), or out-of-order data.",
  },
  {
    alert: "WriteAheadLogFailing",
    expr: faults("10m", [
      ["write", "cortex_ingester_tsdb_wal_writes_failed_total"],
      ["corruption", "cortex_ingester_tsdb_wal_corruptions_total"],
      ["write", `prometheus_tsdb_wal_writes_failed_total{${receive}}`],
      ["corruption", `prometheus_tsdb_wal_corruptions_total{${receive}}`],
      ["disk full", "loki_ingester_wal_disk_full_failures_total"],
      ["corruption", "loki_ingester_wal_corruptions_total", "first"],
    ]),
    for: "1m",
    severity: "critical",
    summary: "An ingester cannot write its log ahead.",
    description:
      "{{ $labels.pod }} ({{ $labels.job }}): {{ $labels.fault }}, {{ $value | humanize }} times in ten minutes. What it holds in memory is lost if it goes down now.",
    runbook: "Nearly always a full volume. The other copies hold the data: free the volume or replace it one zone at a time.",
  },
  {
    alert: "VolumeFilling",
    expr: "max by (job, pod) (loki_ingester_wal_disk_usage_percent) > 0.8 or max by (job, pod) (pod:disk_use:ratio) > 0.8",
    for: "15m",
    severity: "warning",
    summary: "The volume of an ingester is nearly full.",
    description:
      "The volume of {{ $labels.pod }} ({{ $labels.job }}) is {{ $value | humanizePercentage }} full. Of Cortex it counts blocks only: its log comes on top.",
    runbook:
      "Blocks that are not shipped (BlocksNotShipped), or more series than the plan of capacity counts with. Loki stops writing its log at 90%. Grow the claim by hand where the storage class allows it.",
  },
  {
    alert: "CompactorNotRunning",
    expr:
      `(time() - max by (job) (cortex_compactor_last_successful_run_timestamp_seconds{${compactor}} > 0) > 24 * ${hours}) ` +
      `or (time() - max by (job) (cortex_compactor_block_cleanup_last_successful_run_timestamp_seconds{user_status="active"}) > 6 * ${hours}) ` +
      `or (sum by (job) (increase(cortex_compactor_runs_failed_total[6h])) >= 2) ` +
      `or (time() - max by (job) (loki_boltdb_shipper_compact_tables_operation_last_successful_run_timestamp_seconds > 0) > 3 * ${hours}) ` +
      `or (max by (job) (thanos_compact_halted) == 1)`,
    for: "1h",
    severity: "critical",
    summary: "A compactor does not finish its runs.",
    description: "{{ $labels.job }} has not compacted or cleaned up in time: queries slow down, and data that should be gone is kept.",
    runbook:
      "Its log. Thanos halts on overlapping blocks (`halt`): see its page on the compactor. Cortex: two failed runs in a row name the tenant and block. Disk of the compactor: the largest tenant's blocks must fit.",
  },
  {
    alert: "RetentionNotApplied",
    expr: `time() - max by (job) (loki_compactor_apply_retention_last_successful_run_timestamp_seconds > 0) > 24 * ${hours}`,
    for: "1h",
    severity: "warning",
    summary: "Loki's retention has not run for a day.",
    description:
      "{{ $labels.job }} applied retention last {{ $value | humanizeDuration }} ago: lines are kept longer than tenants' files say.",
    runbook: "Log of Loki's compactor. It waits for its ring to be stable after a start.",
  },
  {
    alert: "BucketFailing",
    expr:
      `sum by (job, component, operation) (${bucketCalls("operation_failures_total")}) ` +
      `/ (sum by (job, component, operation) (${bucketCalls("operations_total")}) > 0) > 0.05`,
    for: "15m",
    severity: "warning",
    summary: "Calls to a bucket fail.",
    description: "{{ $value | humanizePercentage }} of `{{ $labels.operation }}` by {{ $labels.job }} fail.",
    runbook: "The log has the bucket's answer. 503 SlowDown of S3 passes; 403 is workload identity or a bucket policy.",
  },
];

const headroom = (facts: CapacityFacts): Alert[] => [
  {
    alert: "CapacityNearlyUsed",
    expr: "job_dimension:capacity_use:ratio > 0.8",
    for: "1h",
    severity: "warning",
    summary: "Tenants use most of what a part of the cluster holds.",
    description:
      "{{ $labels.job }} carries {{ $value | humanizePercentage }} of the {{ $labels.dimension }} that its running replicas are made for.",
    runbook:
      facts.cluster.size === "single"
        ? "Size single does not grow: lower limits, or `cluster.size: distributed` (docs/sizing.md)."
        : "Replicas that are down (StoreDown), or tenants use more of their limits than the plan expects: `npx tenantstack capacity --buffer`, and correct `expectedUse` in model/capacity-figures.ts.",
  },
  {
    alert: "CapacityUsed",
    expr: "job_dimension:capacity_use:ratio > 0.95",
    for: "15m",
    severity: "critical",
    summary: "Tenants use all of what a part of the cluster holds.",
    description:
      "{{ $labels.job }} carries {{ $value | humanizePercentage }} of the {{ $labels.dimension }} that its running replicas are made for.",
    runbook: "As CapacityNearlyUsed, now: the next rollout or lost zone loses data.",
  },
];

export const storageAlertGroups = (facts: CapacityFacts): RuleGroup[] => [
  { name: "storage-alerts", interval: "1m", rules: alerts },
  { name: "capacity-alerts", interval: "1m", rules: headroom(facts) },
];
