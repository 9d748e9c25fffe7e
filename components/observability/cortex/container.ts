import type { types } from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { textHash } from "../../../model/text";
import type { ContainerResources } from "../../../model/tiers";
import { images } from "../../../model/versions";
import type { ContainerArgs, Labels } from "../../kubernetes";
import { ports } from "../addresses";
import { goMemory } from "../gomemory";
import type { System } from "../system";
import { configMap } from "../workload";
import { configFile, configPath, limitsFile, limitsPath } from "./config";

/** The account that the image's files are readable to; any number will do, since nothing is written outside the volume. */
export const uid = 10001;

/** The two files that every process of Cortex reads, as a workload needs them. */
export interface Files {
  readonly mounts: types.input.core.v1.VolumeMount[];
  readonly volumes: types.input.core.v1.Volume[];
  /** Pods roll when the main file changes; the runtime file is reloaded. */
  readonly podAnnotations: Labels;
  readonly dependsOn: pulumi.Resource[];
}

/** The ConfigMaps of the main configuration and of the limits. */
export function declareFiles(system: System, config: string, limits: string): Files {
  const main = configMap(system, "cortex-config", { [configFile]: config });
  const runtime = configMap(system, "cortex-limits", { [limitsFile]: limits });
  return {
    mounts: [
      { name: "config", mountPath: configPath, readOnly: true },
      { name: "limits", mountPath: limitsPath, readOnly: true },
    ],
    volumes: [
      { name: "config", configMap: { name: "cortex-config" } },
      { name: "limits", configMap: { name: "cortex-limits" } },
    ],
    podAnnotations: { "tenantstack.dev/config-hash": textHash(config) },
    dependsOn: [main, runtime],
  };
}

const field = (name: string, fieldPath: string): types.input.core.v1.EnvVar => ({ name, valueFrom: { fieldRef: { fieldPath } } });

/**
 * One process of Cortex. None has a liveness probe: an ingester that replays its log must not be killed for it, and the others end by themselves
 * when one of their modules fails.
 */
export function cortexContainer(
  files: Files,
  args: { readonly args?: readonly string[]; readonly env?: types.input.core.v1.EnvVar[]; readonly resources: ContainerResources },
): Omit<ContainerArgs, "name"> {
  return {
    image: images.cortex,
    args: [`-config.file=${configPath}/${configFile}`, "-config.expand-env=true", ...(args.args ?? [])],
    env: [field("POD_IP", "status.podIP"), field("POD_NAME", "metadata.name"), goMemory(args.resources), ...(args.env ?? [])],
    ports: { http: ports.cortex.http, grpc: ports.cortex.grpc },
    resources: args.resources,
    ready: { path: "/ready", port: "http" },
    mounts: files.mounts,
  };
}
