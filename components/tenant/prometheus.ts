import * as kubernetes from "../kubernetes/api";
import type * as pulumi from "@pulumi/pulumi";
import { hostNames } from "../../model/hosts";
import { tenantRules } from "../../model/monitoring";
import { hasPlatformSeries } from "../../model/monitoring/federated";
import { gatewayRelabelings, platformSeries } from "../../model/monitoring/kept";
import { ruleSpec } from "../../model/monitoring/rule";
import { gatewayEndpoints, platformEndpoint } from "../../model/monitoring/upstreams";
import { platformTenant } from "../../model/names";
import { toYaml } from "../../model/text";
import { serviceLevel } from "../../model/tiers";
import { images } from "../../model/versions";
import { gatewayTarget, podMonitor, prometheusRule, restrictedPod, scrapedBy, selector, service, tenantLabels } from "../kubernetes";
import { secret, type Certificate } from "./certificate";
import type { Collector } from "./datadog";
import type { Keys } from "./keys";
import { metadata, name, type Place } from "./place";
import { tokens } from "./tokens";

const uid = 1000;
/** The operator's name for it is `web`. */
export const prometheusPort = 9090;

/**
 * The tenant's Prometheus (operator CR): scrapes ServiceMonitors and PodMonitors of namespaces labelled `tenantstack.dev/scraped-by: <tenant>`
 * and of its own, keeps two hours, and remote-writes everything through the gateway with a write token of its own. It evaluates the rules of its
 * own namespace; with Cortex, alerts go to the tenant's Alertmanager, through the gateway too.
 */
export function prometheus(place: Place, keys: Keys, certificate: Certificate, collector: Collector | undefined): void {
  access(place);
  const alertmanagers = alertmanagersText(place, keys, certificate);
  const token = secret(place, "prometheus", tokens.secret, "Opaque", {
    [tokens.write]: keys.token("prometheus"),
    ...(alertmanagers && { [tokens.alertmanagers]: alertmanagers }),
    ...(collector && { [tokens.collector]: keys.token("collector") }),
  });
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
        // The platform's rules look back six hours, and its alerts must not forget a night's outage of the store.
        retention: place.tenant.name === platformTenant ? "24h" : "2h",
        storage: { emptyDir: { sizeLimit: level.volumes.prometheus } },
        externalLabels: { prometheus: place.tenant.name },
        prometheusExternalLabelName: "",
        replicaExternalLabelName: "",
        ...selectors(place),
        // Nobody may point it at files or at tokens of other service accounts.
        arbitraryFSAccessThroughSMs: { deny: true },
        remoteWrite: remoteWrite(place, certificate),
        ...(alertmanagers && {
          additionalAlertManagerConfigs: { name: tokens.secret, key: tokens.alertmanagers },
          ...(certificate.caConfigMap !== undefined && { configMaps: [certificate.caConfigMap] }),
        }),
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
  scrapeGateway(place);
  rules(place);
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
    // Without a selector of namespaces: of its own only. Rules of applications belong to the ruler of the store.
    ruleSelector: {},
  };
}

function remoteWrite(place: Place, certificate: Certificate): object[] {
  const { tenant, namespace, settings } = place;
  if (!tenant.apis.includes("metrics")) return [];
  const [service, path] = tenant.metrics === "cortex" ? ["cortex-api", "/api/v1/push"] : ["thanos-api", "/api/v1/receive"];
  return [
    {
      url: `https://${service}.${namespace}.svc${path}`,
      authorization: { credentials: { name: tokens.secret, key: tokens.write } },
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
function scrapeGateway(place: Place): void {
  podMonitor(
    name(place, "gateway-metrics"),
    {
      ...metadata(place, "gateway"),
      pods: selector("tenant", "gateway"),
      endpoints: [
        ...gatewayEndpoints,
        ...(hasPlatformSeries(place.tenant) ? [{ ...platformEndpoint, metricRelabelings: platformSeries }] : []),
      ],
      relabelings: gatewayTarget,
      metricRelabelings: gatewayRelabelings,
    },
    place.opts,
  );
}

/** What the tenant sees of itself. The platform's tenant has these among its own; without metrics there is nowhere to write what rules record. */
function rules(place: Place): void {
  const { tenant } = place;
  if (tenant.name === platformTenant || !tenant.apis.includes("metrics")) return;
  prometheusRule(name(place, "rules"), { ...metadata(place, "prometheus", "gateway"), spec: ruleSpec(tenantRules) }, place.opts);
}

/**
 * Where alerts go, as Prometheus' own configuration: the operator's way asks Kubernetes for the pods behind a Service and sends to their addresses, and a
 * gateway answers 421 to a host that is not its tenant's. Undefined for tenants without an Alertmanager.
 */
function alertmanagersText(place: Place, keys: Keys, certificate: Certificate): pulumi.Output<string> | undefined {
  const { tenant, namespace, settings } = place;
  if (tenant.metrics !== "cortex" || !tenant.apis.includes("metrics")) return undefined;
  return keys.token("alerts").apply((credentials) =>
    toYaml([
      {
        scheme: "https",
        path_prefix: "/alertmanager",
        api_version: "v2",
        authorization: { type: "Bearer", credentials },
        tls_config: {
          server_name: hostNames(tenant, settings.zone, "cortex").public[0],
          // Where the operator mounts `configMaps`.
          ...(certificate.caConfigMap !== undefined && { ca_file: `/etc/prometheus/configmaps/${certificate.caConfigMap}/ca.crt` }),
        },
        static_configs: [{ targets: [`cortex-api.${namespace}.svc:443`] }],
      },
    ]),
  );
}
