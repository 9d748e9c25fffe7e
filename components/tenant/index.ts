import type * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type * as tls from "@pulumi/tls";
import { certificateNames, hostNames } from "../../model/hosts";
import type { Settings } from "../../model/settings";
import type { Tenant } from "../../model/tenant";
import type { Address, Edge, Issuer, SharedCluster } from "../contracts";
import { alerting } from "./alerting";
import { certificate } from "./certificate";
import { datadog } from "./datadog";
import { gateway } from "./gateway";
import { grafana, grafanaVolume } from "./grafana";
import { keys, type Keys } from "./keys";
import { namespace } from "./namespace";
import { placeOf } from "./place";
import { policies } from "./policies";
import { prometheus } from "./prometheus";

/** What a TenantStack needs of the rest of the program. */
export interface TenantStackArgs {
  readonly tenant: Tenant;
  readonly settings: Pick<Settings, "stack" | "zone" | "edge" | "cluster">;
  readonly cluster: SharedCluster;
  readonly edge: Edge;
  readonly issuer: Issuer;
  readonly providers: { readonly kubernetes: kubernetes.Provider; readonly tls: tls.Provider };
  /** undefined: the cluster's default class. */
  readonly storageClass: string | undefined;
  /** Secret of the tenant's OpenID Connect client, where its issuer gives one; used with `grafana.auth` only. */
  readonly grafanaClientSecret: pulumi.Output<string> | undefined;
  /** Declares a querier of the tenant's own and says where it listens; called for `querier: dedicated` only. */
  readonly dedicatedQuerier: (tenant: Tenant, opts: pulumi.CustomResourceOptions) => Address;
}

/** What a person needs to use a tenant. */
export interface Endpoints {
  readonly grafana: string;
  readonly metrics?: string;
  readonly logs?: string;
  readonly datadog?: string;
}

/**
 * Everything of one tenant: namespace `<t>-tenant` with gateway, Grafana, Prometheus, Datadog endpoint, certificate, keys and policies.
 * Depends on nothing of any other tenant, so that adding or changing one never shows up in another.
 */
export class TenantStack extends pulumi.ComponentResource {
  /** Public base URLs; empty while retired. */
  public readonly endpoints: Partial<Endpoints>;
  /** Key id and private key (secret) that mint this tenant's tokens. */
  public readonly signing: pulumi.Output<{ kid: string; privateKeyPem: string }>;
  /** A token of this tenant for a client inside the cluster; a secret. */
  public readonly token: Keys["token"];

  public constructor(args: TenantStackArgs, opts?: pulumi.ComponentResourceOptions) {
    const { tenant, settings, cluster } = args;
    super("tenantstack:tenant:TenantStack", tenant.name, {}, opts);
    const place = namespace(placeOf(tenant, settings, this, args.providers));
    const signers = keys(place);
    grafanaVolume(place, args.storageClass);
    if (tenant.state !== "retired") {
      const query = tenant.querier === "dedicated" ? args.dedicatedQuerier(tenant, place.opts) : cluster.thanos.query;
      const seen: SharedCluster = { ...cluster, thanos: { ...cluster.thanos, query } };
      const certified = certificate(place, args.issuer);
      const entry = gateway(place, { cluster: seen, jwks: signers.jwks, tlsSecret: certified.secretName });
      policies(place, seen, entry.ports, args.edge.proxies);
      grafana(place, signers, certified, args.grafanaClientSecret);
      prometheus(place, signers, certified, datadog(place, certified));
      alerting(place, seen);
      args.edge.publish(tenant, certificateNames(tenant, settings.zone), entry.service, place.opts);
    }
    this.token = (client) => signers.token(client);
    this.endpoints = tenant.state === "retired" ? {} : endpoints(tenant, settings.zone);
    this.signing = pulumi.secret({ kid: signers.signing.kid, privateKeyPem: signers.signing.privateKeyPem });
    this.registerOutputs({ endpoints: this.endpoints });
  }
}

function endpoints(tenant: Tenant, zone: string): Endpoints {
  const url = (kind: "grafana" | "cortex" | "loki" | "thanos" | "dd") => `https://${hostNames(tenant, zone, kind).public[0]}`;
  return {
    grafana: url("grafana"),
    ...(tenant.apis.includes("metrics") && { metrics: url(tenant.metrics) }),
    ...(tenant.apis.includes("logs") && { logs: url("loki") }),
    ...(tenant.apis.includes("datadog") && { datadog: url("dd") }),
  };
}
