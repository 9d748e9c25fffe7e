import { toYaml } from "../../../model/text";
import type { Storage } from "../../contracts";
import { ports } from "../addresses";

/** What of the storage forms the text; bucket, endpoint and keys come from the environment. */
export type StorageShape = { readonly kind: "volume" } | Pick<Extract<Storage, { kind: "s3" }>, "kind" | "insecure">;

const memory = { kvstore: { store: "inmemory" } };
const mebibyte = 1024 * 1024;

/**
 * Rules and Alertmanager state live apart from blocks: the compactor takes every folder at the top of the blocks bucket for a tenant,
 * so a shared bucket would give it tenants named `rules`, `alerts` and `alertmanager`.
 */
const rulesBucket = "${S3_BUCKET}-rules";

function bucket(storage: StorageShape, name: string, folder: string): Record<string, unknown> {
  if (storage.kind === "volume") return { backend: "filesystem", filesystem: { dir: `/data/${folder}` } };
  return { backend: "s3", s3: { bucket_name: name, endpoint: "${S3_ENDPOINT}", region: "${S3_REGION}", insecure: storage.insecure } };
}

/**
 * Cortex's main configuration for `-target=all`, to be read with `-config.expand-env`. Tenants' limits are not here but in the runtime
 * file; `limits` are what holds for an id that file does not name, and what no tier changes.
 * Option names: docs/configuration/config-file-reference.md of Cortex v1.21.1.
 */
export function cortexConfig(storage: StorageShape): string {
  return toYaml({
    target: "all",
    auth_enabled: true,
    // Grafana takes a datasource that answers buildinfo for plain Prometheus and disables rule editing.
    api: { build_info_enabled: false },
    server: { http_listen_port: ports.cortex.http, grpc_listen_port: ports.cortex.grpc, log_format: "json" },
    distributor: { shard_by_all_labels: true, ring: memory },
    ingester: { lifecycler: { address: "127.0.0.1", num_tokens: 512, ring: { ...memory, replication_factor: 1 } } },
    querier: { active_query_tracker_dir: "/data/active-query-tracker" },
    frontend_worker: { match_max_concurrent: true },
    blocks_storage: {
      ...bucket(storage, "${S3_BUCKET}", "blocks"),
      tsdb: { dir: "/data/tsdb" },
      bucket_store: { sync_dir: "/data/sync" },
    },
    compactor: { data_dir: "/data/compactor", sharding_ring: memory },
    store_gateway: { sharding_enabled: false, sharding_ring: memory },
    ruler: {
      enable_api: true,
      alertmanager_url: `http://127.0.0.1:${ports.cortex.http}/alertmanager`,
      rule_path: "/data/rules",
      ring: memory,
    },
    ruler_storage: bucket(storage, rulesBucket, "rules-store"),
    alertmanager: {
      enable_api: true,
      data_dir: "/data/alertmanager",
      external_url: "/alertmanager",
      sharding_ring: memory,
      // One process has no peers: an empty address keeps the gossip port shut.
      cluster: { listen_address: "" },
    },
    alertmanager_storage: bucket(storage, rulesBucket, "alertmanager-store"),
    runtime_config: { file: `${limitsPath}/${limitsFile}`, period: "10s" },
    tenant_federation: { enabled: false },
    limits: floor,
  });
}

/** Where the runtime file is mounted, as a folder: a file mounted by `subPath` never changes. */
export const limitsPath = "/etc/cortex-limits";
export const limitsFile = "overrides.yaml";
export const configPath = "/etc/cortex";
export const configFile = "cortex.yaml";

/** Bounds that keep one tenant's query or alerting configuration from taking the process down; Cortex' own defaults are unlimited. */
const floor = {
  ingestion_rate_strategy: "local",
  max_fetched_series_per_query: 500_000,
  max_fetched_chunks_per_query: 2_000_000,
  max_fetched_chunk_bytes_per_query: 512 * mebibyte,
  max_fetched_data_bytes_per_query: 1024 * mebibyte,
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
};
