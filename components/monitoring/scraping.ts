import * as kubernetes from "../kubernetes/api";
import type * as pulumi from "@pulumi/pulumi";
import { gatewayRelabelings, platformRelabelings } from "../../model/monitoring/kept";
import { gatewayEndpoints } from "../../model/monitoring/upstreams";
import { logsNamespace, platformTenant, systemNamespaces, tenantNamespace } from "../../model/names";
import { gatewayTarget, logCollectorPods, managedBy, podMonitor, selector, systemLabels, tenantLabel } from "../kubernetes";
import type { Relabeling } from "../kubernetes";
import type { Platform } from "./platform";

const home = tenantNamespace(platformTenant);
/** Of the Prometheus operator's making; it finds the object by these. */
const clusterRole = "tenantstack-platform-prometheus";

/** What the platform's Prometheus scrapes besides its own gateway. `logsRoom` is the namespace of the collectors of logs, if there are any. */
export function scraping(platform: Platform, logsRoom: pulumi.Resource | undefined): void {
  access(platform.opts);
  const { cluster, facts, opts } = platform;
  const ofCluster: Relabeling = { targetLabel: "cluster", replacement: cluster };
  const metricRelabelings = platformRelabelings(facts);
  for (const [system, namespace] of Object.entries(systemNamespaces)) {
    podMonitor(
      `platform/monitor-${system}`,
      {
        namespace,
        name: system,
        labels: systemLabels(system, system),
        pods: { "app.kubernetes.io/part-of": system },
        // Nobody may reach these but operators and their tenant.
        except: { "app.kubernetes.io/name": ["query-operators", "dedicated-query", "dedicated-frontend"] },
        // `metrics` is that of exporters beside memcached.
        endpoints: ["http", "metrics"].map((port) => ({ port, path: "/metrics" })),
        relabelings: [jobByPart(system), ofCluster],
        metricRelabelings,
      },
      opts,
    );
  }
  podMonitor(
    "platform/monitor-gateways",
    {
      namespace: home,
      name: "gateways",
      labels: systemLabels("platform", "gateways"),
      pods: selector("tenant", "gateway"),
      // Its own is scraped as every tenant's is.
      except: { [tenantLabel]: [platformTenant] },
      anyNamespace: true,
      endpoints: gatewayEndpoints,
      relabelings: [...gatewayTarget, ofCluster],
      metricRelabelings: gatewayRelabelings,
    },
    opts,
  );
  podMonitor(
    "platform/monitor-prometheus",
    watcher("prometheus", home, { "operator.prometheus.io/name": `${platformTenant}-prometheus` }, "web"),
    opts,
  );
  if (logsRoom !== undefined)
    podMonitor("platform/monitor-log-collector", watcher("log-collector", logsNamespace, logCollectorPods, "metrics"), {
      ...opts,
      dependsOn: [...platform.opts.dependsOn, logsRoom],
    });

  function watcher(part: string, namespace: string, pods: Readonly<Record<string, string>>, port: string) {
    return {
      namespace,
      name: part,
      labels: systemLabels("platform", part),
      pods,
      endpoints: [{ port, path: "/metrics" }],
      relabelings: [{ targetLabel: "job", replacement: `platform/${part}` }, ofCluster],
      metricRelabelings,
    };
  }
}

/** `cortex/ingester`: what the mixins of the three projects call a job. */
function jobByPart(system: string): Relabeling {
  return {
    sourceLabels: ["__meta_kubernetes_pod_label_app_kubernetes_io_name"],
    regex: "(.+)",
    targetLabel: "job",
    replacement: `${system}/$1`,
  };
}

/** Discovery of pods in all namespaces: gateways are in as many as there are tenants. Pods only, and read only: no Secrets, no ConfigMaps. */
function access(opts: pulumi.CustomResourceOptions): void {
  const metadata = { name: clusterRole, labels: { ...managedBy } };
  new kubernetes.rbac.v1.ClusterRole(
    "platform/prometheus",
    { metadata, rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch"] }] },
    opts,
  );
  new kubernetes.rbac.v1.ClusterRoleBinding(
    "platform/prometheus",
    {
      metadata,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: clusterRole },
      subjects: [{ kind: "ServiceAccount", name: "prometheus", namespace: home }],
    },
    opts,
  );
}
