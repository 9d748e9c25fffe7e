import { singleSizes } from "../../../model/capacity";
import { images } from "../../../model/versions";
import { textHash } from "../../../model/text";
import { ports, services } from "../addresses";
import { gateways, partOf, policy, toStorage } from "../policies";
import type { System } from "../system";
import { configMap, service, statefulSet } from "../workload";
import { configFile, configPath, cortexConfig, limitsFile, limitsPath } from "./config";

const part = "cortex";
const http = ports.cortex.http;
/** The account that the image's files are readable to; any number will do, since nothing is written outside the volume. */
const uid = 10001;

/** Cortex as one process. `limits` is the runtime file: the one object that changes when a tenant's limits change. */
export function declareSingle(system: System, limits: string): void {
  const config = cortexConfig(system.storage);
  const main = configMap(system, "cortex-config", { [configFile]: config });
  const runtime = configMap(system, "cortex-limits", { [limitsFile]: limits });
  statefulSet(system, {
    part,
    uid,
    serviceAccount: system.name,
    // Time to hand the write-ahead log over to disk and, with a bucket, to ship blocks.
    graceSeconds: 1200,
    volume: singleSizes.cortex.volume,
    podAnnotations: { "tenantstack.dev/config-hash": textHash(config) },
    container: {
      image: images.cortex,
      args: [`-config.file=${configPath}/${configFile}`, "-config.expand-env=true"],
      env: system.storageEnv,
      ports: { http, grpc: ports.cortex.grpc },
      resources: singleSizes.cortex.resources,
      // No liveness probe: replaying the write-ahead log takes as long as it takes.
      ready: { path: "/ready", port: "http" },
      startupSeconds: 900,
      mounts: [
        { name: "config", mountPath: configPath, readOnly: true },
        { name: "limits", mountPath: limitsPath, readOnly: true },
      ],
    },
    volumes: [
      { name: "config", configMap: { name: "cortex-config" } },
      { name: "limits", configMap: { name: "cortex-limits" } },
    ],
    dependsOn: [main, runtime],
  });
  for (const name of Object.values(services.cortex)) service(system, { name, part, ports: { http } });
  policy(system, {
    part,
    metrics: http,
    from: [
      { peer: gateways, ports: [http] },
      // Alerts of log rules.
      { peer: partOf("loki", "loki"), ports: [http] },
    ],
    to: [
      // Notifications of tenants' Alertmanagers: webhooks and mail submission, never private addresses.
      { peer: { internet: true }, ports: [443, 465, 587] },
      ...toStorage(system.storage),
    ],
  });
}
