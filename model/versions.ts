/**
 * Every version this project pins, in one place: images of the stack, charts, and the tool chain of `npm start`.
 * Raising one is one line here. Sources: the projects' own release pages, read November 2026.
 */

/**
 * The stores: the version that runs, and the one before it, whose own check of our configuration CI runs too, so that a rollback is known to work.
 * Raising one: write the new version first and drop the last.
 */
export const stores = {
  cortex: ["v1.21.1", "v1.20.1"],
  loki: ["v3.7.6", "v3.7.5"],
  thanos: ["v0.42.4", "v0.42.3"],
} as const;

/** Prometheus: what runs in every tenant's namespace, and the `promtool` that checks its rules and runs their tests. */
const prometheus = "v3.6.0";

/** Container images, `repository:tag`; tags are exact versions, never `latest`. */
export const images = {
  cortex: `quay.io/cortexproject/cortex:${stores.cortex[0]}`,
  // Loki's images carry its version without the `v`.
  loki: `docker.io/grafana/loki:${stores.loki[0].slice(1)}`,
  thanos: `quay.io/thanos/thanos:${stores.thanos[0]}`,
  memcached: "docker.io/library/memcached:1.6.39",
  memcachedExporter: "docker.io/prom/memcached-exporter:v0.15.3",
  envoy: "docker.io/envoyproxy/envoy:distroless-v1.40.0",
  grafana: "docker.io/grafana/grafana:13.2.0",
  prometheus: `quay.io/prometheus/prometheus:${prometheus}`,
  collector: "docker.io/otel/opentelemetry-collector-contrib:0.145.0",
} as const;

/** Helm charts of `components/addons`: repository, name, version. */
export const charts = {
  certManager: { repository: "https://charts.jetstack.io", name: "cert-manager", version: "v1.21.2" },
  prometheusOperator: {
    repository: "https://prometheus-community.github.io/helm-charts",
    name: "kube-prometheus-stack",
    version: "78.5.0",
  },
  envoyGateway: { repository: "oci://docker.io/envoyproxy", name: "gateway-helm", version: "v1.9.1" },
} as const;

/** The tool chain of the embedded cluster, by name of the program. */
export const tools = {
  pulumi: "v3.253.0",
  /** Last language host that is built from a Go module of its own; works with the newer engine. */
  pulumiLanguageNodejs: "v3.68.0",
  kubernetes: "v1.34.0",
  etcd: "v3.6.4",
  kwok: "v0.8.0",
  prometheusOperator: "v0.85.0",
  envoy: "1.40.0",
  gatewayApi: "v1.7.0",
  certManager: "v1.21.2",
  prometheus,
  /** The S3 server of `npm start`: S3 on a folder. */
  versitygw: "v1.8.0",
} as const;

/** Pulumi provider plugins, by the version of the SDK in package.json that asks for them. */
export const plugins = {
  kubernetes: "4.34.2",
  tls: "5.6.1",
} as const;
