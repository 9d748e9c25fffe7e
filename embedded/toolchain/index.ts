import type { EnsureOptions } from "./ensure";
import { ensureToolsWith, realSurroundings } from "./ensure";
import type { Tool, ToolName } from "./types";

export { cacheFolder } from "./cache";
export type { EnsureOptions } from "./ensure";
export { recipes } from "./recipes";
export type { Tool, ToolName, Way } from "./types";
export { ToolchainError } from "./types";

/**
 * Finds or makes the named tools: on PATH, else the official release, else built from its Go module or taken from a package; provider plugins
 * fall back to this repository's stand-ins. Everything made is cached per user; a second call takes well under a second.
 * SIGINT, SIGTERM and `options.signal` end it with nothing half-made.
 * @returns the tools by name, in the order asked for
 * @throws ToolchainError with what failed, why, and what to install or do
 */
export async function ensureTools(names: readonly ToolName[], options: EnsureOptions): Promise<ReadonlyMap<ToolName, Tool>> {
  return ensureToolsWith(names, options, realSurroundings());
}
