import type { RetentionClass } from "../../../model/retention";
import { toYaml } from "../../../model/text";
import { formatDuration } from "../../../model/units";
import type { Address } from "../../contracts";
import {
  common,
  listen,
  listenHttp,
  memcachedClient,
  noPages,
  objectStore,
  receiveReplica,
  selectLimits,
  type StorageShape,
} from "./flags";

/** Flags: docs/components/store.md and compact.md of Thanos v0.42.4; `--store.caching-bucket.config` is hidden there. */

/** After being marked, a block stays this long for queries that are under way; half of it stores still read it (docs/components/compact.md). */
const deleteDelay = { compactor: "48h", store: "24h" } as const;

/** What differs between stores of size single and distributed. */
export interface StoreShape {
  /** Bytes that chunks may take at one time, as a share of the memory. */
  readonly chunkPool: string;
  /** Caches that all stores share. */
  readonly cache?: Address;
  /** The blocks that it serves, where several stores share them. */
  readonly shard?: Shard;
}

/** One of `of` pods called `<set>-0` and so on. */
export interface Shard {
  readonly set: string;
  readonly of: number;
}

/** The store gateway: reads blocks from the bucket. */
export function storeArgs(storage: StorageShape, shape: StoreShape): string[] {
  return [
    "store",
    ...common,
    ...listen,
    noPages,
    "--data-dir=/data",
    `--chunk-pool-size=${shape.chunkPool}`,
    `--ignore-deletion-marks-delay=${deleteDelay.store}`,
    // Index headers of blocks that nobody asks for stay on disk.
    "--store.enable-index-header-lazy-reader",
    "--disable-admin-operations",
    ...selectLimits,
    ...objectStore(storage),
    ...(shape.cache ? storeCaches(shape.cache) : []),
    ...(shape.shard ? [`--selector.relabel-config=${toYaml(shardRules(shape.shard))}`] : []),
  ];
}

/**
 * Blocks are dealt to the pods of a set by the hash of their id. A pod knows its number by its name only, and relabelling cannot cut it out: so the
 * block's number is given the set's name (as the separator behind a label that no block has) and compared with the pod's.
 */
function shardRules({ set, of }: Shard): object[] {
  return [
    { action: "hashmod", source_labels: ["__block_id"], target_label: "shard", modulus: of },
    { action: "keep", source_labels: ["none", "shard"], separator: `${set}-`, regex: "$(NAME)" },
  ];
}

/** Items of at most a megabyte, memcached's own limit. */
function storeCaches(cache: Address): string[] {
  const config = memcachedClient(cache, 1);
  return [
    `--index-cache.config=${toYaml({ type: "MEMCACHED", config })}`,
    `--store.caching-bucket.config=${toYaml({ type: "MEMCACHED", config })}`,
  ];
}

/** Least retention with which Thanos makes blocks of 5 minutes and of an hour out of raw ones (pkg/compact/downsample of v0.42.4). */
const leastDownsampled = 10 * 86_400;

/** The compactor of one class. Copies that receivers made of the same samples become one. */
export function compactorArgs(storage: StorageShape, one: RetentionClass, selector: string): string[] {
  const kept = formatDuration(one.seconds);
  return [
    "compact",
    ...common,
    listenHttp,
    noPages,
    "--wait",
    // As many cores as it may burst to.
    "--compact.concurrency=2",
    "--downsample.concurrency=2",
    "--data-dir=/data",
    ...["raw", "5m", "1h"].map((resolution) => `--retention.resolution-${resolution}=${kept}`),
    // It refuses to start with both.
    ...(one.seconds < leastDownsampled ? ["--downsampling.disable"] : []),
    `--delete-delay=${deleteDelay.compactor}`,
    `--deduplication.replica-label=${receiveReplica}`,
    `--selector.relabel-config-file=${selector}`,
    "--disable-admin-operations",
    ...objectStore(storage),
  ];
}
