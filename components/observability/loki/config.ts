import { amount } from "../../../model/capacity-single";
import type { ContainerResources } from "../../../model/tiers";
import type { Address } from "../../contracts";
import { ports } from "../addresses";
import type { StorageShape } from "../cortex/config";
import { schemaPeriods } from "./schema";

/** Folder of the runtime files. */
export const limitsPath = "/etc/loki-limits";
export const configPath = "/etc/loki";
export const configFile = "loki.yaml";
export const dataPath = "/data";

/** Loki's own name of the kind of store; the rest is in `storageConfig`. */
const storeKind = (storage: StorageShape) => (storage.kind === "volume" ? "filesystem" : "s3");

/**
 * Where one kind of object is kept. The credentials are those that the AWS SDK finds: keys from the environment, or workload identity.
 * A bucket holds tenants' chunks below their ids, the index below `index/` and rules below `rules/`: model/names.ts reserves both names.
 */
function bucket(storage: StorageShape, folder: string): Record<string, unknown> {
  if (storage.kind === "volume") return { filesystem: { dir: `${dataPath}/${folder}` } };
  return {
    s3: {
      bucket_name: "${S3_BUCKET}",
      endpoint: "${S3_ENDPOINT}",
      region: "${S3_REGION}",
      insecure: storage.insecure,
      bucket_lookup_type: "path",
      native_aws_auth_enabled: true,
    },
  };
}

const megabyte = 1024 * 1024;
/** Seconds that a query may take; gateways wait a little longer (`timeouts` in tenant/gateway/render-routes.ts). */
const querySeconds = 120;

/**
 * What holds in both sizes. Option names: docs/sources/shared/configuration.md of Loki v3.7.6.
 * `limits` are the paths of the runtime files. The storage clients are those of Thanos, since Loki's own are deprecated, and on a volume those cannot write rules.
 */
export function lokiBase(storage: StorageShape, limits: readonly string[]) {
  return {
    auth_enabled: true,
    // No usage reports to third parties.
    analytics: { reporting_enabled: false },
    server: {
      http_listen_port: ports.loki.http,
      grpc_listen_port: ports.loki.grpc,
      log_format: "json",
      // An answer may take as long as its query, also while the process ends; by default both are cut off at 30 s.
      http_server_write_timeout: `${querySeconds + 10}s`,
      graceful_shutdown_timeout: `${querySeconds + 10}s`,
      // The defaults, 4 MB and 100, are less than a write may hold and than tails there may be (production/ksonnet/loki/config.libsonnet).
      grpc_server_max_recv_msg_size: 100 * megabyte,
      grpc_server_max_send_msg_size: 100 * megabyte,
      grpc_server_max_concurrent_streams: 1_000,
    },
    schema_config: { configs: schemaPeriods.map((period) => ({ ...period, object_store: storeKind(storage) })) },
    storage_config: { use_thanos_objstore: true, object_store: bucket(storage, "chunks") },
    ingester: {
      // Cheaper to read than the default, gzip, for a little more space.
      chunk_encoding: "snappy",
      // What is on the volume of a replica that goes for good would be lost to queries.
      wal: { dir: `${dataPath}/wal`, flush_on_shutdown: true },
    },
    compactor: { working_directory: `${dataPath}/compactor`, retention_enabled: true, delete_request_store: storeKind(storage) },
    ruler_storage: { backend: storeKind(storage), ...bucket(storage, "rules-store") },
    // Loki merges what they hold.
    runtime_config: { file: limits.join(","), period: "10s" },
    limits_config: floor,
  };
}

/** Evaluates where it runs, so that rules go on when queries of people keep front ends and queriers busy. Alerts go to Cortex' Alertmanager, which takes the tenant from the header that Loki's ruler sends. */
export function rulerConfig(alertmanager: Address) {
  return {
    enable_api: true,
    alertmanager_url: `http://${alertmanager.host}:${alertmanager.port}/alertmanager`,
    enable_alertmanager_v2: true,
    rule_path: `${dataPath}/rules`,
    wal: { dir: `${dataPath}/ruler-wal` },
  };
}

/** What holds for an id that the runtime file does not name, and what no tier changes. */
const floor = {
  allow_structured_metadata: true,
  volume_enabled: true,
  deletion_mode: "filter-and-delete",
  max_query_bytes_read: "50GB",
  max_query_series: 5_000,
  query_timeout: `${querySeconds}s`,
  reject_old_samples: true,
  reject_old_samples_max_age: "168h",
};

/**
 * What an ingester may hold in memory while it replays its log, before it flushes: half of what its pod has, as in
 * production/ksonnet/loki/config.libsonnet. The default of 4 GB is more than small pods have, and such a pod would never start again.
 */
export function replayArg({ limits }: ContainerResources): string {
  return `-ingester.wal-replay-memory-ceiling=${Math.floor((amount(limits.memory) / 2) * 1024)}MB`;
}
