import * as kubernetes from "../kubernetes/api";
import type * as pulumi from "@pulumi/pulumi";
import { certificateNames } from "../../model/hosts";
import type { Settings } from "../../model/settings";
import type { Edge, Hardware } from "../contracts";
import { managedBy, resourceName, restrictedNamespace, tenantLabel, tenantLabels } from "../kubernetes";
import type { Peer } from "../kubernetes";
import { cloudflareDns } from "./dns";
import type { CloudflareAccess, Dns } from "./dns";

export { declareIssuer } from "./issuer";
export type { CloudflareAccess } from "./dns";

const namespace = "tenantstack-edge";
const gateway = "tenants";

/** Where connections to tenants' gateways come from: the proxies that Envoy Gateway runs for our Gateway, in its own namespace. For network policies. */
const edgeProxies: Peer = {
  pods: { "gateway.envoyproxy.io/owning-gateway-name": gateway, "gateway.envoyproxy.io/owning-gateway-namespace": namespace },
  namespaces: { "kubernetes.io/metadata.name": "envoy-gateway-system" },
};

export interface EdgeArgs {
  readonly settings: Pick<Settings, "stack" | "edge" | "dns" | "zone">;
  readonly hardware: Pick<Hardware, "provider" | "loadBalancerAnnotations">;
  /** Only with `dns: cloudflare`. */
  readonly cloudflare?: CloudflareAccess | undefined;
}

/**
 * One entrance for all tenants: the edge reads the server name of a TLS handshake and passes the bytes on, so that only a tenant's own
 * gateway has its certificate and sees its traffic.
 * @param opts `dependsOn` the add-on that brings the Gateway API.
 * @throws InputError for `dns: cloudflare` without access.
 */
export async function edge(args: EdgeArgs, opts: pulumi.CustomResourceOptions = {}): Promise<Edge> {
  const { settings, hardware, cloudflare } = args;
  if (settings.edge === "none") return { proxies: undefined, publish: () => undefined };
  const dns = settings.dns === "cloudflare" ? await cloudflareDns(settings.stack, cloudflare) : undefined;
  return edgeWith(settings, hardware, { ...opts, provider: hardware.provider }, dns);
}

/** The edge with its DNS at hand. */
export function edgeWith(
  settings: Pick<Settings, "zone">,
  hardware: Pick<Hardware, "loadBalancerAnnotations">,
  opts: pulumi.CustomResourceOptions,
  dns: Dns | undefined,
): Edge {
  const entrance = declareGateway(hardware.loadBalancerAnnotations, opts);
  return {
    proxies: edgeProxies,
    publish(tenant, hostnames, service, tenantOpts) {
      declareRoute({ tenant, hostnames, service }, tenantOpts);
      if (dns) declareRecords(dns, tenant, settings.zone, loadBalancer(entrance), tenantOpts);
    },
  };
}

function declareGateway(
  annotations: Readonly<Record<string, string>>,
  opts: pulumi.CustomResourceOptions,
): kubernetes.apiextensions.CustomResource {
  const room = restrictedNamespace("edge/namespace", { name: namespace, labels: managedBy }, opts);
  const gatewayClass = new kubernetes.apiextensions.CustomResource(
    "edge/class",
    {
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "GatewayClass",
      metadata: { name: "envoy-gateway", labels: { ...managedBy } },
      spec: { controllerName: "gateway.envoyproxy.io/gatewayclass-controller" },
    },
    opts,
  );
  return new kubernetes.apiextensions.CustomResource(
    "edge/gateway",
    {
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "Gateway",
      metadata: {
        namespace,
        name: gateway,
        labels: { ...managedBy },
        // DNS records need the address, which the cloud gives some minutes later.
        annotations: { "pulumi.com/waitFor": "jsonpath={.status.addresses[0].value}" },
      },
      spec: {
        gatewayClassName: "envoy-gateway",
        infrastructure: { annotations: { ...annotations } },
        listeners: [
          {
            name: "tls",
            port: 443,
            protocol: "TLS",
            tls: { mode: "Passthrough" },
            allowedRoutes: {
              kinds: [{ group: "gateway.networking.k8s.io", kind: "TLSRoute" }],
              // Only namespaces of tenants may attach, and only this program makes routes there.
              namespaces: { from: "Selector", selector: { matchExpressions: [{ key: tenantLabel, operator: "Exists" }] } },
            },
          },
        ],
      },
      // Not an input: named so that the SDK makes an output of what the cluster reports.
      status: undefined,
    },
    { ...opts, dependsOn: [room, gatewayClass] },
  );
}

type Publication = Parameters<Edge["publish"]>;

function declareRoute(
  { tenant, hostnames, service }: { tenant: Publication[0]; hostnames: Publication[1]; service: Publication[2] },
  opts: pulumi.CustomResourceOptions,
): void {
  new kubernetes.apiextensions.CustomResource(
    resourceName(tenant, "edge-route"),
    {
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "TLSRoute",
      metadata: { namespace: service.namespace, name: "edge", labels: tenantLabels(tenant, "edge") },
      spec: {
        parentRefs: [{ namespace, name: gateway, sectionName: "tls" }],
        hostnames: [...hostnames].sort(),
        rules: [{ backendRefs: [{ name: service.name, port: service.port }] }],
      },
    },
    opts,
  );
}

/** Address or name of the load balancer, once it has one. */
function loadBalancer(entrance: kubernetes.apiextensions.CustomResource): pulumi.Output<string> {
  type Gateway = { readonly status: pulumi.Output<{ addresses?: { value: string }[] } | undefined> };
  return (entrance as unknown as Gateway).status.apply((status) => status?.addresses?.[0]?.value ?? "");
}

/** Records for the names under the platform's zone; a tenant's own domain is its owner's to point here. */
function declareRecords(
  dns: Dns,
  tenant: Publication[0],
  zone: string,
  target: pulumi.Output<string>,
  opts: pulumi.CustomResourceOptions,
): void {
  const own = certificateNames(tenant, zone).filter((name) => name.endsWith(`.${zone}`));
  own.forEach((name) => {
    const logical = resourceName(tenant, name.startsWith("*.") ? "dns-wildcard" : "dns");
    dns.record(logical, name, target, opts);
  });
}
