import * as kubernetes from "../kubernetes/api";
import type { types } from "@pulumi/kubernetes";
import { hostNames } from "../../model/hosts";
import { textHash, toYaml } from "../../model/text";
import { serviceLevel } from "../../model/tiers";
import { images } from "../../model/versions";
import { container, selector, service } from "../kubernetes";
import type { Certificate } from "./certificate";
import { metadata, name, type Place } from "./place";
import { tokens } from "./tokens";

/** Port of the Datadog receiver; only the gateway reaches it. */
export const collectorPort = 8126;

/** What the tenant's agent pod takes in: the collector as one more container beside Prometheus. */
export interface Collector {
  readonly container: types.input.core.v1.Container;
  readonly volumes: types.input.core.v1.Volume[];
  readonly configHash: string;
}

/**
 * OpenTelemetry Collector with the Datadog receiver. It turns delta sums into cumulative ones in memory, so there must be exactly one of it:
 * it shares the pod of the tenant's Prometheus, which is single for the same reason, instead of costing a pod of its own.
 * Returns undefined for tenants without the datadog API.
 */
export function datadog(place: Place, certificate: Certificate): Collector | undefined {
  if (!place.tenant.apis.includes("datadog")) return undefined;
  const config = toYaml(collectorConfig(place, certificate));
  new kubernetes.core.v1.ConfigMap(
    name(place, "datadog-collector"),
    { metadata: metadata(place, "datadog", "datadog-collector"), data: { "collector.yaml": config } },
    place.opts,
  );
  service(
    name(place, "datadog"),
    {
      ...metadata(place, "datadog", "datadog-collector"),
      pods: selector("tenant", "prometheus"),
      ports: { datadog: { port: collectorPort, target: collectorPort } },
    },
    place.opts,
  );
  return { container: collectorContainer(place, certificate), volumes: volumes(), configHash: textHash(config) };
}

function collectorContainer(place: Place, certificate: Certificate): types.input.core.v1.Container {
  return container({
    name: "datadog-collector",
    image: images.collector,
    args: ["--config=/etc/collector/collector.yaml"],
    env: [{ name: "GATEWAY_TOKEN", valueFrom: { secretKeyRef: { name: tokens.secret, key: tokens.collector } } }],
    ports: { datadog: collectorPort },
    resources: serviceLevel(place.tenant).resources.collector,
    // The receiver answers this path without looking further (contrib, receiver/datadogreceiver).
    ready: { path: "/api/v1/validate", port: "datadog" },
    alive: { path: "/api/v1/validate", port: "datadog" },
    mounts: [
      { name: "collector-config", mountPath: "/etc/collector", readOnly: true },
      ...(certificate.caConfigMap === undefined ? [] : [{ name: "gateway-ca", mountPath: "/etc/gateway-ca", readOnly: true }]),
    ],
  });
}

function volumes(): types.input.core.v1.Volume[] {
  return [{ name: "collector-config", configMap: { name: "datadog-collector" } }];
}

/** The collector's pipelines; it writes through the tenant's gateway like any client. */
function collectorConfig(place: Place, certificate: Certificate): object {
  const { tenant, namespace, settings } = place;
  const exporter = (service: string, host: string | undefined, path: string, urlKey: string) => ({
    [urlKey]: `https://${service}.${namespace}.svc${path}`,
    headers: { Authorization: "Bearer ${env:GATEWAY_TOKEN}" },
    tls: { server_name_override: host, ...(certificate.caConfigMap !== undefined && { ca_file: "/etc/gateway-ca/ca.crt" }) },
  });
  const host = (kind: "cortex" | "loki" | "thanos") => hostNames(tenant, settings.zone, kind).public[0];
  const withMetrics = tenant.apis.includes("metrics");
  const withLogs = tenant.apis.includes("logs");
  const remoteWrite =
    tenant.metrics === "cortex"
      ? exporter("cortex-api", host("cortex"), "/api/v1/push", "endpoint")
      : exporter("thanos-api", host("thanos"), "/api/v1/receive", "endpoint");
  const memory = { check_interval: "1s", limit_percentage: 80, spike_limit_percentage: 20 };
  return {
    receivers: { datadog: { endpoint: `0.0.0.0:${collectorPort}`, read_timeout: "60s" } },
    processors: { memory_limiter: memory, deltatocumulative: {}, batch: {} },
    exporters: {
      ...(withMetrics && { prometheusremotewrite: remoteWrite }),
      ...(withLogs && { otlphttp: exporter("loki-api", host("loki"), "/otlp/v1/logs", "logs_endpoint") }),
    },
    service: {
      telemetry: { metrics: { level: "none" } },
      pipelines: {
        ...(withMetrics && {
          metrics: {
            receivers: ["datadog"],
            processors: ["memory_limiter", "deltatocumulative", "batch"],
            exporters: ["prometheusremotewrite"],
          },
        }),
        ...(withLogs && { logs: { receivers: ["datadog"], processors: ["memory_limiter", "batch"], exporters: ["otlphttp"] } }),
      },
    },
  };
}
