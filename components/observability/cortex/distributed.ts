import { ports, services } from "../addresses";
import { memcached } from "../memcached";
import { serviceAccount } from "../system";
import type { System } from "../system";
import { dataPath, deployment, service, statefulSet, zonedStatefulSets } from "../workload";
import type { WorkloadArgs } from "../workload";
import { clientsOf, declareArrows } from "./arrows";
import { cortexConfig } from "./config";
import { discovery, largestItem } from "./config-distributed";
import { mebibyte } from "./config-shared";
import { cortexContainer, declareFiles, uid } from "./container";
import type { Files } from "./container";
import { gossipLabel, gossipPorts, partNames, parts } from "./parts";
import type { Part, PartName } from "./parts";

const { http, grpc } = ports.cortex;
/** The account of parts that have no business in the bucket. */
const bucketless = "cortex-without-bucket";
/** Seconds that a part behind a Service goes on after it is told to end. */
const drainSeconds = 10;

/**
 * Cortex's microservices on one configuration. `limits` is the runtime file: the one object that changes when a tenant's limits change.
 * @param readSharding false while the shard size of a tenant goes down, see `cortexConfig`.
 */
export function declareDistributed(system: System, limits: string, readSharding = true): void {
  serviceAccount(system, bucketless);
  const caches = { blocks: cache(system, "blocks"), results: cache(system, "results") };
  const files = declareFiles(system, cortexConfig({ size: "distributed", storage: system.storage, caches, readSharding }), limits);
  for (const name of partNames) declarePart(system, name, files);
  declareServices(system);
  declareArrows(system);
}

function cache(system: System, of: keyof typeof largestItem) {
  const part = `memcached-${of}` as const;
  return memcached(system, { part, largestItem: `${largestItem[of] / mebibyte}m`, clients: clientsOf(part) });
}

function declarePart(system: System, name: PartName, files: Files): void {
  const part: Part = parts[name];
  const { replicas, perZone, resources, volume } = system.sizeOf(name);
  const env = part.usesBucket ? system.storageEnv : [];
  const args = workload(system, name, files, cortexContainer(files, { args: part.args, env, resources }));
  if (part.kind === "deployment") {
    deployment(system, { ...args, replicas });
    return;
  }
  if (volume === undefined) throw new Error(`the capacity plan gives ${name} of Cortex no volume`);
  if (part.kind === "scratch") {
    statefulSet(system, { ...args, replicas, volume, scratch: true });
    return;
  }
  if (perZone === undefined) throw new Error(`the capacity plan gives ${name} of Cortex no zones`);
  zonedStatefulSets(system, { ...args, volume, perZone }, (zone) => ({
    env: [...(args.container.env ?? []), { name: "ZONE", value: zone.name }],
  }));
}

function workload(system: System, name: PartName, files: Files, container: WorkloadArgs["container"]): WorkloadArgs {
  const part: Part = parts[name];
  const working = part.workingFolder ? [{ name: "working", mountPath: dataPath }] : [];
  return {
    part: name,
    uid,
    serviceAccount: part.usesBucket ? system.name : bucketless,
    graceSeconds: part.graceSeconds,
    podAnnotations: files.podAnnotations,
    dependsOn: files.dependsOn,
    volumes: [...files.volumes, ...working.map((mount) => ({ name: mount.name, emptyDir: {} }))],
    ...(part.gossips && { podLabels: gossipLabel }),
    container: {
      ...container,
      startupSeconds: part.startupSeconds ?? 300,
      ports: { ...container.ports, ...(part.gossips && gossipPorts) },
      mounts: [...files.mounts, ...working],
      ...(part.drains && { lifecycle: { preStop: { sleep: { seconds: drainSeconds } } } }),
    },
  };
}

/** For gateways by role, for Cortex' own parts by what they look for. */
function declareServices(system: System): void {
  for (const part of Object.values(services.cortex)) service(system, { name: part, part, ports: { http } });
  service(system, { name: discovery.scheduler, part: "query-scheduler", ports: { grpc }, headless: true });
  service(system, {
    name: discovery.gossip,
    part: discovery.gossip,
    select: gossipLabel,
    ports: gossipPorts,
    headless: true,
    unready: true,
  });
}
