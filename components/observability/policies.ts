import type * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../../model/settings";
import type { Storage } from "../contracts";
import { networkPolicy, selector, systemLabels, tenantLabel } from "../kubernetes";
import type { Arrow, Labels, Peer } from "../kubernetes";
import type { System, SystemName } from "./system";
import { platformTenant, systemNamespaces, tenantNamespace } from "../../model/names";

/** Gateways of all tenants: pods that only this program makes, in namespaces that carry a tenant's label. */
export const gateways: Peer = { pods: selector("tenant", "gateway"), namespaces: { exists: tenantLabel } };

/** The Prometheus of the platform's own tenant: scrapes the systems, and knows how many series each tenant of Thanos has. */
export const platformPrometheus: Peer = {
  pods: selector("tenant", "prometheus"),
  namespaces: { "kubernetes.io/metadata.name": tenantNamespace(platformTenant) },
};

/** Pods of a part of a system, from wherever. */
export function partOf(system: SystemName, part: string): Peer {
  return { pods: selector(system, part), namespaces: { "kubernetes.io/metadata.name": systemNamespaces[system] } };
}

/** The pods that run tenants' Alertmanagers: the rulers of Cortex and Loki send them their alerts. */
export function alertmanagerPods(size: Settings["cluster"]["size"]): Peer {
  return partOf("cortex", size === "single" ? "cortex" : "alertmanager");
}

/** The pods that evaluate rules on logs: they send their alerts to `alertmanagerPods`. */
export function rulersOfLogs(size: Settings["cluster"]["size"]): Peer {
  return partOf("loki", size === "single" ? "loki" : "ruler");
}

/** The arrows of one part; everything else is denied in both directions. `metrics` is the port that the platform's Prometheus scrapes; undefined: nobody does. */
export function policy(
  system: Pick<System, "name" | "namespace"> & { readonly opts: pulumi.CustomResourceOptions },
  args: { part: string; metrics: number | undefined; pods?: Labels; from?: Arrow[]; to?: Arrow[] },
): void {
  networkPolicy(
    `${system.name}/policy-${args.part}`,
    {
      namespace: system.namespace,
      name: args.part,
      labels: systemLabels(system.name, args.part),
      pods: args.pods ?? selector(system.name, args.part),
      from: [...(args.from ?? []), ...(args.metrics === undefined ? [] : [{ peer: platformPrometheus, ports: [args.metrics] }])],
      ...(args.to && { to: args.to }),
    },
    system.opts,
  );
}

/** EKS Pod Identity's credentials endpoint, https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html */
const podIdentity: Arrow = { peer: { cidr: "169.254.170.23/32" }, ports: [80] };

/** What reaches the bucket: its own port, on the public internet for AWS (S3 has public addresses also behind a VPC endpoint), anywhere but link-local for other stores. */
export function toStorage(storage: Storage): Arrow[] {
  if (storage.kind === "volume") return [];
  const endpoint = typeof storage.endpoint === "string" ? storage.endpoint : "";
  const port = Number(/:(\d+)$/.exec(endpoint)?.[1] ?? (storage.insecure ? 80 : 443));
  const peer: Peer = endpoint.endsWith(".amazonaws.com") ? { internet: true } : { beyondMetadata: true };
  return [{ peer, ports: [port] }, ...(storage.credentials ? [] : [podIdentity])];
}
