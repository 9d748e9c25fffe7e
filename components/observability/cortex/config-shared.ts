import type { Address, Storage } from "../../contracts";
import { ports } from "../addresses";

/** What of the storage forms the text; bucket, endpoint and keys come from the environment. */
export type StorageShape = { readonly kind: "volume" } | Pick<Extract<Storage, { kind: "s3" }>, "kind" | "insecure">;

/** Where the runtime file is mounted, as a folder: a file mounted by `subPath` never changes. */
export const limitsPath = "/etc/cortex-limits";
export const limitsFile = "overrides.yaml";
export const configPath = "/etc/cortex";
export const configFile = "cortex.yaml";

/** A block of the configuration file. */
export type Block = Readonly<Record<string, unknown>>;

export const mebibyte = 1024 * 1024;

/**
 * Rules and Alertmanager state live apart from blocks: the compactor takes every folder at the top of the blocks bucket for a tenant,
 * so a shared bucket would give it tenants named `rules`, `alerts` and `alertmanager`.
 */
const rulesBucket = "${S3_BUCKET}-rules";

/**
 * The three stores. With an empty `access_key_id` Cortex' S3 client goes through the AWS SDK's own chain, which knows keys in the environment and
 * EKS Pod Identity alike (pkg/storage/bucket/s3/bucket_client.go). Encryption is the bucket's own default.
 */
export function stores(storage: StorageShape): Record<"blocks" | "rules" | "alertmanager", Block> {
  const bucket = (name: string, folder: string): Block =>
    storage.kind === "volume"
      ? { backend: "filesystem", filesystem: { dir: `/data/${folder}` } }
      : { backend: "s3", s3: { bucket_name: name, endpoint: "${S3_ENDPOINT}", region: "${S3_REGION}", insecure: storage.insecure } };
  return {
    blocks: bucket("${S3_BUCKET}", "blocks"),
    rules: bucket(rulesBucket, "rules-store"),
    alertmanager: bucket(rulesBucket, "alertmanager-store"),
  };
}

/**
 * What is the same in both sizes. `api.build_info_enabled` stays out, and so false: its field is private in Cortex, so the file may not name it. Grafana
 * takes a datasource that answers buildinfo for plain Prometheus and disables rule editing.
 */
export const always = {
  auth_enabled: true,
  runtime_config: { file: `${limitsPath}/${limitsFile}`, period: "10s" },
  // Whoever may send `a|b` as tenant reads both. Only the operators' querier takes it, see `operatorsArgs`.
  tenant_federation: { enabled: false },
} as const;

/** Seconds a query may take; gateways wait a little longer. */
const querySeconds = 120;

export const server = {
  http_listen_port: ports.cortex.http,
  grpc_listen_port: ports.cortex.grpc,
  log_format: "json",
  // An answer may take as long as its query, also while the process ends; by default both are cut off at 30 s.
  http_server_write_timeout: `${querySeconds + 10}s`,
  graceful_shutdown_timeout: `${querySeconds + 10}s`,
} as const;

/** Of queriers, and of rulers: their rules are evaluated by a querier inside. */
export const querier = { active_query_tracker_dir: "/data/active-query-tracker", timeout: `${querySeconds}s` } as const;

/** Metrics of what each tenant's queries read. */
export const frontend = { query_stats_enabled: true } as const;

export function ruler(alertmanager: Address): Block {
  return { enable_api: true, alertmanager_url: `http://${alertmanager.host}:${alertmanager.port}/alertmanager`, rule_path: "/data/rules" };
}

export const alertmanager = {
  enable_api: true,
  data_dir: "/data/alertmanager",
  external_url: "/alertmanager",
  // Alertmanager's own gossip. One process has no peers and several share by the ring, so its port stays shut.
  cluster: { listen_address: "" },
} as const;

/** Bounds that keep one tenant's query or alerting configuration from taking a process down; Cortex' own defaults are unlimited. */
export const floor = {
  // 50,000 in each ingester by default; `activeSeries` bounds a tenant, whatever the names of its series.
  max_series_per_metric: 0,
  max_fetched_series_per_query: 500_000,
  max_fetched_chunks_per_query: 2_000_000,
  max_fetched_chunk_bytes_per_query: 512 * mebibyte,
  max_fetched_data_bytes_per_query: 1024 * mebibyte,
  max_downloaded_bytes_per_request: 1024 * mebibyte,
  max_query_response_size: 256 * mebibyte,
  // A tenant's Alertmanager must not be a way into the cluster's network or the cloud's metadata service.
  alertmanager_receivers_firewall_block_private_addresses: true,
  alertmanager_max_config_size_bytes: mebibyte,
  alertmanager_max_templates_count: 50,
  alertmanager_max_template_size_bytes: 64 * 1024,
  alertmanager_max_dispatcher_aggregation_groups: 5_000,
  alertmanager_max_alerts_count: 20_000,
  alertmanager_max_alerts_size_bytes: 32 * mebibyte,
  alertmanager_max_silences_count: 1_000,
  alertmanager_max_silences_size_bytes: 64 * 1024,
} as const;
