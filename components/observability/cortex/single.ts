import { singleSizes } from "../../../model/capacity";
import { ports, services } from "../addresses";
import { gateways, policy, rulersOfLogs, toStorage } from "../policies";
import type { System } from "../system";
import { dataMount, service, statefulSet } from "../workload";
import { cortexConfig } from "./config";
import { operatorsArgs } from "./config-single";
import { cortexContainer, declareFiles, uid } from "./container";

const part = "cortex";
const http = ports.cortex.http;

/**
 * Cortex as one process, and beside it, in the same pod, the operators' querier: it needs the same volume where there is no bucket. `limits` is the
 * runtime file: the one object that changes when a tenant's limits change.
 */
export function declareSingle(system: System, limits: string): void {
  const files = declareFiles(system, cortexConfig({ size: "single", storage: system.storage }), limits);
  const {
    ready: _,
    ports: __,
    ...operators
  } = cortexContainer(files, {
    args: operatorsArgs,
    env: system.storageEnv,
    resources: singleSizes.querier.resources,
  });
  statefulSet(system, {
    ...files,
    part,
    uid,
    serviceAccount: system.name,
    // Time to hand the write-ahead log over to disk and, with a bucket, to ship blocks.
    graceSeconds: 1200,
    volume: singleSizes.cortex.volume,
    container: {
      ...cortexContainer(files, { env: system.storageEnv, resources: singleSizes.cortex.resources }),
      startupSeconds: 900,
    },
    // Nobody waits for it: tenants are served whether it is there or not.
    sidecars: [{ ...operators, name: "query-operators", ready: undefined, mounts: [dataMount, ...files.mounts] }],
  });
  for (const name of Object.values(services.cortex)) service(system, { name, part, ports: { http } });
  policy(system, {
    part,
    metrics: http,
    from: [
      { peer: gateways, ports: [http] },
      { peer: rulersOfLogs("single"), ports: [http] },
    ],
    to: [
      // Notifications of tenants' Alertmanagers: webhooks and mail submission, never private addresses.
      { peer: { internet: true }, ports: [443, 465, 587] },
      ...toStorage(system.storage),
    ],
  });
}
