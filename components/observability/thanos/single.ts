import type { Address, SharedCluster } from "../../contracts";
import { singleSizes } from "../../../model/capacity";
import { images } from "../../../model/versions";
import { ports, services } from "../addresses";
import { gateways, policy, toStorage } from "../policies";
import { serviceAccount } from "../system";
import type { System } from "../system";
import { configMap, deployment, service, statefulSet } from "../workload";
import { frontendArgs, limitsFile, limitsPath, noTenant, queryArgs, receiveArgs, storeArgs } from "./config";
import type { Tenancy } from "./config";
import { alive, component, partWith, querierAccount, querierPorts, ready, sizes, uid } from "./parts";

const { http, grpc, remoteWrite } = ports.thanos;

/** Thanos: one receiver, an enforcing querier with a front end for tenants, a querier of everything for operators, and a store gateway where there is a bucket. */
export function declareSingle(system: System, limits: string, cluster: SharedCluster): void {
  serviceAccount(system, querierAccount);
  receive(system, limits);
  if (system.storage.kind === "s3") store(system);
  service(system, { name: services.thanos.stores, part: "stores", ports: { grpc }, headless: true, select: partWith(component.store) });
  query(system, "query", cluster.thanos.stores, { kind: "header" });
  frontend(system, { host: `query.${system.namespace}.svc`, port: http });
  query(system, "query-operators", cluster.thanos.stores, { kind: "none" });
}

/** Takes tenants' samples and serves what is not in the bucket yet. */
function receive(system: System, limits: string): void {
  const part = "receive";
  const runtime = configMap(system, "thanos-limits", { [limitsFile]: limits });
  statefulSet(system, {
    part,
    uid,
    serviceAccount: system.name,
    // Flushes heads of all tenants to blocks on the way out.
    graceSeconds: 900,
    volume: singleSizes.receive.volume,
    podLabels: component.store,
    container: {
      image: images.thanos,
      args: receiveArgs(system.storage),
      env: [{ name: "NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }, ...system.storageEnv],
      ports: { http, grpc, "remote-write": remoteWrite },
      resources: singleSizes.receive.resources,
      // No liveness probe: replaying the write-ahead logs of all tenants takes as long as it takes.
      ready,
      startupSeconds: 900,
      mounts: [{ name: "limits", mountPath: limitsPath, readOnly: true }],
    },
    volumes: [{ name: "limits", configMap: { name: "thanos-limits" } }],
    dependsOn: [runtime],
  });
  service(system, { name: services.thanos.receive, part, ports: { "remote-write": remoteWrite } });
  policy(system, {
    part,
    metrics: http,
    from: [
      { peer: gateways, ports: [remoteWrite] },
      { peer: { pods: partWith(component.querier) }, ports: [grpc] },
    ],
    to: toStorage(system.storage),
  });
}

/** Serves blocks of the bucket. */
function store(system: System): void {
  const part = "store";
  statefulSet(system, {
    part,
    uid,
    serviceAccount: system.name,
    graceSeconds: 120,
    volume: singleSizes.store.volume,
    podLabels: component.store,
    container: {
      image: images.thanos,
      args: storeArgs(system.storage),
      env: system.storageEnv,
      ports: { http, grpc },
      resources: singleSizes.store.resources,
      ready,
      // Reads the index headers of all blocks before it is ready.
      startupSeconds: 900,
    },
  });
  policy(system, {
    part,
    metrics: http,
    from: [{ peer: { pods: partWith(component.querier) }, ports: [grpc] }],
    to: toStorage(system.storage),
  });
}

/** A querier. The one of operators is drawn no ingress: whoever may forward a port to it reads every tenant. */
function query(system: System, part: string, stores: readonly Address[], tenancy: Tenancy): void {
  deployment(system, {
    part,
    uid,
    serviceAccount: querierAccount,
    graceSeconds: 120,
    podLabels: component.querier,
    container: { image: images.thanos, args: queryArgs(stores, tenancy), ports: querierPorts, resources: sizes.querier, ready, alive },
  });
  service(system, { name: part, part, ports: { http } });
  policy(system, {
    part,
    // Its port gives every tenant's data, so not even metrics are a reason to open it.
    metrics: tenancy.kind === "none" ? undefined : http,
    from: tenancy.kind === "none" ? [] : [{ peer: { pods: partWith(component.frontend) }, ports: [http] }],
    to: [{ peer: { pods: partWith(component.store) }, ports: [grpc] }],
  });
}

/** What tenants' gateways talk to. */
function frontend(system: System, querier: Address): void {
  const part = services.thanos.query;
  deployment(system, {
    part,
    uid,
    serviceAccount: querierAccount,
    graceSeconds: 120,
    podLabels: component.frontend,
    container: {
      image: images.thanos,
      args: frontendArgs(querier, noTenant),
      ports: { http },
      resources: sizes.frontend,
      ready,
      alive,
    },
  });
  service(system, { name: part, part, ports: { http } });
  policy(system, {
    part,
    metrics: http,
    from: [{ peer: gateways, ports: [http] }],
    to: [{ peer: { pods: partWith(component.querier) }, ports: [http] }],
  });
}
