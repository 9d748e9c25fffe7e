import { toYaml } from "../../../model/text";
import type { Address } from "../../contracts";
import { distributedBlocks } from "./config-distributed";
import type { StorageShape } from "./config-shared";
import { singleBlocks } from "./config-single";

export { configFile, configPath, limitsFile, limitsPath } from "./config-shared";
export type { StorageShape } from "./config-shared";

/** What the configuration depends on. */
export type CortexShape =
  | { readonly size: "single"; readonly storage: StorageShape }
  | {
      readonly size: "distributed";
      readonly storage: StorageShape;
      /** Headless Services of the caches. */
      readonly caches: Readonly<Record<"blocks" | "results", Address>>;
      /**
       * Whether queriers ask only the ingesters of a tenant's shard, default true. False while a shard size goes down: they cannot know how large it
       * was, and ask all ingesters for `ingesterLookbackHours` more.
       */
      readonly readSharding?: boolean;
    };

/**
 * Cortex's main configuration, the same for every target, to be read with `-config.expand-env`. Tenants' limits are not here but in the runtime
 * file; `limits` are what holds for an id that file does not name, and what no tier changes.
 * Option names: docs/configuration/config-file-reference.md of Cortex v1.21.1.
 */
export function cortexConfig(shape: CortexShape): string {
  return toYaml(
    shape.size === "single"
      ? singleBlocks(shape.storage)
      : distributedBlocks(shape.storage, { caches: shape.caches, readSharding: shape.readSharding ?? true }),
  );
}
