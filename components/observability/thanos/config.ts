import { toYaml } from "../../../model/text";
import { ports } from "../addresses";
import type { Address } from "../../contracts";
import type { StorageShape } from "../cortex/config";

/** The header that tenant gateways set. Thanos' own name for it: a querier with another name still honours this one (thanos v0.42.4). */
export const tenantHeader = "THANOS-TENANT";
/** The label that receive puts on every series and queriers enforce. */
export const tenantLabelName = "tenant_id";
/** Who a request without a header is: an id that no tenant can have, so its data is empty. */
export const noTenant = "default-tenant";
/** The label by which copies of a series are recognised. */
const replicaLabel = "receive_replica";

export const limitsPath = "/etc/thanos-limits";
export const limitsFile = "limits.yaml";

/** Without a bucket the receiver's disk is all there is; with one, blocks leave after two hours and two days are a margin for outages. */
const retention = { volume: "30d", s3: "2d" } as const;

const listen = [`--http-address=0.0.0.0:${ports.thanos.http}`, `--grpc-address=0.0.0.0:${ports.thanos.grpc}`];
const common = ["--log.format=json", "--log.level=info"];

/** Bucket configuration as one flag; `$(...)` is filled in by the kubelet from the container's environment. */
function objectStore(storage: StorageShape): string[] {
  if (storage.kind === "volume") return [];
  const config = { bucket: "$(S3_BUCKET)", endpoint: "$(S3_ENDPOINT)", region: "$(S3_REGION)", insecure: storage.insecure };
  // The SDK's chain knows environment keys and Pod Identity alike.
  return [`--objstore.config=${toYaml({ type: "S3", config: { ...config, aws_sdk_auth: true } })}`];
}

/**
 * Receive as router and ingester in one: only a router enforces head series limits, so even a single one is given a hashring of itself.
 * Flags: docs/components/receive.md of Thanos v0.42.4.
 */
export function receiveArgs(storage: StorageShape): string[] {
  const self = `127.0.0.1:${ports.thanos.grpc}`;
  return [
    "receive",
    ...common,
    ...listen,
    `--remote-write.address=0.0.0.0:${ports.thanos.remoteWrite}`,
    "--tsdb.path=/data",
    `--tsdb.retention=${retention[storage.kind]}`,
    `--label=${replicaLabel}="$(NAME)"`,
    `--receive.hashrings=${JSON.stringify([{ endpoints: [{ address: self }] }])}`,
    "--receive.hashrings-algorithm=ketama",
    `--receive.local-endpoint=${self}`,
    "--receive.replication-factor=1",
    `--receive.tenant-header=${tenantHeader}`,
    `--receive.default-tenant-id=${noTenant}`,
    `--receive.tenant-label-name=${tenantLabelName}`,
    `--receive.limits-config-file=${limitsPath}/${limitsFile}`,
    ...objectStore(storage),
  ];
}

/** Who may be asked for through a querier: any tenant but only the one of the header, exactly one tenant, or everything (operators). */
export type Tenancy = { readonly kind: "header" } | { readonly kind: "fixed"; readonly tenant: string } | { readonly kind: "none" };

/** A querier. `fixed` also keeps only the stores' TSDBs of that tenant, so even a forged header finds no other tenant's data. */
export function queryArgs(stores: readonly Address[], tenancy: Tenancy): string[] {
  return [
    "query",
    ...common,
    ...listen,
    `--endpoint.sd-config=${endpoints(stores)}`,
    `--query.replica-label=${replicaLabel}`,
    "--query.timeout=2m",
    "--query.max-concurrent=20",
    ...tenancyArgs(tenancy),
  ];
}

function tenancyArgs(tenancy: Tenancy): string[] {
  if (tenancy.kind === "none") return [];
  const enforced = [
    `--query.tenant-header=${tenantHeader}`,
    `--query.default-tenant-id=${tenancy.kind === "fixed" ? tenancy.tenant : noTenant}`,
    `--query.tenant-label-name=${tenantLabelName}`,
    "--query.enforce-tenancy",
  ];
  if (tenancy.kind === "header") return enforced;
  const keep = [{ action: "keep", source_labels: [tenantLabelName], regex: tenancy.tenant }];
  return [...enforced, `--selector.relabel-config=${toYaml(keep)}`];
}

/** `dns+` asks DNS again and again, so stores may come and go behind one headless Service. */
function endpoints(stores: readonly Address[]): string {
  return toYaml({ endpoints: stores.map(({ host, port }) => ({ address: `dns+${host}:${port}` })) });
}

/** The front end before one querier: splits long ranges, passes the tenant header on. No cache: one fewer place where tenants could meet. */
export function frontendArgs(querier: Address, defaultTenant: string): string[] {
  return [
    "query-frontend",
    ...common,
    listen[0] as string,
    `--query-frontend.downstream-url=http://${querier.host}:${querier.port}`,
    `--query-frontend.tenant-header=${tenantHeader}`,
    `--query-frontend.default-tenant-id=${defaultTenant}`,
    "--query-range.split-interval=24h",
    "--labels.split-interval=24h",
  ];
}

/** The store gateway: reads blocks from the bucket. */
export function storeArgs(storage: StorageShape): string[] {
  return [
    "store",
    ...common,
    ...listen,
    "--data-dir=/data",
    "--ignore-deletion-marks-delay=24h",
    "--disable-admin-operations",
    ...objectStore(storage),
  ];
}
