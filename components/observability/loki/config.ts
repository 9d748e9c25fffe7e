import { toYaml } from "../../../model/text";
import { ports } from "../addresses";
import type { Address } from "../../contracts";
import type { StorageShape } from "../cortex/config";

/** Where the runtime file is mounted, as a folder: a file mounted by `subPath` never changes. */
export const limitsPath = "/etc/loki-limits";
export const limitsFile = "overrides.yaml";
export const configPath = "/etc/loki";
export const configFile = "loki.yaml";

/** First day of the one index schema. Fixed for ever: data is found by the schema of its day. */
const schemaStart = "2024-04-01";

function store(storage: StorageShape): Record<string, unknown> {
  if (storage.kind === "volume") return { filesystem: { chunks_directory: "/data/chunks", rules_directory: "/data/rules-store" } };
  return {
    s3: {
      bucketnames: "${S3_BUCKET}",
      endpoint: "${S3_ENDPOINT}",
      region: "${S3_REGION}",
      insecure: storage.insecure,
      s3forcepathstyle: true,
    },
  };
}

/**
 * Loki's main configuration for `-target=all`, to be read with `-config.expand-env`. Tenants' limits are not here but in the runtime file.
 * Alerts of log rules go to Cortex' Alertmanager, which takes the tenant from the header that Loki's ruler sends.
 * Option names: docs/sources/shared/configuration.md of Loki v3.7.6.
 */
export function lokiConfig(storage: StorageShape, alertmanager: Address): string {
  const objectStore = storage.kind === "volume" ? "filesystem" : "s3";
  return toYaml({
    target: "all",
    auth_enabled: true,
    // No usage reports to third parties.
    analytics: { reporting_enabled: false },
    server: { http_listen_port: ports.loki.http, grpc_listen_port: ports.loki.grpc, log_format: "json" },
    common: {
      path_prefix: "/data",
      instance_addr: "127.0.0.1",
      replication_factor: 1,
      ring: { kvstore: { store: "inmemory" } },
      storage: store(storage),
    },
    schema_config: {
      configs: [{ from: schemaStart, store: "tsdb", object_store: objectStore, schema: "v13", index: { prefix: "index_", period: "24h" } }],
    },
    ingester: { wal: { dir: "/data/wal", flush_on_shutdown: true } },
    compactor: { working_directory: "/data/compactor", retention_enabled: true, delete_request_store: objectStore },
    ruler: {
      enable_api: true,
      alertmanager_url: `http://${alertmanager.host}:${alertmanager.port}/alertmanager`,
      rule_path: "/data/rules",
    },
    runtime_config: { file: `${limitsPath}/${limitsFile}`, period: "10s" },
    limits_config: floor,
  });
}

/** What holds for an id that the runtime file does not name, and what no tier changes. */
const floor = {
  allow_structured_metadata: true,
  volume_enabled: true,
  deletion_mode: "filter-and-delete",
  max_query_bytes_read: "50GB",
  max_query_series: 5_000,
  query_timeout: "2m",
  reject_old_samples: true,
  reject_old_samples_max_age: "168h",
};
