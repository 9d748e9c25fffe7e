import { replicationFactor } from "../../../model/capacity-figures";
import type { ReceiveFile } from "../../../model/limits";
import { platformTenant, systemNamespaces } from "../../../model/names";
import { volumeRetention } from "../../../model/retention";
import type { Settings } from "../../../model/settings";
import type { Tenant } from "../../../model/tenant";
import { textHash, toJson } from "../../../model/text";
import { formatDuration } from "../../../model/units";
import { platformPrometheusAddress, ports } from "../addresses";
import {
  common,
  listen,
  noTenant,
  objectStore,
  receiveReplica,
  replica,
  selectLimits,
  tenantHeader,
  tenantLabelName,
  type StorageShape,
} from "./flags";

/** Flags: docs/components/receive.md of Thanos v0.42.4 and, for hidden ones, cmd/thanos/receive.go. */

export const limitsPath = "/etc/thanos-limits";
export const limitsFile = "overrides.yaml";
export const hashringsPath = "/etc/thanos-hashrings";
export const hashringsFile = "hashrings.json";

/** Without a bucket the receiver's disk is all there is; with one, blocks leave after two hours and two days are a margin for outages. */
const retention = { volume: formatDuration(volumeRetention), s3: "2d" } as const;

const tenancy = [
  `--receive.tenant-header=${tenantHeader}`,
  `--receive.default-tenant-id=${noTenant}`,
  `--receive.tenant-label-name=${tenantLabelName}`,
];
const ketama = "--receive.hashrings-algorithm=ketama";
const limits = `--receive.limits-config-file=${limitsPath}/${limitsFile}`;
const writes = (host: string) => `--remote-write.address=${host}:${ports.thanos.remoteWrite}`;
/** Takes samples for any tenant from whoever connects, and nobody does: replication speaks gRPC. */
const noCapnProto = "--receive.capnproto-address=127.0.0.1:19391";

/** The heads of tenants, on a volume, served and shipped. */
const heads = (storage: StorageShape) => [
  "--tsdb.path=/data",
  `--tsdb.retention=${retention[storage.kind]}`,
  replica(receiveReplica),
  ...selectLimits,
  ...objectStore(storage),
];

/** Router and ingestor in one process. Only a router enforces limits of series, so even a single one is given a hashring of itself. */
export function receiveArgs(storage: StorageShape): string[] {
  const self = `127.0.0.1:${ports.thanos.grpc}`;
  return [
    "receive",
    ...common,
    ...listen,
    writes("0.0.0.0"),
    noCapnProto,
    `--receive.hashrings=${JSON.stringify([{ endpoints: [{ address: self }] }])}`,
    ketama,
    `--receive.local-endpoint=${self}`,
    "--receive.replication-factor=1",
    limits,
    ...tenancy,
    ...heads(storage),
  ];
}

/** Routers have no data: they check limits and hand each series to several ingestors. Without a local endpoint they are nothing else. */
export function routerArgs(): string[] {
  return [
    "receive",
    ...common,
    ...listen,
    writes("0.0.0.0"),
    noCapnProto,
    `--receive.hashrings-file=${hashringsPath}/${hashringsFile}`,
    // The watch does not see a ConfigMap change: the kubelet swaps a link. This is what does; five minutes otherwise.
    "--receive.hashrings-file-refresh-interval=15s",
    ketama,
    `--receive.replication-factor=${replicationFactor}`,
    limits,
    ...tenancy,
    // Demanded of every receiver, whether or not it has data.
    '--label=receive="router"',
  ];
}

/** Ingestors take series from routers by gRPC only, so no client may get past the limits. */
export function ingestorArgs(storage: StorageShape): string[] {
  return ["receive", ...common, ...listen, writes("127.0.0.1"), noCapnProto, ...tenancy, ...heads(storage)];
}

/** One ingestor: where it is, and the zone of the quorum that it is in. */
export interface Ingestor {
  readonly host: string;
  readonly zone: string;
}

/** Ingestors that a tenant's series are spread over, by storage id; 0 or more than there are: all. */
export type ShardSizes = Readonly<Record<string, number>>;

/** What a router may hold of tenants' own rings, and what a ring takes for each ingestor in it (pkg/receive/hashring.go: 1,000 sections of 96 bytes). */
const ringBytes = { most: 512 * 1024 * 1024, each: 100_000 };

/**
 * The file that routers read again when it changes: all ingestors, one copy of a series in each zone. Each tenant's series go to some of
 * them only, so that few tenants share all theirs.
 */
export function hashringsText(ingestors: readonly Ingestor[], shardSizes: ShardSizes): string {
  const endpoints = ingestors.map(({ host, zone }) => ({ address: `${host}:${ports.thanos.grpc}`, az: zone }));
  const sharding = shuffleSharding(ingestors.length, shardSizes);
  const ring = { endpoints, ...(sharding && { shuffle_sharding_config: sharding }) };
  // A name of its own for each content: v0.42.4 registers a ring's metrics under its name before it drops those of the ring before, and ends
  // itself over the second of a name.
  return toJson([{ hashring: `all-${textHash(toJson(ring))}`, ...ring }]);
}

/** Undefined where every tenant has all ingestors. Routers refuse all writes of a tenant whose shard is larger than the ring, so none is. */
function shuffleSharding(all: number, shardSizes: ShardSizes): object | undefined {
  const shards = Object.entries(shardSizes).map(([tenant, size]) => ({ tenant, size: size > 0 ? Math.min(size, all) : all }));
  const sizes = [...new Set(shards.map((one) => one.size))].filter((size) => size < all).sort((a, b) => a - b);
  if (sizes.length === 0) return undefined;
  const mean = shards.reduce((sum, one) => sum + one.size, 0) / shards.length;
  // In powers of two, so that not each new tenant changes it.
  const cached = 2 ** Math.floor(Math.log2(ringBytes.most / (mean * ringBytes.each)));
  const tenantsOf = (size: number) => shards.filter((one) => one.size === size).map((one) => one.tenant);
  const overrides = sizes.map((size) => ({ shard_size: size, tenant_matcher_type: "exact", tenants: tenantsOf(size).sort() }));
  return { shard_size: all, cache_size: Math.max(1, cached), overrides };
}

/** Bounds of one tenant's writes, as the limits file has them. */
export interface WriteLimits {
  readonly head_series_limit?: number;
  readonly request?: Readonly<Record<string, number>>;
}

/** Thanos gives ids that the file does not name no limit at all. Nobody but tenants has business here, so the smallest is theirs. */
const stranger: WriteLimits = { head_series_limit: 1, request: { samples_limit: 1 } };

/** How the limits of a size's tenants are enforced. */
export interface Limiting {
  /** Whether the platform's own tenant is there to count series; without it limits of series are not enforced, and would only fill the log. */
  readonly isMeasured: boolean;
  /** Content of the limits file, around limits by storage id. */
  readonly file: (tenants: Readonly<Record<string, WriteLimits>>) => ReceiveFile;
}

/**
 * A router asks the platform's Prometheus, which scrapes the ingestors, every 15 s how many series there are in all ingestors, in each of their copies; when nobody answers it lets everything in. It decides
 * at its start whether it asks at all, so the file names a limit of series also when no tenant has one yet.
 */
export function limiting(size: Settings["cluster"]["size"], tenants: readonly Pick<Tenant, "name" | "state">[]): Limiting {
  const isMeasured = tenants.some((tenant) => tenant.name === platformTenant && tenant.state !== "retired");
  if (!isMeasured) {
    const requests = ({ request }: WriteLimits): WriteLimits => (request === undefined ? {} : { request });
    const all = (of: Readonly<Record<string, WriteLimits>>) =>
      Object.fromEntries(Object.entries(of).map(([id, one]) => [id, requests(one)]));
    return { isMeasured, file: (of) => ({ write: { default: requests(stranger), tenants: all(of) } }) };
  }
  const series = `sum by (tenant) (prometheus_tsdb_head_series{namespace="${systemNamespaces.thanos}"})`;
  const global = {
    meta_monitoring_url: `http://${platformPrometheusAddress.host}:${platformPrometheusAddress.port}`,
    meta_monitoring_limit_query: size === "single" ? series : `${series} / ${replicationFactor}`,
  };
  return { isMeasured, file: (of) => ({ write: { global, default: stranger, tenants: of } }) };
}
