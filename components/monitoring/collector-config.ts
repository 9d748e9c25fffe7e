import { systemNamespaces, tenantNamespace } from "../../model/names";
import { toYaml } from "../../model/text";

/** Where things are in the collector's container. */
export const paths = { config: "/etc/collector", ca: "/etc/gateway-ca", logs: "/var/log/pods", checkpoints: "/var/lib/collector" } as const;
export const files = { config: "collector.yaml", ca: "ca.crt" } as const;
export const ports = { metrics: 8888, health: 13133 } as const;
/** Environment variable with the token. */
export const tokenVariable = "GATEWAY_TOKEN";

/** What of a node's logs is read: `<namespace>_<pod>_<uid>/<container>/<restart>.log`. Of tenants' namespaces their gateways only: what else runs there is theirs. */
const include = [
  ...Object.values(systemNamespaces).map((namespace) => `${paths.logs}/${namespace}_*/*/*.log`),
  `${paths.logs}/${tenantNamespace("*")}_gateway-*/envoy/*.log`,
];

export interface CollectorInput {
  /** Where lines go: OTLP over HTTP of the gateway of tenant `system`, with its public host as server name. */
  readonly endpoint: string;
  readonly serverName: string;
  /** The certificate is signed by a CA of our own, which is mounted. */
  readonly privateCa: boolean;
  /** Bytes of memory that the container may use. */
  readonly memoryMebibytes: number;
}

/**
 * The collector's pipeline: every line once. What was read is noted on the node, so that a new pod goes on where the old one stopped; while the store
 * does not take lines, reading stops, and goes on later with what the kubelet still keeps. Fields: contrib v0.145, receiver/filelogreceiver, pkg/stanza;
 * core, exporter/exporterhelper.
 */
export function collectorConfig({ endpoint, serverName, privateCa, memoryMebibytes }: CollectorInput): string {
  return toYaml({
    extensions: {
      file_storage: { directory: paths.checkpoints, compaction: { on_start: true, directory: paths.checkpoints } },
      health_check: { endpoint: `0.0.0.0:${ports.health}` },
    },
    receivers: {
      filelog: {
        include,
        // The parser takes namespace, pod and container from it.
        include_file_path: true,
        include_file_name: false,
        start_at: "beginning",
        storage: "file_storage",
        retry_on_failure: { enabled: true, max_elapsed_time: "0s" },
        operators: [
          { type: "container", id: "container" },
          // Said once by the resource; as a part of each line they would cost more than most lines.
          { type: "remove", id: "path", field: 'attributes["log.file.path"]' },
          { type: "remove", id: "tag", field: "attributes.logtag", if: '"logtag" in attributes' },
          {
            type: "add",
            id: "tenant",
            field: "resource.tenant",
            value: `EXPR(trimSuffix(resource["k8s.namespace.name"], "${tenantNamespace("")}"))`,
            if: `resource["k8s.namespace.name"] endsWith "${tenantNamespace("")}"`,
          },
        ],
      },
    },
    processors: {
      memory_limiter: {
        check_interval: "1s",
        limit_mib: Math.floor(memoryMebibytes * 0.8),
        spike_limit_mib: Math.floor(memoryMebibytes * 0.2),
      },
    },
    exporters: {
      otlphttp: {
        logs_endpoint: endpoint,
        headers: { Authorization: `Bearer \${env:${tokenVariable}}` },
        tls: { server_name_override: serverName, ...(privateCa && { ca_file: `${paths.ca}/${files.ca}` }) },
        // What the store refuses for good (400, 413) is lost and counted; all else waits.
        retry_on_failure: { max_elapsed_time: "0s" },
        sending_queue: {
          num_consumers: 2,
          queue_size: 10_000,
          sizer: "items",
          block_on_overflow: true,
          // A line that was read and not yet sent outlives the pod too.
          storage: "file_storage",
          batch: { flush_timeout: "1s", min_size: 500, max_size: 2_000 },
        },
      },
    },
    service: {
      extensions: ["file_storage", "health_check"],
      telemetry: {
        logs: { encoding: "json" },
        metrics: { readers: [{ pull: { exporter: { prometheus: { host: "0.0.0.0", port: ports.metrics } } } }] },
      },
      pipelines: { logs: { receivers: ["filelog"], processors: ["memory_limiter"], exporters: ["otlphttp"] } },
    },
  });
}
