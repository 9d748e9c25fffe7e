import * as kubernetes from "./api";
import type { types } from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { Labels } from "./labels";

/** One end of an arrow that a NetworkPolicy draws. */
export type Peer =
  /** Pods of the same namespace. */
  | { readonly pods: Labels }
  /** Pods with these labels in namespaces with those labels (`{}`: any namespace; `exists`: label present). */
  | { readonly pods: Labels; readonly namespaces: Labels | { readonly exists: string } }
  /** Any address outside the cluster's private ranges and the cloud's metadata address. */
  | { readonly internet: true }
  /** One range of addresses, e.g. a cloud's credentials endpoint. */
  | { readonly cidr: string }
  /** Any pod and any address but link-local ones, where clouds answer with credentials. */
  | { readonly beyondMetadata: true }
  /** Anyone; for public listeners only. */
  | { readonly anywhere: true };

export interface Arrow {
  readonly peer: Peer;
  readonly ports: readonly number[];
}

/** Private, link-local (cloud metadata) and carrier ranges: RFC 1918, 3927, 6598, 4193, 4291. */
const privateRanges = {
  v4: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10"],
  v6: ["fc00::/7", "fe80::/10"],
  // Link-local, and AWS' metadata and credentials within the unique local range.
  metadata6: ["fe80::/10", "fd00:ec2::/32"],
};

function peers(peer: Peer): types.input.networking.v1.NetworkPolicyPeer[] {
  if ("anywhere" in peer) return [];
  if ("cidr" in peer) return [{ ipBlock: { cidr: peer.cidr } }];
  if ("internet" in peer)
    return [{ ipBlock: { cidr: "0.0.0.0/0", except: privateRanges.v4 } }, { ipBlock: { cidr: "::/0", except: privateRanges.v6 } }];
  if ("beyondMetadata" in peer)
    return [
      { ipBlock: { cidr: "0.0.0.0/0", except: ["169.254.0.0/16"] } },
      { ipBlock: { cidr: "::/0", except: privateRanges.metadata6 } },
      { namespaceSelector: {} },
    ];
  const podSelector = { matchLabels: { ...peer.pods } };
  if (!("namespaces" in peer)) return [{ podSelector }];
  const namespaceSelector =
    "exists" in peer.namespaces && typeof peer.namespaces.exists === "string"
      ? { matchExpressions: [{ key: peer.namespaces.exists, operator: "Exists" }] }
      : { matchLabels: { ...peer.namespaces } };
  return [{ namespaceSelector, podSelector }];
}

const ports = (numbers: readonly number[]) => numbers.map((port) => ({ port, protocol: "TCP" }));

export interface PolicyArgs {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  /** The pods it speaks of; `{}` all of the namespace. */
  readonly pods: Labels;
  readonly from?: readonly Arrow[];
  readonly to?: readonly Arrow[];
}

/** A NetworkPolicy that allows exactly the arrows given, in both directions; what is not drawn is denied. */
export function networkPolicy(
  logicalName: string,
  args: PolicyArgs,
  opts: pulumi.CustomResourceOptions,
): kubernetes.networking.v1.NetworkPolicy {
  return new kubernetes.networking.v1.NetworkPolicy(
    logicalName,
    {
      metadata: { namespace: args.namespace, name: args.name, labels: { ...args.labels } },
      spec: {
        podSelector: { matchLabels: { ...args.pods } },
        policyTypes: ["Ingress", "Egress"],
        ingress: (args.from ?? []).map((a) => ({ from: peers(a.peer), ports: ports(a.ports) })),
        egress: (args.to ?? []).map((a) => ({ to: peers(a.peer), ports: ports(a.ports) })),
      },
    },
    opts,
  );
}

/** Default deny for a whole namespace, with DNS as the one thing every pod may ask for. */
export function defaultDeny(
  logicalName: string,
  args: { namespace: string; labels: Labels },
  opts: pulumi.CustomResourceOptions,
): kubernetes.networking.v1.NetworkPolicy {
  return new kubernetes.networking.v1.NetworkPolicy(
    logicalName,
    {
      metadata: { namespace: args.namespace, name: "default-deny", labels: { ...args.labels } },
      spec: {
        podSelector: {},
        policyTypes: ["Ingress", "Egress"],
        egress: [
          {
            to: [
              {
                namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
                podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
              },
            ],
            ports: [
              { port: 53, protocol: "UDP" },
              { port: 53, protocol: "TCP" },
            ],
          },
        ],
      },
    },
    opts,
  );
}
