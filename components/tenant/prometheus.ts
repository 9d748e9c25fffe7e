import * as kubernetes from "../kubernetes/api";
import { hostNames } from "../../model/hosts";
import { serviceLevel } from "../../model/tiers";
import { images } from "../../model/versions";
import { restrictedPod, scrapedBy, selector, service, tenantLabels } from "../kubernetes";
import { secret, type Certificate } from "./certificate";
import type { Collector } from "./datadog";
import type { Keys } from "./keys";
import { metadata, name, type Place } from "./place";

const uid = 1000;
/** The operator's name for it is `web`. */
export const prometheusPort = 9090;

/**
 * The tenant's Prometheus (operator CR): scrapes ServiceMonitors and PodMonitors of namespaces labelled `tenantstack.dev/scraped-by: <tenant>`
 * and of its own, keeps two hours, and remote-writes everything through the gateway with a write token of its own.
 */
export function prometheus(place: Place, keys: Keys, certificate: Certificate, collector: Collector | undefined): void {
  access(place);
  const token = secret(place, "prometheus", "prometheus-token", "Opaque", { token: keys.token("prometheus") });
  const level = serviceLevel(place.tenant);
  new kubernetes.apiextensions.CustomResource(
    name(place, "prometheus"),
    {
      apiVersion: "monitoring.coreos.com/v1",
      kind: "Prometheus",
      metadata: metadata(place, "prometheus", `${place.tenant.name}-prometheus`),
      spec: {
        image: images.prometheus,
        version: images.prometheus.split(":").at(-1),
        replicas: 1,
        serviceAccountName: "prometheus",
        podMetadata: {
          labels: { ...selector("tenant", "prometheus"), ...tenantLabels(place.tenant, "prometheus") },
          annotations: {
            "tenantstack.dev/signing-key": keys.signing.kid,
            ...(collector && { "tenantstack.dev/collector-config": collector.configHash }),
          },
        },
        securityContext: restrictedPod(uid),
        priorityClassName: level.priority.className,
        resources: { requests: { ...level.resources.prometheus.requests }, limits: { ...level.resources.prometheus.limits } },
        retention: "2h",
        storage: { emptyDir: { sizeLimit: level.volumes.prometheus } },
        externalLabels: { prometheus: place.tenant.name },
        prometheusExternalLabelName: "",
        replicaExternalLabelName: "",
        ...selectors(place),
        // Nobody may point it at files or at tokens of other service accounts.
        arbitraryFSAccessThroughSMs: { deny: true },
        remoteWrite: remoteWrite(place, certificate),
        ...(collector && { containers: [collector.container], volumes: [...collector.volumes, ...caVolume(certificate)] }),
      },
    },
    { ...place.opts, dependsOn: [token] },
  );
  service(
    name(place, "prometheus"),
    { ...metadata(place, "prometheus"), pods: selector("tenant", "prometheus"), ports: { web: { port: prometheusPort, target: "web" } } },
    place.opts,
  );
  podMonitor(place);
}

function caVolume(certificate: Certificate) {
  return certificate.caConfigMap === undefined ? [] : [{ name: "gateway-ca", configMap: { name: certificate.caConfigMap } }];
}

function selectors(place: Place): object {
  const namespaces = {
    matchExpressions: [{ key: scrapedBy, operator: "In", values: [place.tenant.name] }],
  };
  return {
    serviceMonitorSelector: {},
    serviceMonitorNamespaceSelector: namespaces,
    podMonitorSelector: {},
    podMonitorNamespaceSelector: namespaces,
  };
}

function remoteWrite(place: Place, certificate: Certificate): object[] {
  const { tenant, namespace, settings } = place;
  if (!tenant.apis.includes("metrics")) return [];
  const [service, path] = tenant.metrics === "cortex" ? ["cortex-api", "/api/v1/push"] : ["thanos-api", "/api/v1/receive"];
  return [
    {
      url: `https://${service}.${namespace}.svc${path}`,
      authorization: { credentials: { name: "prometheus-token", key: "token" } },
      tlsConfig: {
        serverName: hostNames(tenant, settings.zone, tenant.metrics).public[0],
        ...(certificate.caConfigMap !== undefined && { ca: { configMap: { name: certificate.caConfigMap, key: "ca.crt" } } }),
      },
      // Without it a 429 loses the batch for good (Prometheus docs, queue_config.retry_on_http_429).
      queueConfig: { retryOnRateLimit: true },
    },
  ];
}

/** What Prometheus may read of the API: pods, services and endpoints of its own namespace, for discovery. */
function access(place: Place): void {
  new kubernetes.core.v1.ServiceAccount(name(place, "prometheus"), { metadata: metadata(place, "prometheus") }, place.opts);
  new kubernetes.rbac.v1.Role(
    name(place, "prometheus"),
    {
      metadata: metadata(place, "prometheus"),
      rules: [
        { apiGroups: [""], resources: ["services", "endpoints", "pods"], verbs: ["get", "list", "watch"] },
        { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["get", "list", "watch"] },
      ],
    },
    place.opts,
  );
  new kubernetes.rbac.v1.RoleBinding(
    name(place, "prometheus"),
    {
      metadata: metadata(place, "prometheus"),
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "prometheus" },
      subjects: [{ kind: "ServiceAccount", name: "prometheus", namespace: place.namespace }],
    },
    place.opts,
  );
}

/** Scrapes the tenant's own gateway. */
function podMonitor(place: Place): void {
  new kubernetes.apiextensions.CustomResource(
    name(place, "gateway-metrics"),
    {
      apiVersion: "monitoring.coreos.com/v1",
      kind: "PodMonitor",
      metadata: metadata(place, "gateway", "gateway"),
      spec: {
        selector: { matchLabels: selector("tenant", "gateway") },
        podMetricsEndpoints: [{ port: "metrics", path: "/stats/prometheus", interval: "30s" }],
      },
    },
    place.opts,
  );
}
