import * as kubernetes from "../../kubernetes/api";
import type * as pulumi from "@pulumi/pulumi";
import { gatewayServices, type HostKind } from "../../../model/hosts";
import { gatewayLimits } from "../../../model/limits";
import { tenantStatement } from "../../../model/monitoring/statement";
import { textHash } from "../../../model/text";
import { serviceLevel } from "../../../model/tiers";
import type { EdgeService, SharedCluster } from "../../contracts";
import { selector, service, type ServiceArgs } from "../../kubernetes";
import { collectorPort } from "../datadog";
import { grafanaPort } from "../grafana";
import { metadata, name, type Place } from "../place";
import { files, podPlaces, ports, type GatewayInput } from "./input";
import { renderBootstrap } from "./render";
import { renderClusters } from "./render-clusters";
import { renderCertificates, renderKeys } from "./render-keys";
import { renderMetrics } from "./render-metrics";
import { hostsOf, renderRoutes } from "./render-routes";
import { bytes, deployment, scaling } from "./workload";

/** What the gateway needs of the rest of the tenant and of the cluster. */
export interface GatewayArgs {
  /** For a dedicated querier, `thanos.query` is its frontend. */
  readonly cluster: Pick<SharedCluster, "cortex" | "loki" | "platform"> & {
    readonly thanos: Pick<SharedCluster["thanos"], "receive" | "query">;
  };
  /** JSON text of the tenant's public keys. */
  readonly jwks: pulumi.Output<string>;
  /** Name of the `kubernetes.io/tls` Secret of the tenant's certificate; it may come into being after the pods. */
  readonly tlsSecret: string;
}

/** What others need to reach the gateway. */
export interface Gateway {
  /** Ports of its pods: `https` for clients, `metrics` for Prometheus, `health` for probes. */
  readonly ports: typeof ports;
  /** The Service that stands for the gateway as a whole: what the edge leads to, and what Prometheus scrapes. */
  readonly service: EdgeService;
}

/** Port of every Service of the gateway. */
const servicePort = 443;

/** The tenant's gateway: Envoy with its live files, its Services, and what scales it and keeps it up. */
export function gateway(place: Place, args: GatewayArgs): Gateway {
  const input = inputOf(place, args.cluster);
  const config = { [files.bootstrap]: renderBootstrap(input), [files.certificates]: renderCertificates(podPlaces) };
  const mounted = [
    configMap(place, "gateway-config", config),
    configMap(place, "gateway-routes", {
      [files.routes]: renderRoutes(input),
      [files.metrics]: renderMetrics(input),
      [files.clusters]: renderClusters(input),
    }),
    configMap(place, "gateway-keys", { [files.keys]: args.jwks.apply((jwks) => renderKeys(input, jwks)) }),
    account(place),
  ];
  // Only what Envoy reads at start rolls the pods.
  const pods = deployment(place, args.tlsSecret, textHash(JSON.stringify(config)), mounted);
  scaling(place, pods);
  return { ports, service: services(place, input) };
}

/** The plain values that the gateway's files are rendered from. */
export function inputOf(place: Pick<Place, "tenant" | "settings" | "namespace">, cluster: GatewayArgs["cluster"]): GatewayInput {
  const level = serviceLevel(place.tenant);
  const local = (service: string, port: number) => ({ host: `${service}.${place.namespace}.svc`, port });
  return {
    tenant: place.tenant,
    stack: place.settings.stack,
    zone: place.settings.zone,
    shared: cluster,
    local: { grafana: local("grafana", grafanaPort), collector: local("datadog-collector", collectorPort) },
    ...gatewayLimits(place.tenant),
    maxReplicas: level.gateway.max,
    memoryBytes: bytes(level.resources.gateway.limits.memory),
    statement: tenantStatement(place.tenant),
  };
}

function configMap(place: Place, objectName: string, data: Record<string, pulumi.Input<string>>): kubernetes.core.v1.ConfigMap {
  return new kubernetes.core.v1.ConfigMap(name(place, objectName), { metadata: metadata(place, "gateway", objectName), data }, place.opts);
}

function account(place: Place): kubernetes.core.v1.ServiceAccount {
  return new kubernetes.core.v1.ServiceAccount(
    name(place, "gateway"),
    { metadata: metadata(place, "gateway"), automountServiceAccountToken: false },
    place.opts,
  );
}

/** One Service a name of `model/hosts.ts` that this tenant has, all before the same pods, and `gateway` for edge and metrics. */
function services(place: Place, input: GatewayInput): EdgeService {
  const https = { https: { port: servicePort, target: "https" } };
  const declare = (objectName: string, listed: ServiceArgs["ports"]) =>
    service(
      name(place, objectName),
      { ...metadata(place, "gateway", objectName), pods: selector("tenant", "gateway"), ports: listed },
      place.opts,
    );
  for (const objectName of hostsOf(input.tenant).flatMap((kind: HostKind): readonly string[] => gatewayServices[kind]))
    declare(objectName, https);
  declare("gateway", { ...https, metrics: { port: ports.metrics, target: "metrics" } });
  return { namespace: place.namespace, name: "gateway", port: servicePort };
}
