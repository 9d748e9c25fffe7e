import type * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { HostOwner } from "../model/hosts";
import type { Peer } from "./kubernetes";

/** Where one system keeps its blocks. `volume` is for size single without an object store: the pod's own volume. */
export type Storage =
  | { readonly kind: "volume" }
  | {
      readonly kind: "s3";
      readonly bucket: pulumi.Input<string>;
      /** Host and port, without scheme. */
      readonly endpoint: pulumi.Input<string>;
      readonly region: pulumi.Input<string>;
      /** Plain http, for an endpoint inside the cluster only. */
      readonly insecure: boolean;
      /** Static keys; undefined means workload identity of the service account. */
      readonly credentials: { readonly accessKeyId: pulumi.Input<string>; readonly secretAccessKey: pulumi.Input<string> } | undefined;
    };

/** What every hardware kind gives: a cluster to declare on, and storage. */
export interface Hardware {
  /** The one Kubernetes provider of the stack: each provider configuration is a process. */
  readonly provider: kubernetes.Provider;
  readonly storage: { readonly cortex: Storage; readonly loki: Storage; readonly thanos: Storage };
  /** undefined: the cluster's default class. */
  readonly storageClass: string | undefined;
  /** Name of the cluster at the cloud, for `aws eks update-kubeconfig`; undefined on a cluster of a kubeconfig. */
  readonly clusterName?: pulumi.Input<string>;
  /** Availability zones that nodes span, sorted. */
  readonly zones: readonly string[];
  /** Annotations that make the cloud give a network load balancer. */
  readonly loadBalancerAnnotations: Readonly<Record<string, string>>;
  /** Annotations for a service account of a system that reaches its bucket by workload identity. */
  readonly serviceAccountAnnotations: Readonly<Record<"cortex" | "loki" | "thanos", Readonly<Record<string, pulumi.Input<string>>>>>;
}

/** An address inside the cluster. Plain values: they form configuration text that previews must show. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Addresses of the shared systems as a tenant's gateway needs them; may come from a StackReference. Plain data, no resources. */
export interface SharedCluster {
  readonly cortex: {
    readonly push: Address;
    readonly query: Address;
    readonly ruler: Address;
    readonly alertmanager: Address;
  };
  readonly loki: {
    readonly push: Address;
    readonly query: Address;
    readonly tail: Address;
    readonly ruler: Address;
    readonly compactor: Address;
  };
  readonly thanos: {
    /** Remote write and OTLP of the receive router. */
    readonly receive: Address;
    /** Query front end before the querier that enforces tenancy. */
    readonly query: Address;
    /** gRPC StoreAPI endpoints for a dedicated querier. */
    readonly stores: readonly Address[];
  };
  /** The platform's own Prometheus. A gateway asks it for what the stores count and apply for its tenant, and for nothing else. */
  readonly platform: { readonly prometheus: Address };
}

/** Publishing a tenant's hosts to the world; `edge: none` publishes nothing. */
export interface Edge {
  /** The proxies from which clients' connections reach gateways; undefined where the platform's own load balancer does, from addresses we cannot know. */
  readonly proxies: Peer | undefined;
  publish(
    tenant: HostOwner & { readonly name: string },
    hostnames: readonly string[],
    service: EdgeService,
    opts: pulumi.CustomResourceOptions,
  ): void;
}

export interface EdgeService {
  readonly namespace: string;
  readonly name: string;
  readonly port: number;
}

/** Who signs tenants' certificates. */
export type Issuer =
  | { readonly kind: "acme"; /** Name of the ClusterIssuer. */ readonly clusterIssuer: string }
  | { readonly kind: "private-ca"; readonly certPem: pulumi.Output<string>; readonly keyPem: pulumi.Output<string> };
