import type { LimitClass } from "../../../model/routes";
import type { Tenant } from "../../../model/tenant";
import type { Address, SharedCluster } from "../../contracts";

/** Everything the gateway's configuration is rendered from: plain values, so that previews show the text. */
export interface GatewayInput {
  readonly tenant: Pick<Tenant, "name" | "storageId" | "metrics" | "apis" | "domain" | "revoked" | "state">;
  /** The Pulumi stack: audience of every token. */
  readonly stack: string;
  /** DNS zone under which the tenant has its names. */
  readonly zone: string;
  /** The shared systems; for a dedicated querier `thanos.query` is its frontend's address. */
  readonly shared: Pick<SharedCluster, "cortex" | "loki" | "platform"> & {
    readonly thanos: Pick<SharedCluster["thanos"], "receive" | "query">;
  };
  /** The tenant's own workloads behind its gateway. */
  readonly local: { readonly grafana: Address; readonly collector: Address };
  /** Requests a second that the whole tenant may send, by class (the gateway divides by `maxReplicas`), and bytes of one write. */
  readonly requests: Readonly<Record<LimitClass, number>> & { readonly bodyBytes: number };
  /** Queries of Thanos under way at one time, over all replicas; undefined where the store bounds them itself. */
  readonly queriesAtOnce: number | undefined;
  /** Most replicas that the gateway may have. */
  readonly maxReplicas: number;
  /** Memory limit of one gateway container, bytes. */
  readonly memoryBytes: number;
  /** What the gateway tells Prometheus of the tenant, in its text format: `tenantStatement` of model/monitoring. */
  readonly statement: string;
}

/** Where Envoy listens and finds its files. Tests move all of it to loopback and a scratch folder. */
export interface Places {
  readonly address: string;
  readonly ports: { readonly https: number; readonly health: number; readonly metrics: number };
  /** Folders, each the mount of one ConfigMap or Secret, so that its `..data` link can be watched. */
  readonly folders: { readonly config: string; readonly routes: string; readonly keys: string; readonly tls: string };
  readonly adminSocket: string;
}

/** Ports of the gateway's container. */
export const ports = { https: 8443, health: 8080, metrics: 9902 } as const;

/** The places inside the gateway's container. */
export const podPlaces: Places = {
  address: "0.0.0.0",
  ports,
  folders: {
    config: "/etc/gateway/config",
    routes: "/etc/gateway/routes",
    keys: "/etc/gateway/keys",
    tls: "/etc/gateway/tls",
  },
  adminSocket: "/run/gateway/admin.sock",
};

/** File names inside the folders of `Places`. */
export const files = {
  bootstrap: "envoy.yaml",
  certificates: "sds.yaml",
  routes: "routes.yaml",
  metrics: "metrics.yaml",
  clusters: "clusters.yaml",
  keys: "keys.yaml",
} as const;

/** Resource names by which the bootstrap asks for what is delivered live. */
export const live = { routes: "tenant", metrics: "metrics", keys: "jwt", certificate: "gateway-tls" } as const;

/** Names of the HTTP filters; routes address their own settings to them. */
export const filters = {
  basic: "basic-auth",
  jwt: live.keys,
  subject: "subject",
  scope: "scope",
  rate: "rate-limit",
  size: "request-size",
  series: "series-limit",
} as const;

/** Names of the two ways a token may be sent; routes choose by name, `keys.yaml` defines them. */
export const requirements = { bearer: "bearer", datadog: "datadog" } as const;

/** Metadata of a route that filters read: its `scope` and its rate limit `class`. */
export const routeFacts = "tenantstack";

/** A principal: the checked token's claim matches. `jwt_authn` keeps the payload as dynamic metadata. */
export function claim(name: string, match: Config): Config {
  return { sourced_metadata: { metadata_matcher: metadata("envoy.filters.http.jwt_authn", ["token", name], match) } };
}

/** A permission: the route's own metadata is this. */
export function routeFact(name: string, value: string): Config {
  return { sourced_metadata: { metadata_matcher: metadata(routeFacts, [name], { exact: value }), metadata_source: "ROUTE" } };
}

function metadata(filter: string, path: readonly string[], match: Config): Config {
  return { filter, path: path.map((key) => ({ key })), value: { string_match: match } };
}

/** An Envoy message as plain data. */
export type Config = Readonly<Record<string, unknown>>;

/** A message with its type, for the `Any` fields of Envoy's API. */
export function typed(type: string, fields: Config = {}): Config {
  return { "@type": `type.googleapis.com/envoy.${type}`, ...fields };
}

/** A source that follows one file in a mounted ConfigMap or Secret; the folder is watched because Kubernetes swaps its `..data` link. */
export function fileSource(folder: string, file: string): Config {
  return {
    resource_api_version: "V3",
    initial_fetch_timeout: "0s",
    path_config_source: { path: `${folder}/${file}`, watched_directory: { path: folder } },
  };
}
