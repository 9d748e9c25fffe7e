import { receiveParts } from "../../../model/names";
import { images } from "../../../model/versions";
import { selector } from "../../kubernetes";
import type { Arrow, ContainerArgs } from "../../kubernetes";
import { platformPrometheusAddress, ports, services } from "../addresses";
import { gateways, platformPrometheus, policy, toStorage } from "../policies";
import type { System } from "../system";
import { configMap, deployment, service, statefulSet, zonedPodHost, zonedStatefulSets } from "../workload";
import type { WorkloadArgs } from "../workload";
import { nameEnv } from "./flags";
import { alive, bucketlessAccount, component, drain, partWith, ready, uid } from "./parts";
import {
  hashringsFile,
  hashringsPath,
  hashringsText,
  ingestorArgs,
  limitsFile,
  limitsPath,
  receiveArgs,
  routerArgs,
  type Ingestor,
  type ShardSizes,
} from "./receive-config";

const { http, grpc, remoteWrite } = ports.thanos;

/** What all that keep heads have in common: a StatefulSet's pod that replays its logs, and flushes and ships the heads of all tenants on its way out. */
const keeper = {
  uid,
  graceSeconds: 900,
  podLabels: component.store,
} satisfies Partial<WorkloadArgs>;
const keeperContainer = {
  image: images.thanos,
  // No liveness probe: replaying the write-ahead logs of all tenants takes as long as it takes.
  ready,
  startupSeconds: 900,
} satisfies Partial<ContainerArgs>;

const limitsVolume = { name: "limits", configMap: { name: "thanos-limits" } };
const limitsMount = { name: "limits", mountPath: limitsPath, readOnly: true };

const writers: Arrow = { peer: gateways, ports: [remoteWrite] };
const toHeadSeries: Arrow = { peer: platformPrometheus, ports: [platformPrometheusAddress.port] };

/** The runtime file, and whether it says to ask the platform's Prometheus. */
export interface WriteLimitsFile {
  readonly text: string;
  readonly isMeasured: boolean;
}
const toMeasure = ({ isMeasured }: WriteLimitsFile) => (isMeasured ? [toHeadSeries] : []);
const queriers: Arrow = { peer: { pods: partWith(component.querier) }, ports: [grpc] };

type KeeperSize = Pick<ContainerArgs, "resources"> & { readonly volume: string };

/** Takes tenants' samples and serves what is not in the bucket yet, in one process. */
export function receiver(system: System, limits: WriteLimitsFile, size: KeeperSize): void {
  const part = receiveParts.single;
  const runtime = configMap(system, "thanos-limits", { [limitsFile]: limits.text });
  statefulSet(system, {
    ...keeper,
    part,
    serviceAccount: system.name,
    volume: size.volume,
    container: {
      ...keeperContainer,
      args: receiveArgs(system.storage),
      env: [nameEnv, ...system.storageEnv],
      ports: { http, grpc, "remote-write": remoteWrite },
      resources: size.resources,
      mounts: [limitsMount],
    },
    volumes: [limitsVolume],
    dependsOn: [runtime],
  });
  service(system, { name: services.thanos.receive, part, ports: { "remote-write": remoteWrite } });
  policy(system, { part, metrics: http, from: [writers, queriers], to: [...toStorage(system.storage), ...toMeasure(limits)] });
}

const ingestorPart = "receive-ingestor";

/** Ingestors, one set in each zone of the quorum, and the routers before them. */
export function receivers(system: System, limits: WriteLimitsFile, shardSizes: ShardSizes): void {
  const { perZone = 1, resources, volume = "" } = system.sizeOf(ingestorPart);
  const sets = zonedStatefulSets(
    system,
    {
      ...keeper,
      part: ingestorPart,
      serviceAccount: system.name,
      perZone,
      volume,
      // Routers find a new pod's address by DNS, and must do so before the next one goes.
      minReadySeconds: 30,
      container: { ...keeperContainer, ports: { http, grpc }, resources },
    },
    () => ({ args: ingestorArgs(system.storage), env: [nameEnv, ...system.storageEnv] }),
  );
  policy(system, {
    part: ingestorPart,
    metrics: http,
    from: [{ peer: { pods: selector("thanos", receiveParts.distributed) }, ports: [grpc] }, queriers],
    to: toStorage(system.storage),
  });
  const ingestors = system.zones.flatMap((zone) =>
    Array.from({ length: perZone }, (_, i): Ingestor => ({ host: zonedPodHost(system, ingestorPart, zone, i), zone: zone.name })),
  );
  // After the ingestors that it names are there.
  const hashrings = configMap(system, "thanos-hashrings", { [hashringsFile]: hashringsText(ingestors, shardSizes) }, { dependsOn: sets });
  const runtime = configMap(system, "thanos-limits", { [limitsFile]: limits.text });
  routers(system, limits, [hashrings, runtime]);
}

function routers(system: System, limits: WriteLimitsFile, dependsOn: NonNullable<WorkloadArgs["dependsOn"]>): void {
  const part = receiveParts.distributed;
  const { replicas, resources } = system.sizeOf(part);
  deployment(system, {
    part,
    uid,
    replicas,
    serviceAccount: bucketlessAccount,
    graceSeconds: 60,
    // A rollout that goes on before a new router has connected to all ingestors loses quorum (thanos-io/thanos#4831, #8727).
    minReadySeconds: 30,
    container: {
      image: images.thanos,
      args: routerArgs(),
      ports: { http, "remote-write": remoteWrite },
      resources,
      ready,
      alive,
      mounts: [limitsMount, { name: "hashrings", mountPath: hashringsPath, readOnly: true }],
      ...drain,
    },
    volumes: [limitsVolume, { name: "hashrings", configMap: { name: "thanos-hashrings" } }],
    dependsOn,
  });
  service(system, { name: services.thanos.receive, part, ports: { "remote-write": remoteWrite } });
  policy(system, {
    part,
    metrics: http,
    from: [writers],
    to: [{ peer: { pods: selector("thanos", ingestorPart) }, ports: [grpc] }, ...toMeasure(limits)],
  });
}
