import { hasPlatformSeries } from "../../model/monitoring/federated";
import { logsNamespace, platformTenant, receiveParts, systemNamespaces, tenantNamespace } from "../../model/names";
import type { Address, SharedCluster } from "../contracts";
import {
  logCollectorPods,
  networkPolicy,
  scrapedBy,
  selector,
  tenantLabel,
  tenantLabels,
  type Arrow,
  type Labels,
  type Peer,
} from "../kubernetes";
import { collectorPort } from "./datadog";
import { grafanaPort } from "./grafana";
import { name, type Place } from "./place";
import { prometheusPort } from "./prometheus";

/** Ports of the gateway's pods. */
export interface GatewayPorts {
  readonly https: number;
  readonly metrics: number;
}

const inNamespace = (namespace: string): Labels => ({ "kubernetes.io/metadata.name": namespace });
const gateway = selector("tenant", "gateway");
const grafana = selector("tenant", "grafana");
const prometheus = selector("tenant", "prometheus");

/** The arrows of a tenant's namespace, and no other: docs/network.md lists what they come to. */
export function policies(place: Place, cluster: SharedCluster, ports: GatewayPorts, proxies: Peer | undefined): void {
  const toGateway: Arrow = { peer: { pods: gateway }, ports: [ports.https] };
  draw(place, "gateway", gateway, {
    from: [
      { peer: proxies ?? { anywhere: true }, ports: [ports.https] },
      { peer: { pods: grafana }, ports: [ports.https] },
      { peer: { pods: prometheus }, ports: [ports.https] },
      { peer: { pods: prometheus }, ports: [ports.metrics] },
      { peer: { pods: prometheus, namespaces: inNamespace(tenantNamespace(platformTenant)) }, ports: [ports.metrics] },
      // What the platform writes of itself.
      ...(place.tenant.name === platformTenant
        ? [{ peer: { pods: logCollectorPods, namespaces: inNamespace(logsNamespace) }, ports: [ports.https] }]
        : []),
    ],
    to: [
      ...upstreams(place, cluster),
      { peer: { pods: grafana }, ports: [grafanaPort] },
      ...(hasPlatformSeries(place.tenant)
        ? [
            {
              peer: { pods: prometheus, namespaces: inNamespace(tenantNamespace(platformTenant)) },
              ports: [cluster.platform.prometheus.port],
            },
          ]
        : []),
      ...(place.tenant.apis.includes("datadog") ? [{ peer: { pods: prometheus }, ports: [collectorPort] }] : []),
    ],
  });
  draw(place, "grafana", grafana, {
    from: [{ peer: { pods: gateway }, ports: [grafanaPort] }],
    to: [toGateway, ...(place.tenant.grafana.auth === undefined ? [] : [{ peer: { internet: true as const }, ports: [443] }])],
  });
  draw(place, "prometheus", prometheus, {
    from: [
      ...(place.tenant.apis.includes("datadog") ? [{ peer: { pods: gateway }, ports: [collectorPort] }] : []),
      ...(place.tenant.name === platformTenant
        ? [
            { peer: headSeriesReaders(place), ports: [prometheusPort] },
            // What it knows of each tenant, for the tenant.
            { peer: { pods: gateway, namespaces: { exists: tenantLabel } }, ports: [prometheusPort] },
          ]
        : []),
    ],
    to: [
      toGateway,
      {
        peer: { pods: gateway, ...(place.tenant.name === platformTenant && { namespaces: { exists: tenantLabel } }) },
        ports: [ports.metrics],
      },
      // What it scrapes: any port of namespaces whose owners asked for it.
      { peer: { pods: {}, namespaces: { [scrapedBy]: place.tenant.name } }, ports: [] },
      // The API server, for discovery; its address is not a pod's.
      { peer: { anywhere: true }, ports: [443, 6443] },
    ],
  });
}

/** Who enforces limits of series in Thanos asks the platform's Prometheus how many each tenant has. */
function headSeriesReaders({ settings }: Place): Peer {
  return { pods: selector("thanos", receiveParts[settings.cluster.size]), namespaces: inNamespace(systemNamespaces.thanos) };
}

function draw(place: Place, part: string, pods: Labels, arrows: { from: Arrow[]; to: Arrow[] }): void {
  networkPolicy(
    name(place, `${part}-arrows`),
    { namespace: place.namespace, name: part, labels: tenantLabels(place.tenant, "policy"), pods, ...arrows },
    place.opts,
  );
}

/** The shared systems that this tenant uses, with the ports of `SharedCluster`; of a dedicated querier, only the pods that are the tenant's. */
function upstreams(place: Place, cluster: SharedCluster): Arrow[] {
  const { tenant } = place;
  const used: Address[] = [];
  const own: Arrow[] = [];
  if (tenant.apis.includes("metrics")) {
    if (tenant.metrics === "cortex") used.push(...Object.values<Address>(cluster.cortex));
    else {
      used.push(cluster.thanos.receive);
      if (tenant.querier === "shared") used.push(cluster.thanos.query);
      else {
        const pods = { [tenantLabel]: tenant.name };
        own.push({ peer: { pods, namespaces: inNamespace(systemNamespaces.thanos) }, ports: [cluster.thanos.query.port] });
      }
    }
  }
  if (tenant.apis.includes("logs")) used.push(...Object.values<Address>(cluster.loki));
  const shared = Object.values(systemNamespaces).flatMap((namespace): Arrow[] => {
    const ports = [...new Set(used.filter((a) => a.host.endsWith(`.${namespace}.svc`)).map((a) => a.port))].sort((a, b) => a - b);
    return ports.length === 0 ? [] : [{ peer: { pods: {}, namespaces: inNamespace(namespace) }, ports }];
  });
  return [...shared, ...own];
}
