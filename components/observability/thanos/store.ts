import { images } from "../../../model/versions";
import type { Address } from "../../contracts";
import { selector } from "../../kubernetes";
import type { ContainerArgs } from "../../kubernetes";
import { ports } from "../addresses";
import { policy, toStorage } from "../policies";
import type { System } from "../system";
import { statefulSet, zonedStatefulSets } from "../workload";
import type { WorkloadArgs } from "../workload";
import { storeArgs } from "./bucket-config";
import { nameEnv } from "./flags";
import { component, partWith, ready, uid } from "./parts";
import { caches } from "./query";

const { http, grpc } = ports.thanos;
const part = "store";

/** What stores of both sizes have in common. Their volume is a cache of index headers. */
const common = (system: System) =>
  ({ part, uid, serviceAccount: system.name, graceSeconds: 120, podLabels: component.store }) satisfies Partial<WorkloadArgs>;
const container = {
  image: images.thanos,
  ports: { http, grpc },
  ready,
  // Reads the index headers of all blocks before it is ready.
  startupSeconds: 900,
} satisfies Partial<ContainerArgs>;

/** Serves blocks of the bucket. */
export function store(system: System, { resources, volume }: Pick<ContainerArgs, "resources"> & { readonly volume: string }): void {
  const args = storeArgs(system.storage, { chunkPool: "256MB" });
  statefulSet(system, { ...common(system), volume, container: { ...container, args, env: system.storageEnv, resources } });
  drawStore(system);
}

/**
 * Every zone of the quorum has all blocks, dealt to its pods: any two zones may be away, and a rollout goes zone by zone. Queriers ask all of them and
 * drop what they got twice, so a query costs every zone the same.
 */
export function stores(system: System, cache: Address): void {
  const { perZone = 1, resources, volume = "" } = system.sizeOf(part);
  zonedStatefulSets(system, { ...common(system), perZone, volume, scratch: true, container: { ...container, resources } }, ({ name }) => ({
    args: storeArgs(system.storage, { chunkPool: "2GB", cache, shard: { set: `${part}-${name}`, of: perZone } }),
    env: [nameEnv, ...system.storageEnv],
  }));
  drawStore(system, cache);
}

function drawStore(system: System, cache?: Address): void {
  policy(system, {
    part,
    metrics: http,
    from: [{ peer: { pods: partWith(component.querier) }, ports: [grpc] }],
    to: [...toStorage(system.storage), ...(cache ? [{ peer: { pods: selector("thanos", caches.blocks) }, ports: [cache.port] }] : [])],
  });
}
