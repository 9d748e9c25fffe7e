import { singleSizes } from "../../../model/capacity";
import type { LimitsFile } from "../../../model/limits";
import type { SharedCluster } from "../../contracts";
import { ports, services } from "../addresses";
import { alertmanagerPods, gateways, policy, toStorage } from "../policies";
import type { System } from "../system";
import { dataMount, service, statefulSet } from "../workload";
import { replayArg } from "./config";
import { lokiConfig, operatorsArgs } from "./config-single";
import { declareFiles, lokiContainer, uid } from "./container";

const part = "loki";
const http = ports.loki.http;

/**
 * Loki as one process, and beside it, in the same pod, the operators' querier: it needs the same volume where there is no bucket. `limits` are the
 * runtime files, of which a single process has one.
 */
export function declareSingle(system: System, limits: readonly LimitsFile[], cluster: SharedCluster): void {
  const { alertmanager } = cluster.cortex;
  const files = declareFiles(system, limits, (paths) => lokiConfig(system.storage, paths, alertmanager));
  const env = system.storageEnv;
  const { resources, volume } = singleSizes.loki;
  const { ports: _, ...operators } = lokiContainer(files, { args: operatorsArgs, env, resources: singleSizes.querier.resources });
  statefulSet(system, {
    ...files,
    part,
    uid,
    serviceAccount: system.name,
    // Flushes chunks on the way out.
    graceSeconds: 300,
    volume,
    // No liveness probe: replaying the write-ahead log takes as long as it takes.
    container: { ...lokiContainer(files, { args: [replayArg(resources)], env, resources }), startupSeconds: 600 },
    // Nobody waits for it: tenants are served whether it is there or not.
    sidecars: [{ ...operators, name: "query-operators", ready: undefined, mounts: [dataMount, ...files.mounts] }],
  });
  for (const name of Object.values(services.loki)) service(system, { name, part, ports: { http } });
  policy(system, {
    part,
    metrics: http,
    from: [{ peer: gateways, ports: [http] }],
    to: [{ peer: alertmanagerPods("single"), ports: [alertmanager.port] }, ...toStorage(system.storage)],
  });
}
