import { amount, singleHolds, singleSizes } from "../../model/capacity-single";

/** Series of one test, by selector, in promtool's notation: `0+60x30` is a counter of 60 a minute for half an hour. */
export type Series = Readonly<Record<string, string>>;

/** Series in which an alert fires, and the few of them that are otherwise when it does not. */
export interface Case {
  readonly alert: string;
  /** Minutes after which it is looked for; the clock starts at 1970. */
  readonly at: number;
  /** Minutes between samples and evaluations; default 1. */
  readonly every?: number;
  readonly given: Series;
  /** Labels of what fires, apart from those of the rule. */
  readonly fires: Readonly<Record<string, string>>;
  /** Undefined for the one alert that always fires. */
  readonly quiet?: Series;
}

const of = (alert: string, at: number, given: Series, fires: Case["fires"], quiet: Series): Case => ({ alert, at, given, fires, quiet });
const prod = { tenant: "prod" };
const pod = (job: string) => ({ job, pod: "p" });
const p = (job: string, more = "") => `job="${job}",pod="p"${more}`;

const rq = (cluster: string, code: number) =>
  `envoy_cluster_upstream_rq{tenant="prod",pod="p",envoy_cluster_name="${cluster}",envoy_response_code="${code}"}`;
const downstream = (code: number) =>
  `envoy_http_downstream_rq_xx{tenant="prod",envoy_http_conn_manager_prefix="gateway",envoy_response_code_class="${code}"}`;
const took = (cluster: string, le: string) =>
  `envoy_cluster_upstream_rq_time_bucket{tenant="prod",envoy_cluster_name="${cluster}",le="${le}"}`;
const days = 'envoy_server_days_until_first_cert_expiring{tenant="prod",pod="p"}';
const keyEnd = 'tenantstack_signing_key_end_timestamp_seconds{tenant="prod",key="2026-11",pod="p"}';
const day = 86_400;

const gateways: readonly Case[] = [
  of("TenantWritesRefused", 25, { [rq("cortex-push", 200)]: "0+600x30", [rq("cortex-push", 429)]: "0+60x30" }, prod, { [rq("cortex-push", 429)]: "0+3x30" }),
  of("TenantQueriesRefused", 35, { [rq("loki-query", 200)]: "0+60x40", [rq("loki-query", 429)]: "0+12x40" }, prod, { [rq("loki-query", 429)]: "0+1x40" }),
  of("TenantRequestsFailing", 20, { [downstream(2)]: "0+60x30", [downstream(5)]: "0+10x30" }, prod, { [downstream(5)]: "0+1x30" }),
  of("TenantCertificateExpires", 65, { [days]: "20x70" }, prod, { [days]: "21x70" }),
  of("TenantCertificateEnds", 65, { [days]: "6x70" }, prod, { [days]: "7x70" }),
  of("TenantSigningKeyEnds", 65, { [keyEnd]: `${30 * day}x70` }, { ...prod, key: "2026-11" }, { [keyEnd]: `${32 * day}x70` }),
  of("TenantSigningKeyEnded", 15, { [keyEnd]: `${2 * day}x20` }, { ...prod, key: "2026-11" }, { [keyEnd]: `${4 * day}x20` }),
  of("GatewayErrorBudgetBurnsFast", 65, { [downstream(2)]: "0+98x70", [downstream(5)]: "0+2x70" }, prod, { [downstream(5)]: "0+1x70" }),
  of("GatewayErrorBudgetBurns", 65, { [downstream(2)]: "0+99x70", [downstream(5)]: "0+1x70" }, prod, { [downstream(2)]: "0+499x70" }),
  // A burst an hour ago does not wake anybody now.
  of("GatewayErrorBudgetBurnsFast", 65, { [downstream(2)]: "0+98x70", [downstream(5)]: "0+2x70" }, prod, { [downstream(5)]: "0+4x30 120x40" }),
  of("GatewayWritesSlow", 25, { [took("thanos-receive", "2500.0")]: "0+90x30", [took("thanos-receive", "5000.0")]: "0+100x30", [took("thanos-receive", "+Inf")]: "0+100x30" }, { ...prod, envoy_cluster_name: "thanos-receive" }, { [took("thanos-receive", "2500.0")]: "0+100x30" }),
  of("GatewayQueriesSlow", 25, { [took("cortex-query", "30000.0")]: "0+90x30", [took("cortex-query", "60000.0")]: "0+100x30", [took("cortex-query", "+Inf")]: "0+100x30" }, { ...prod, envoy_cluster_name: "cortex-query" }, { [took("cortex-query", "30000.0")]: "0+100x30" }),
  of("GatewayDown", 8, { 'up{job="tenant/gateway",tenant="prod",pod="p"}': "0x10" }, { ...prod, pod: "p" }, { 'up{job="tenant/gateway",tenant="prod",pod="p"}': "1x10" }),
  of("GatewayGone", 38, { 'tenantstack_tenant_info{tenant="prod",storage_id="prod",pod="p"}': "1x20 _x30" }, prod, { 'tenantstack_tenant_info{tenant="prod",storage_id="prod",pod="p"}': "1x50" }),
  ...[["routes", 'envoy_http_rds_update_rejected{tenant="prod",pod="p",envoy_rds_route_config="tenant"}'], ["keys", 'envoy_extension_config_discovery_http_filter_jwt_update_rejected{tenant="prod",pod="p"}'], ["clusters", 'envoy_cluster_manager_cds_update_rejected{tenant="prod",pod="p"}'], ["certificate", 'envoy_sds_update_rejected{tenant="prod",pod="p"}']].map(
    ([file = "", series = ""]) => of("GatewayConfigurationRejected", 12, { [series]: "0x9 1x9" }, { ...prod, pod: "p", file }, { [series]: "1x20" }),
  ),
]; // prettier-ignore

const stated = (limit: string) => `tenantstack_limit{tenant="prod",pod="p",limit="${limit}"}`;
const applied = (system: "cortex" | "loki", option: string) => `${system}_overrides{user="prod--2",limit_name="${option}",pod="s"}`;
const near = (limit: string) => ({ ...prod, limit });
const tenants: readonly Case[] = [
  of(
    "TenantNearLimit",
    30,
    {
      [applied("cortex", "max_global_series_per_user")]: "1000x40",
      'cortex_ingester_memory_series_created_total{user="prod--2",pod="a"}': "1500x40",
      'cortex_ingester_memory_series_removed_total{user="prod--2",pod="a"}': "100x40",
      'cortex_ingester_memory_series_created_total{user="prod--2",pod="b"}': "1300x40",
      'cortex_ingester_memory_series_removed_total{user="prod--2",pod="b"}': "0x40",
      'cortex_distributor_replication_factor{pod="d"}': "3x40",
    },
    near("metrics.activeSeries"),
    { 'cortex_ingester_memory_series_removed_total{user="prod--2",pod="a"}': "400x40" },
  ),
  of("TenantNearLimit", 30, { 'thanos_receive_head_series_limit{tenant="prod",pod="r"}': "1000x40", 'prometheus_tsdb_head_series{job="thanos/receive-ingestor",tenant="prod",pod="a"}': "1800x40", 'thanos_receive_replication_factor{pod="router"}': "2x40", 'thanos_receive_replication_factor{pod="a"}': "1x40" }, near("metrics.activeSeries"), { 'thanos_receive_replication_factor{pod="router"}': "3x40" }),
  of("TenantNearLimit", 30, { [applied("cortex", "ingestion_rate")]: "100x40", 'cortex_distributor_received_samples_total{user="prod",type="float",pod="d"}': "0+5400x40" }, near("metrics.samplesPerSecond"), { 'cortex_distributor_received_samples_total{user="prod",type="float",pod="d"}': "0+4800x40" }),
  of("TenantNearLimit", 30, { [stated("metrics.samplesPerSecond")]: "100x40", 'thanos_receive_write_samples_sum{tenant="prod",code="200",pod="d"}': "0+5400x40" }, near("metrics.samplesPerSecond"), { 'thanos_receive_write_samples_sum{tenant="prod",code="200",pod="d"}': "0+4800x40" }),
  of("TenantNearLimit", 30, { [applied("loki", "ingestion_rate_mb")]: "3.815x40", 'loki_distributor_bytes_received_total{tenant="prod",retention_hours="720",pod="d"}': "0+216000000x40" }, near("logs.megabytesPerSecond"), { 'loki_distributor_bytes_received_total{tenant="prod",retention_hours="720",pod="d"}': "0+196000000x40" }),
  // Loki exports no override that is its default.
  of("TenantNearLimit", 30, { 'loki_overrides_defaults{limit_name="max_global_streams_per_user",pod="s"}': "100x40", 'tenantstack_tenant_info{tenant="prod",storage_id="prod--2",logs="loki",pod="p"}': "1x40", 'loki_ingester_memory_streams{tenant="prod",pod="i"}': "270x40", 'loki_distributor_replication_factor{pod="d"}': "3x40" }, near("logs.streams"), { 'loki_ingester_memory_streams{tenant="prod",pod="i"}': "240x40" }),
  of("TenantNearLimit", 30, { [applied("cortex", "max_query_parallelism")]: "8x40", 'envoy_cluster_upstream_rq_active{tenant="prod",envoy_cluster_name="loki-query",pod="p"}': "8x40", 'envoy_cluster_upstream_rq_active{tenant="prod",envoy_cluster_name="cortex-query",pod="p"}': "6x40" }, near("queries.parallelism"), { 'envoy_cluster_upstream_rq_active{tenant="prod",envoy_cluster_name="loki-query",pod="p"}': "6x40" }),
  of("TenantNearLimit", 30, { [stated("requests.ingest")]: "10x40", 'envoy_cluster_upstream_rq_total{tenant="prod",envoy_cluster_name="loki-push",pod="p"}': "0+300x40", 'envoy_cluster_upstream_rq_total{tenant="prod",envoy_cluster_name="cortex-push",pod="p"}': "0+240x40" }, near("requests.ingest"), { 'envoy_cluster_upstream_rq_total{tenant="prod",envoy_cluster_name="loki-push",pod="p"}': "0+240x40" }),
  of("TenantSamplesRejected", 30, { 'cortex_discarded_samples_total{user="prod--2",reason="rate_limited",pod="d"}': "0+10x40" }, { ...prod, reason: "rate_limited" }, { 'cortex_discarded_samples_total{user="prod--2",reason="rate_limited",pod="d"}': "9x40" }),
  of("TenantWritesRejected", 30, { 'http_requests_total{job="thanos/receive",handler="receive",code="413",tenant="prod",pod="d"}': "0+1x40" }, { ...prod, reason: "HTTP 413" }, { 'http_requests_total{job="thanos/receive",handler="receive",code="413",tenant="prod",pod="d"}': "9x40" }),
  of("TenantLinesRejected", 30, { 'loki_discarded_samples_total{tenant="prod",reason="stream_limit",policy="",pod="d"}': "0+1x40" }, { ...prod, reason: "stream_limit" }, { 'loki_discarded_samples_total{tenant="prod",reason="stream_limit",policy="",pod="d"}': "9x40" }),
]; // prettier-ignore

const up = (job: string) => `up{${p(job)}}`;
const requests = (code: string) => `cortex_request_duration_seconds_count{${p("cortex/cortex")},route="api_v1_push",status_code="${code}"}`;
const handled = (le: string) => `http_request_duration_seconds_bucket{${p("thanos/query")},handler="query",code="200",le="${le}"}`;

const stores: readonly Case[] = [
  of("StorePartMissing", 10, Object.fromEntries(["cortex/cortex", "loki/loki", "thanos/query", "thanos/query-frontend"].map((job) => [up(job), "1x20"])), { job: "thanos/receive" }, { [up("thanos/receive")]: "1x20" }),
  of("StoreDown", 10, { [up("loki/loki")]: "0x20" }, pod("loki/loki"), { [up("loki/loki")]: "1x20" }),
  of("StoreNotReady", 40, { [`thanos_status{${p("thanos/query")},check="ready",component="query"}`]: "0x50" }, pod("thanos/query"), { [`thanos_status{${p("thanos/query")},check="ready",component="query"}`]: "1x50" }),
  of("StoreNotReady", 40, { [`loki_ring_members{${p("loki/loki")},name="ingester",state="JOINING"}`]: "1x50" }, { ...pod("loki/loki"), name: "ingester" }, { [`loki_ring_members{${p("loki/loki")},name="ingester",state="JOINING"}`]: "0x50" }),
  of("RingMemberUnhealthy", 20, { [`cortex_ring_members{${p("cortex/distributor")},name="ingester",state="Unhealthy",zone=""}`]: "1x30" }, { system: "cortex", name: "ingester" }, { [`cortex_ring_members{${p("cortex/distributor")},name="ingester",state="Unhealthy",zone=""}`]: "0x30" }),
  of("RingMemberUnhealthy", 20, { [`loki_ring_members{${p("loki/loki")},name="ingester",state="Unhealthy"}`]: "2x30" }, { system: "loki", name: "ingester" }, { [`loki_ring_members{${p("loki/loki")},name="ingester",state="Unhealthy"}`]: "0x30" }),
  of("LimitsReloadFailed", 5, { [`cortex_runtime_config_last_reload_successful{${p("cortex/ingester")}}`]: "0x10" }, pod("cortex/ingester"), { [`cortex_runtime_config_last_reload_successful{${p("cortex/ingester")}}`]: "1x10" }),
  of("LimitsReloadFailed", 5, { [`loki_runtime_config_last_reload_successful{${p("loki/loki")},config="loki"}`]: "0x10" }, pod("loki/loki"), { [`loki_runtime_config_last_reload_successful{${p("loki/loki")},config="loki"}`]: "1x10" }),
  // Thanos counts a failed reload twice in the same counter (v0.42.4); the next good one is one more.
  of("LimitsReloadFailed", 12, { [`thanos_receive_limits_config_reload_total{${p("thanos/receive")}}`]: "1x3 3x20" }, pod("thanos/receive"), { [`thanos_receive_limits_config_reload_total{${p("thanos/receive")}}`]: "1x3 2x20" }),
  of("LimitsReloadFailed", 12, { [`thanos_receive_limits_config_reload_total{${p("thanos/receive")}}`]: "1x3 3x20" }, pod("thanos/receive"), { [`thanos_receive_limits_config_reload_total{${p("thanos/receive")}}`]: "1x3 3x4 4x20" }),
  of("HashringReloadFailed", 8, { [`thanos_receive_config_last_reload_successful{${p("thanos/receive-router")}}`]: "0x10" }, pod("thanos/receive-router"), { [`thanos_receive_config_last_reload_successful{${p("thanos/receive-router")}}`]: "1x10" }),
  of("StoreRequestsFailing", 30, { [requests("200")]: "0+60x40", [requests("500")]: "0+6x40" }, { job: "cortex/cortex", route: "api_v1_push", system: "cortex" }, { [requests("500")]: "0+1x40" }),
  of("StoreRequestsSlow", 30, { [handled("60")]: "0+90x40", [handled("120")]: "0+100x40", [handled("+Inf")]: "0+100x40" }, { job: "thanos/query", route: "query", system: "thanos" }, { [handled("60")]: "0+100x40" }),
  of("QueriesWait", 20, { 'cortex_query_frontend_queue_length{user="prod",pod="q"}': "3x30" }, { user: "prod" }, { 'cortex_query_frontend_queue_length{user="prod",pod="q"}': "0x30" }),
  of("QueriesWait", 20, { 'loki_query_scheduler_queue_length{user="prod",pod="q"}': "3x30" }, { user: "prod" }, { 'loki_query_scheduler_queue_length{user="prod",pod="q"}': "0x30" }),
  of("LokiPanics", 8, { [`loki_panic_total{${p("loki/loki")}}`]: "0x5 1x20" }, { job: "loki/loki" }, { [`loki_panic_total{${p("loki/loki")}}`]: "1x20" }),
  of("MemcachedDown", 20, { [`memcached_up{${p("cortex/memcached-blocks")}}`]: "0x30" }, pod("cortex/memcached-blocks"), { [`memcached_up{${p("cortex/memcached-blocks")}}`]: "1x30" }),
]; // prettier-ignore

const uploaded = `thanos_objstore_bucket_last_successful_upload_time{${p("cortex/ingester")},component="ingester"}`;
const shipped = (what: string) => `thanos_shipper_${what}_total{${p("thanos/receive-ingestor")}}`;
const bucket = (what: string) => `thanos_objstore_bucket_${what}_total{${p("thanos/store")},component="store",operation="get"}`;
const lokiBucket = (what: string) => `loki_objstore_bucket_${what}_total{${p("loki/ingester")},component="chunks",operation="upload"}`;
const corrupt = `loki_ingester_wal_corruptions_total{${p("loki/ingester")},type="segment"}`;
const head = `prometheus_tsdb_head_series{${p("thanos/receive")},tenant="prod"}`;
const factor = `thanos_receive_replication_factor{${p("thanos/receive")}}`;
const most = singleHolds(false).thanos.series ?? 0;
const headroom = (alert: string, at: number, share: number, less: number) =>
  of(alert, at, { [up("thanos/receive")]: "1x90", [factor]: "1x90", [head]: `${Math.round(most * share)}x90` }, { job: "thanos/receive", dimension: "series", system: "thanos" }, { [head]: `${Math.round(most * less)}x90` }); // prettier-ignore
const volume = amount(singleSizes.receive.volume) * 2 ** 30;
const disk = (what: string) => `prometheus_tsdb_${what}_bytes{${p("thanos/receive")},tenant="prod"}`;

const storage: readonly Case[] = [
  of("BlocksNotShipped", 290, { [uploaded]: "60x300", [`cortex_ingester_memory_series_created_total{${p("cortex/ingester")},user="prod"}`]: "0+1x300" }, pod("cortex/ingester"), { [uploaded]: "0+60x300" }),
  // Nothing to ship.
  of("BlocksNotShipped", 290, { [uploaded]: "60x300", [`cortex_ingester_memory_series_created_total{${p("cortex/ingester")},user="prod"}`]: "0+1x300" }, pod("cortex/ingester"), { [`cortex_ingester_memory_series_created_total{${p("cortex/ingester")},user="prod"}`]: "5x300" }),
  of("BlocksNotShipped", 290, { [`cortex_ingester_oldest_unshipped_block_timestamp_seconds{${p("cortex/ingester")}}`]: "60x300" }, pod("cortex/ingester"), { [`cortex_ingester_oldest_unshipped_block_timestamp_seconds{${p("cortex/ingester")}}`]: "0x300" }),
  of("BlocksNotShipped", 60, { [shipped("upload_failures")]: "0+1x70", [shipped("uploads")]: "5x70" }, pod("thanos/receive-ingestor"), { [shipped("uploads")]: "0+1x70" }),
  ...([["cortex/ingester", "head compaction", "cortex_ingester_tsdb_compactions_failed_total"], ["thanos/receive", "head compaction", "prometheus_tsdb_compactions_failed_total"], ["loki/ingester", "flush", "loki_ingester_chunks_flush_failures_total"]] as const).map(
    ([job, fault, metric]) => of("HeadCompactionFailing", 40, { [`${metric}{${p(job)}}`]: "0+1x50" }, { ...pod(job), fault }, { [`${metric}{${p(job)}}`]: "3x50" }),
  ),
  ...([["cortex/ingester", "write", "cortex_ingester_tsdb_wal_writes_failed_total"], ["thanos/receive", "corruption", "prometheus_tsdb_wal_corruptions_total"], ["loki/ingester", "disk full", "loki_ingester_wal_disk_full_failures_total"]] as const).map(
    ([job, fault, metric]) => of("WriteAheadLogFailing", 10, { [`${metric}{${p(job)}}`]: "0+1x20" }, { ...pod(job), fault }, { [`${metric}{${p(job)}}`]: "3x20" }),
  ),
  // Loki exports it from the first fault on.
  of("WriteAheadLogFailing", 10, { [corrupt]: "_x5 1x20" }, { ...pod("loki/ingester"), fault: "corruption" }, { [corrupt]: "1x20" }),
  of("VolumeFilling", 30, { [`loki_ingester_wal_disk_usage_percent{${p("loki/ingester")}}`]: "0.85x40" }, pod("loki/ingester"), { [`loki_ingester_wal_disk_usage_percent{${p("loki/ingester")}}`]: "0.8x40" }),
  of("VolumeFilling", 30, { [disk("storage_blocks")]: `${volume * 0.6}x40`, [disk("wal_storage_size")]: `${volume * 0.2}x40`, [disk("head_chunks_storage_size")]: `${volume * 0.1}x40` }, pod("thanos/receive"), { [disk("storage_blocks")]: `${volume * 0.4}x40` }),
  { alert: "CompactorNotRunning", at: 1620, every: 10, given: { [`cortex_compactor_last_successful_run_timestamp_seconds{${p("cortex/compactor")}}`]: "60x170" }, fires: { job: "cortex/compactor" }, quiet: { [`cortex_compactor_last_successful_run_timestamp_seconds{${p("cortex/compactor")}}`]: "0+600x170" } },
  of("CompactorNotRunning", 80, { [`cortex_compactor_runs_failed_total{${p("cortex/compactor")}}`]: "0+1x90" }, { job: "cortex/compactor" }, { [`cortex_compactor_runs_failed_total{${p("cortex/compactor")}}`]: "0x9 1x90" }),
  of("CompactorNotRunning", 260, { [`loki_boltdb_shipper_compact_tables_operation_last_successful_run_timestamp_seconds{${p("loki/compactor")}}`]: "60x270" }, { job: "loki/compactor" }, { [`loki_boltdb_shipper_compact_tables_operation_last_successful_run_timestamp_seconds{${p("loki/compactor")}}`]: "0+60x270" }),
  of("CompactorNotRunning", 70, { [`thanos_compact_halted{${p("thanos/compactor-30d")}}`]: "1x80" }, { job: "thanos/compactor-30d" }, { [`thanos_compact_halted{${p("thanos/compactor-30d")}}`]: "0x80" }),
  { alert: "RetentionNotApplied", at: 1620, every: 10, given: { [`loki_compactor_apply_retention_last_successful_run_timestamp_seconds{${p("loki/compactor")}}`]: "60x170" }, fires: { job: "loki/compactor" }, quiet: { [`loki_compactor_apply_retention_last_successful_run_timestamp_seconds{${p("loki/compactor")}}`]: "0+600x170" } },
  of("BucketFailing", 40, { [bucket("operation_failures")]: "0+1x50", [bucket("operations")]: "0+10x50" }, { job: "thanos/store", component: "store", operation: "get" }, { [bucket("operations")]: "0+100x50" }),
  of("BucketFailing", 40, { [lokiBucket("operation_failures")]: "0+1x50", [lokiBucket("operations")]: "0+10x50" }, { job: "loki/ingester", component: "chunks", operation: "upload" }, { [lokiBucket("operations")]: "0+100x50" }),
  headroom("CapacityNearlyUsed", 80, 0.85, 0.75),
  headroom("CapacityUsed", 30, 0.97, 0.93),
]; // prettier-ignore

const own = (metric: string, more = "") => `${metric}{${p("platform/prometheus", more)}}`;
const sent = (metric: string) => `otelcol_${metric}_log_records_total{${p("platform/log-collector")}}`;
const evaluated = (what: string) => `cortex_prometheus_rule_${what}_total{${p("cortex/ruler")},user="prod",rule_group="g"}`;
const notified = (what: string) =>
  `cortex_alertmanager_notifications${what}_total{${p("cortex/alertmanager")},user="prod",integration="webhook"}`;

const platform: readonly Case[] = [
  { alert: "PlatformWatchdog", at: 2, given: {}, fires: {} },
  of("RulesOfTenantsFailing", 30, { [evaluated("evaluation_failures")]: "0+10x40", [evaluated("evaluations")]: "0+100x40" }, { job: "cortex/ruler" }, { [evaluated("evaluation_failures")]: "0+1x40" }),
  of("AlertsOfTenantsNotDelivered", 30, { [notified("_failed")]: "0+5x40", [notified("")]: "0+10x40" }, { user: "prod", integration: "webhook" }, { [notified("")]: "0+100x40" }),
  of("AlertsOfTenantsNotDelivered", 30, { [`loki_prometheus_notifications_dropped_total{${p("loki/ruler")},user="prod"}`]: "0+1x40" }, { user: "prod" }, { [`loki_prometheus_notifications_dropped_total{${p("loki/ruler")},user="prod"}`]: "9x40" }),
  of("AlertmanagerFailing", 50, { [`cortex_alertmanager_state_persist_failed_total{${p("cortex/alertmanager")}}`]: "0+1x60" }, pod("cortex/alertmanager"), { [`cortex_alertmanager_state_persist_failed_total{${p("cortex/alertmanager")}}`]: "9x60" }),
  of("PlatformPrometheusNotWriting", 30, { [own("prometheus_remote_storage_samples_failed_total")]: "0+5x40" }, { pod: "p" }, { [own("prometheus_remote_storage_samples_failed_total")]: "9x40" }),
  of("PlatformPrometheusNotWriting", 30, { [own("prometheus_remote_storage_highest_timestamp_in_seconds")]: "1000+60x40", [own("prometheus_remote_storage_queue_highest_sent_timestamp_seconds")]: "600+60x40" }, { pod: "p" }, { [own("prometheus_remote_storage_queue_highest_sent_timestamp_seconds")]: "900+60x40" }),
  of("PlatformRulesFailing", 30, { [own("prometheus_rule_evaluation_failures_total", ',rule_group="g"')]: "0+1x40" }, { rule_group: "g" }, { [own("prometheus_rule_evaluation_failures_total", ',rule_group="g"')]: "9x40" }),
  of("PlatformAlertsNotDelivered", 30, { [own("prometheus_notifications_alertmanagers_discovered")]: "0x40" }, { pod: "p" }, { [own("prometheus_notifications_alertmanagers_discovered")]: "1x40" }),
  of("LogCollectorDown", 30, { [up("platform/log-collector")]: "0x40" }, pod("platform/log-collector"), { [up("platform/log-collector")]: "1x40" }),
  of("LogCollectorDown", 30, {}, { job: "platform/log-collector", pod: "all of them" }, { [up("platform/log-collector")]: "1x40" }),
  of("LogCollectorDropping", 30, { [sent("exporter_send_failed")]: "0+1x40" }, { pod: "p" }, { [sent("exporter_send_failed")]: "9x40" }),
]; // prettier-ignore

export const cases: readonly Case[] = [...gateways, ...tenants, ...stores, ...storage, ...platform];
