import { share } from "./promql";
import type { Recording, RuleGroup } from "./rule";

/** Rates, errors and durations of the shared systems by part and route, in one shape for all three. */

interface Red {
  readonly system: string;
  /** Histogram without its suffix. */
  readonly metric: string;
  readonly route: string;
  readonly code: string;
  readonly failed: string;
}

/** `code` of gRPC routes is `success` or `error` in Cortex and Loki. What waits for work on purpose has no latency to speak of. */
const systems: readonly Red[] = [
  { system: "cortex", metric: "cortex_request_duration_seconds", route: "route", code: "status_code", failed: "5..|error" },
  { system: "loki", metric: "loki_request_duration_seconds", route: "route", code: "status_code", failed: "5..|error" },
  { system: "thanos", metric: "http_request_duration_seconds", route: "handler", code: "code", failed: "5.." },
];

const by = "job, route";

function red({ system, metric, route, code, failed }: Red): Recording[] {
  const labels = { system };
  const job = `job=~"${system}/.+"`;
  const routed = (vector: string) => (route === "route" ? vector : `label_replace(${vector}, "route", "$1", "${route}", "(.+)")`);
  const count = (more = "") => routed(`rate(${metric}_count{${job}${more}}[5m])`);
  const buckets = routed(`sum by (job, ${route}, le) (rate(${metric}_bucket{${job}}[5m]))`);
  return [
    { record: "job_route:requests:rate5m", expr: `sum by (${by}) (${count()})`, labels },
    { record: "job_route:errors:ratio_rate5m", expr: share(count(`,${code}=~"${failed}"`), count(), by), labels },
    ...[0.5, 0.99].map((quantile) => ({
      record: `job_route:latency_seconds:p${quantile * 100}_5m`,
      expr: `histogram_quantile(${quantile}, sum by (${by}, le) (${buckets}))`,
      labels,
    })),
  ];
}

const onDisk = (metric: string, system: string) => `sum by (job, namespace, pod) (${metric}{job=~"${system}/.+"})`;

/** What TSDBs hold on their volumes, as far as they tell: Cortex does not tell the size of its log. Loki's share of its volume is a metric of its own. */
const disks: readonly Recording[] = [
  { record: "pod:disk_bytes:sum", expr: onDisk("cortex_ingester_tsdb_storage_blocks_bytes", "cortex"), labels: { system: "cortex" } },
  {
    record: "pod:disk_bytes:sum",
    expr: ["storage_blocks_bytes", "wal_storage_size_bytes", "head_chunks_storage_size_bytes"]
      .map((metric) => onDisk(`prometheus_tsdb_${metric}`, "thanos"))
      .join(" + "),
    labels: { system: "thanos" },
  },
];

export const storeGroups: readonly RuleGroup[] = [
  { name: "store-requests", interval: "1m", rules: systems.flatMap(red) },
  { name: "store-disks", interval: "1m", rules: disks },
];
