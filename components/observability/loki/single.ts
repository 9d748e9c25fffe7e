import { singleSizes } from "../../../model/capacity";
import type { LimitsFile } from "../../../model/limits";
import { images } from "../../../model/versions";
import { textHash } from "../../../model/text";
import type { SharedCluster } from "../../contracts";
import { ports, services } from "../addresses";
import { limitsMount } from "../limits";
import { gateways, partOf, policy, toStorage } from "../policies";
import type { System } from "../system";
import { configMap, service, statefulSet } from "../workload";
import { configFile, configPath, limitsPath, lokiConfig } from "./config";

const part = "loki";
const http = ports.loki.http;
/** The image's own user. */
const uid = 10001;

/** Loki as one process. `limits` are the runtime files, of which a single process has one. */
export function declareSingle(system: System, limits: readonly LimitsFile[], cluster: SharedCluster): void {
  const config = lokiConfig(system.storage, cluster.cortex.alertmanager);
  const main = configMap(system, "loki-config", { [configFile]: config });
  const runtime = limitsMount(system, limits);
  statefulSet(system, {
    part,
    uid,
    serviceAccount: system.name,
    // Flushes chunks on the way out.
    graceSeconds: 300,
    volume: singleSizes.loki.volume,
    podAnnotations: { "tenantstack.dev/config-hash": textHash(config) },
    container: {
      image: images.loki,
      args: [`-config.file=${configPath}/${configFile}`, "-config.expand-env=true"],
      env: system.storageEnv,
      ports: { http, grpc: ports.loki.grpc },
      resources: singleSizes.loki.resources,
      // No liveness probe: replaying the write-ahead log takes as long as it takes.
      ready: { path: "/ready", port: "http" },
      startupSeconds: 600,
      mounts: [
        { name: "config", mountPath: configPath, readOnly: true },
        { name: "limits", mountPath: limitsPath, readOnly: true },
      ],
    },
    volumes: [{ name: "config", configMap: { name: "loki-config" } }, runtime.volume],
    dependsOn: [main, ...runtime.objects],
  });
  for (const name of Object.values(services.loki)) service(system, { name, part, ports: { http } });
  policy(system, {
    part,
    metrics: http,
    from: [{ peer: gateways, ports: [http] }],
    to: [{ peer: partOf("cortex", "cortex"), ports: [cluster.cortex.alertmanager.port] }, ...toStorage(system.storage)],
  });
}
