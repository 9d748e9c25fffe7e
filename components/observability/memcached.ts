import { images } from "../../model/versions";
import type { Address } from "../contracts";
import type { Peer } from "../kubernetes";
import { policy } from "./policies";
import type { System } from "./system";
import { deployment, service } from "./workload";

/** User of the image. */
const uid = 11211;
export const memcachedPort = 11211;
const port = memcachedPort;
const exporterPort = 9150;
/** Share of a pod's memory that items take; the rest is connections and overhead (cortex-jsonnet: 1.2 times the items). */
const itemShare = 1 / 1.2;

/** What a cache of one system is like. */
export interface CacheArgs {
  /** `memcached-...`, as in model/capacity-figures.ts. */
  readonly part: string;
  /** Largest item, as memcached writes it, e.g. `5m`. */
  readonly largestItem: string;
  /** Pods that use it. */
  readonly clients: readonly Peer[];
  /** Default the system's own, which may reach the bucket. */
  readonly serviceAccount?: string;
}

/**
 * Memcached: what is in it can always be read again from the bucket, so it has no volume and its pods no quorum.
 * @returns the headless Service: clients ask its DNS name for all pods and choose by the key's hash.
 */
export function memcached(system: System, args: CacheArgs): Address {
  const { part } = args;
  const { replicas, resources } = system.sizeOf(part);
  deployment(system, {
    part,
    uid,
    replicas,
    serviceAccount: args.serviceAccount ?? system.name,
    graceSeconds: 30,
    container: {
      image: images.memcached,
      args: ["-m", String(itemMegabytes(resources.limits.memory)), "-I", args.largestItem, "-c", "16384", "-U", "0"],
      ports: { memcached: port },
      resources,
      ready: { connect: "memcached" },
      alive: { connect: "memcached" },
    },
    sidecars: [
      {
        name: "exporter",
        image: images.memcachedExporter,
        args: [`--memcached.address=127.0.0.1:${port}`, `--web.listen-address=:${exporterPort}`],
        ports: { metrics: exporterPort },
        resources: { requests: { cpu: "10m", memory: "32Mi" }, limits: { cpu: "100m", memory: "64Mi" } },
        ready: { path: "/metrics", port: "metrics" },
        alive: { path: "/metrics", port: "metrics" },
      },
    ],
  });
  service(system, { name: part, part, ports: { memcached: port }, headless: true });
  policy(system, { part, metrics: exporterPort, from: args.clients.map((peer) => ({ peer, ports: [port] })) });
  return { host: `${part}.${system.namespace}.svc`, port };
}

/** Megabytes for items out of a memory limit in Mi. */
function itemMegabytes(limit: string): number {
  return Math.floor(Number(limit.replace(/Mi$/, "")) * itemShare);
}
