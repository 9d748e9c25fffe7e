import type { types } from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { LimitsFile } from "../../model/limits";
import type { System } from "./system";
import { configMap } from "./workload";

/** Runtime limits as a workload mounts them. */
export interface LimitsMount {
  /** The ConfigMaps: the only objects that change when a tenant's limits change. */
  readonly objects: readonly pulumi.Resource[];
  /** The volume `limits`: all files in one folder. Mount it as a folder; a file mounted by `subPath` never changes. */
  readonly volume: types.input.core.v1.Volume;
  /** Paths of the files below the folder where the volume is mounted, in a fixed order. */
  paths(folder: string): string[];
}

/** Declares the ConfigMaps of a system's runtime limits, one a file, and says how pods mount them. */
export function limitsMount(system: System, files: readonly LimitsFile[]): LimitsMount {
  const [only, ...others] = files;
  return {
    objects: files.map(({ configMap: name, file, text }) => configMap(system, name, { [file]: text })),
    volume:
      only !== undefined && others.length === 0
        ? { name: "limits", configMap: { name: only.configMap } }
        : { name: "limits", projected: { sources: files.map(({ configMap: name }) => ({ configMap: { name } })) } },
    paths: (folder) => files.map(({ file }) => `${folder}/${file}`),
  };
}
