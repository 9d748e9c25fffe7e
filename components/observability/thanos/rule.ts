import { images } from "../../../model/versions";
import { textHash } from "../../../model/text";
import type { Address } from "../../contracts";
import { selector } from "../../kubernetes";
import type { Arrow } from "../../kubernetes";
import { ports } from "../addresses";
import { policy, toStorage } from "../policies";
import type { System } from "../system";
import { configMap, statefulSet } from "../workload";
import { nameEnv } from "./flags";
import { alive, component, partWith, ready, uid } from "./parts";
import { noRules, ruleArgs, rulesFile, rulesPath } from "./rule-config";

const { http, grpc } = ports.thanos;
const part = "rule";

/** The one arrow into the operators' querier. */
export const rulers: Arrow = { peer: { pods: selector("thanos", part) }, ports: [http] };

/** Evaluates the platform's own rules on all tenants' metrics, in several pods; queriers drop what they made twice. */
export function ruler(system: System, querier: Address): void {
  const { replicas, resources, volume = "" } = system.sizeOf(part);
  const rules = configMap(system, "thanos-rules", { [rulesFile]: noRules });
  statefulSet(system, {
    part,
    uid,
    replicas,
    volume,
    serviceAccount: system.name,
    graceSeconds: 120,
    podLabels: component.store,
    // It reads its rules at its start.
    podAnnotations: { "tenantstack.dev/rules-hash": textHash(noRules) },
    container: {
      image: images.thanos,
      args: ruleArgs(system.storage, querier),
      env: [nameEnv, ...system.storageEnv],
      ports: { http, grpc },
      resources,
      ready,
      alive,
      mounts: [{ name: "rules", mountPath: rulesPath, readOnly: true }],
    },
    volumes: [{ name: "rules", configMap: { name: "thanos-rules" } }],
    dependsOn: [rules],
  });
  policy(system, {
    part,
    metrics: http,
    from: [{ peer: { pods: partWith(component.querier) }, ports: [grpc] }],
    to: [{ peer: { pods: selector("thanos", "query-operators") }, ports: [http] }, ...toStorage(system.storage)],
  });
}
