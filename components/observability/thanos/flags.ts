import { toYaml } from "../../../model/text";
import { serviceLevel } from "../../../model/tiers";
import type { Address, Storage } from "../../contracts";
import { ports } from "../addresses";

/** What of the storage decides on flags: whether there is a bucket, and how it is spoken to. */
export type StorageShape = { readonly kind: "volume" } | Pick<Extract<Storage, { kind: "s3" }>, "kind" | "insecure">;

/**
 * The words that all of Thanos must agree on. The proposal's `--querier.tenancy` and the like do not exist; the real flags are written in these files
 * only (docs/components of Thanos v0.42.4), and test/stores checks that the binaries know each of them.
 */

/** The header that tenant gateways set. Thanos' own name for it: a querier with another name still honours this one (thanos v0.42.4). */
export const tenantHeader = "THANOS-TENANT";
/** The label that receive puts on every series and block, and queriers enforce. */
export const tenantLabelName = "tenant_id";
/** Who a request without a header is: an id that no tenant can have, so its data is empty. */
export const noTenant = "default-tenant";

/** The labels by which copies of a series are recognised: of receivers, and of rulers that evaluate the same rules. */
export const receiveReplica = "receive_replica";
export const ruleReplica = "rule_replica";
/** An external label that is the pod's own name; `$(NAME)` is filled in by the kubelet. */
export const replica = (label: string): string => `--label=${label}="$(NAME)"`;
export const nameEnv = { name: "NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } };

/** Go's collector is told the container's limit, so that it works harder instead of being killed. */
export const common = ["--log.format=json", "--log.level=info", "--enable-auto-gomemlimit"];
export const listenHttp = `--http-address=0.0.0.0:${ports.thanos.http}`;
export const listen = [listenHttp, `--grpc-address=0.0.0.0:${ports.thanos.grpc}`];
/** By default every page may read a port that an operator forwards to their own machine. */
export const noPages = "--web.disable-cors";

/** Bucket configuration as one flag; `$(...)` is filled in by the kubelet from the container's environment. */
export function objectStore(storage: StorageShape): string[] {
  if (storage.kind === "volume") return [];
  const config = { bucket: "$(S3_BUCKET)", endpoint: "$(S3_ENDPOINT)", region: "$(S3_REGION)", insecure: storage.insecure };
  // The SDK's chain knows environment keys and Pod Identity alike.
  return [`--objstore.config=${toYaml({ type: "S3", config: { ...config, aws_sdk_auth: true } })}`];
}

/**
 * What one request may take from one store, whoever asks: Thanos has no such limit per tenant, so it is that of the largest tier. Beyond it the answer
 * is partial, with a warning.
 */
export const selectLimits = [`--store.limits.request-series=${serviceLevel({ tier: "large" }).query.series}`];

/**
 * A client of memcached: asks DNS for its pods, and sends each key to one of them. It gives up at its start while DNS knows none, and is started again
 * by the kubelet; later it does without.
 */
export function memcachedClient({ host, port }: Address, megabytes: number): Record<string, unknown> {
  return {
    addresses: [`dns+${host}:${port}`],
    dns_provider_update_interval: "10s",
    timeout: "500ms",
    max_idle_connections: 100,
    max_async_concurrency: 20,
    max_async_buffer_size: 100_000,
    max_get_multi_concurrency: 100,
    max_get_multi_batch_size: 100,
    max_item_size: `${megabytes}MiB`,
  };
}
