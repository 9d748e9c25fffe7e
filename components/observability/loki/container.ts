import type { types } from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { LimitsFile } from "../../../model/limits";
import { textHash } from "../../../model/text";
import type { ContainerResources } from "../../../model/tiers";
import { images } from "../../../model/versions";
import type { ContainerArgs, Labels } from "../../kubernetes";
import { ports } from "../addresses";
import { goMemory } from "../gomemory";
import { limitsMount } from "../limits";
import type { System } from "../system";
import { configMap } from "../workload";
import { configFile, configPath, limitsPath } from "./config";

/** The image's own user. */
export const uid = 10001;

/** The files that every process of Loki reads, as a workload needs them. */
export interface Files {
  readonly mounts: types.input.core.v1.VolumeMount[];
  readonly volumes: types.input.core.v1.Volume[];
  /** Pods roll when the main file changes; runtime files are read again. */
  readonly podAnnotations: Labels;
  readonly dependsOn: pulumi.Resource[];
}

/** The ConfigMaps of the configuration and of the runtime files, whose paths the configuration names. */
export function declareFiles(system: System, limits: readonly LimitsFile[], render: (limits: readonly string[]) => string): Files {
  const runtime = limitsMount(system, limits);
  const config = render(runtime.paths(limitsPath));
  const main = configMap(system, "loki-config", { [configFile]: config });
  return {
    mounts: [
      { name: "config", mountPath: configPath, readOnly: true },
      { name: "limits", mountPath: limitsPath, readOnly: true },
    ],
    volumes: [{ name: "config", configMap: { name: "loki-config" } }, runtime.volume],
    podAnnotations: { "tenantstack.dev/config-hash": textHash(config) },
    dependsOn: [main, ...runtime.objects],
  };
}

const field = (name: string, fieldPath: string): types.input.core.v1.EnvVar => ({ name, valueFrom: { fieldRef: { fieldPath } } });

/** One process of Loki; `args` are those besides the common ones. */
export function lokiContainer(
  files: Files,
  args: { readonly args: readonly string[]; readonly env?: types.input.core.v1.EnvVar[]; readonly resources: ContainerResources },
): Omit<ContainerArgs, "name"> {
  return {
    image: images.loki,
    args: [`-config.file=${configPath}/${configFile}`, "-config.expand-env=true", ...args.args],
    env: [field("POD_IP", "status.podIP"), field("POD_NAME", "metadata.name"), goMemory(args.resources), ...(args.env ?? [])],
    ports: { http: ports.loki.http, grpc: ports.loki.grpc },
    resources: args.resources,
    ready: { path: "/ready", port: "http" },
    mounts: files.mounts,
  };
}
