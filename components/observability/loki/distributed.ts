import type { LimitsFile } from "../../../model/limits";
import type { SharedCluster } from "../../contracts";
import { selector } from "../../kubernetes";
import type { ContainerArgs } from "../../kubernetes";
import { ports, services } from "../addresses";
import { memcached } from "../memcached";
import { alertmanagerPods, gateways, policy, toStorage } from "../policies";
import { serviceAccount } from "../system";
import type { System } from "../system";
import { dataMount, deployment, service, statefulSet, zonedStatefulSets } from "../workload";
import type { WorkloadArgs } from "../workload";
import { replayArg } from "./config";
import { lokiDistributedConfig } from "./config-distributed";
import type { LokiPeers } from "./config-distributed";
import { declareFiles, lokiContainer, uid } from "./container";
import type { Files } from "./container";
import { cacheClients, calledBy, callersOf, gossipLabel, gossipPods, gossipPort, gossips, isPublic, parts, usesBucket } from "./parts";
import type { Part } from "./parts";

const { http, grpc } = ports.loki;
/** The account of parts that have no business in the bucket. */
const bucketless = "loki-without-bucket";
/** Seconds that a part which others look up goes on after it is told to end. */
const drainSeconds = 10;

/** Loki's microservices. All read the same configuration; what each of them is, its arguments say. `limits` are the runtime files. */
export function declareDistributed(system: System, limits: readonly LimitsFile[], cluster: SharedCluster): void {
  serviceAccount(system, bucketless);
  const host = (name: string) => `${name}.${system.namespace}.svc`;
  const clients = (of: readonly Part[]) => of.map((part) => ({ pods: selector(system.name, part) }));
  const peers: LokiPeers = {
    gossip: { host: host("gossip-ring"), port: gossipPort },
    scheduler: { host: host("query-scheduler"), port: grpc },
    compactor: { host: host("compactor"), port: grpc },
    alertmanager: cluster.cortex.alertmanager,
    // Chunks are 1.5 MB, twice that in the worst case.
    chunks: memcached(system, { part: "memcached-chunks", largestItem: "5m", clients: clients(cacheClients.chunks) }),
    results: memcached(system, { part: "memcached-results", largestItem: "5m", clients: clients(cacheClients.results) }),
  };
  const files = declareFiles(system, limits, (paths) => lokiDistributedConfig(system.storage, paths, peers));
  declareWorkloads(system, (part) => workloadOf(system, part, files));
  declareServices(system);
  for (const part of parts) declareArrows(system, part, peers);
}

/** Each part as the kind of workload that fits what it holds. */
function declareWorkloads(system: System, workload: (part: Part) => WorkloadArgs): void {
  const volume = (part: Part) => required(part, system.sizeOf(part).volume);
  ingesters(system, workload("ingester"), volume("ingester"));
  // The index of the bucket, at hand: it can always be loaded again. A tenant's index is asked of three; two of them must be known to be there.
  statefulSet(system, { ...workload("index-gateway"), volume: volume("index-gateway"), scratch: true, minReadySeconds: 15 });
  // Kept: requests to delete are in the bucket only after up to five minutes, and marks of chunks to remove never are.
  statefulSet(system, { ...workload("compactor"), volume: volume("compactor") });
  // Front ends look for schedulers every ten seconds.
  deployment(system, { ...workload("query-scheduler"), minReadySeconds: 15 });
  for (const part of ["distributor", "querier", "query-frontend", "ruler", "query-operators"] as const) deployment(system, workload(part));
}

/** The copies of what is not in the bucket yet: one in each zone. */
function ingesters(system: System, args: WorkloadArgs, volume: string): void {
  const { perZone, resources } = system.sizeOf("ingester");
  zonedStatefulSets(system, { ...args, volume, perZone: required("ingester", perZone) }, (zone) => ({
    args: [...(args.container.args ?? []), replayArg(resources), `-ingester.availability-zone=${zone.name}`],
  }));
}

function required<T>(part: Part, value: T | undefined): T {
  if (value === undefined) throw new Error(`the capacity plan gives ${part} of Loki no volume or no zones`);
  return value;
}

/** Arguments that make a process what it is. */
function argsOf(part: Part): string[] {
  // Of the compactor there is one, so it also tells Prometheus which limits are in force.
  if (part === "compactor") return ["-target=compactor,overrides-exporter"];
  if (part !== "query-operators") return [`-target=${part}`];
  // Reads across tenants (`X-Scope-OrgID: a|b`), so it takes no work from the schedulers and nobody may ask it but operators.
  return ["-target=querier", "-querier.multi-tenant-queries-enabled=true", "-querier.scheduler-address="];
}

/** A query may take two minutes. */
const queryGrace = 180;
/** Seconds to end: flush, hand over, or answer what is under way. */
const graceSeconds: Readonly<Record<Part, number>> = {
  distributor: 60,
  ingester: 300,
  querier: queryGrace,
  "query-frontend": queryGrace,
  "query-scheduler": queryGrace,
  "query-operators": queryGrace,
  "index-gateway": 300,
  compactor: 300,
  ruler: 300,
};

function workloadOf(system: System, part: Part, files: Files): WorkloadArgs {
  const { replicas, resources } = system.sizeOf(part);
  const env = usesBucket(part) ? system.storageEnv : [];
  const container = lokiContainer(files, { args: argsOf(part), env, resources });
  const scratch = part === "ruler" ? [{ volume: { name: dataMount.name, emptyDir: { sizeLimit: "1Gi" } }, mount: dataMount }] : [];
  return {
    ...files,
    part,
    uid,
    replicas,
    serviceAccount: usesBucket(part) ? system.name : bucketless,
    graceSeconds: graceSeconds[part],
    ...(gossips(part) && { podLabels: gossipLabel }),
    // Rulers write rules to files, which they load again from the bucket.
    volumes: [...files.volumes, ...scratch.map(({ volume }) => volume)],
    container: {
      ...container,
      ...probesOf(part),
      ports: { ...container.ports, ...(gossips(part) && { gossip: gossipPort }) },
      mounts: [...files.mounts, ...scratch.map(({ mount }) => mount)],
      ...((isPublic(part) || part === "query-scheduler") && { lifecycle: { preStop: { sleep: { seconds: drainSeconds } } } }),
    },
  };
}

/** An ingester that replays its log must not be killed for it. Others are alive while they answer at all; ready depends on their peers. */
function probesOf(part: Part): Pick<ContainerArgs, "alive" | "startupSeconds"> {
  if (part === "ingester") return { startupSeconds: 3600 };
  return { alive: { path: "/loki/api/v1/status/buildinfo", port: "http" }, startupSeconds: 300 };
}

/** For gateways by role, for Loki's own parts by what they look for. */
function declareServices(system: System): void {
  for (const name of Object.values(services.loki))
    service(system, { name, part: name, ports: name === services.loki.compactor ? { http, grpc } : { http } });
  service(system, { name: "query-scheduler", part: "query-scheduler", ports: { grpc }, headless: true });
  service(system, {
    name: "gossip-ring",
    part: "gossip-ring",
    ports: { gossip: gossipPort },
    headless: true,
    unready: true,
    select: gossipPods,
  });
}

/** What reaches a part and what it reaches. The operators' querier is drawn no way in: whoever may forward a port to it reads every tenant. */
function declareArrows(system: System, part: Part, peers: LokiPeers): void {
  const cache = (name: "chunks" | "results") =>
    cacheClients[name].some((client) => client === part)
      ? [{ peer: { pods: selector(system.name, `memcached-${name}`) }, ports: [peers[name].port] }]
      : [];
  policy(system, {
    part,
    // Its port gives every tenant's data, so not even metrics are a reason to open it.
    metrics: part === "query-operators" ? undefined : http,
    from: [...(isPublic(part) ? [{ peer: gateways, ports: [http] }] : []), ...callersOf(part)],
    to: [
      ...calledBy(part),
      ...cache("chunks"),
      ...cache("results"),
      ...(part === "ruler" ? [{ peer: alertmanagerPods("distributed"), ports: [peers.alertmanager.port] }] : []),
      ...(usesBucket(part) ? toStorage(system.storage) : []),
    ],
  });
}
