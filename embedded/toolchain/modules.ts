import fs from "node:fs";
import path from "node:path";
import { unzip } from "./archive";
import { downloadModule } from "./gobuild";
import type { Context } from "./types";
import { ToolchainError } from "./types";

/** A folder of CRDs inside a published Go module. */
export interface ModuleFolder {
  readonly module: string;
  readonly version: string;
  readonly folder: string;
  /** About what Go downloads. */
  readonly megabytes: number;
}

/**
 * Copies the CRDs of a folder, flat; other files there (a README, a policy that guards upgrades) are left out.
 * @throws ToolchainError when there are none
 */
export function copyCrds(from: string, to: string, source: string): void {
  fs.mkdirSync(to, { recursive: true });
  const files = fs.readdirSync(from).filter((name) => name.endsWith(".yaml"));
  const crds = files.filter((name) => /^kind: CustomResourceDefinition$/m.test(fs.readFileSync(path.join(from, name), "utf8")));
  for (const name of crds) fs.copyFileSync(path.join(from, name), path.join(to, name));
  if (crds.length === 0) throw new ToolchainError(`${source} has no CustomResourceDefinition where they are expected.`);
}

/**
 * Takes CRDs out of Go modules into `target`. It reads the module's zip, not its unpacked folder: Go refuses to unpack a module
 * that asks for a newer Go than is installed, though YAML needs no Go at all.
 */
export async function crdsFromModules(
  context: Context,
  go: string,
  folders: readonly ModuleFolder[],
  work: string,
  target: string,
): Promise<void> {
  for (const { module, version, folder } of folders) {
    const { Zip, Error: refusal } = await downloadModule(context, go, `${module}@${version}`, work);
    if (Zip === undefined) throw new ToolchainError(`Go could not download ${module}@${version}: ${refusal ?? "it named no file"}.`);
    const prefix = `${module}@${version}/${folder}/`;
    unzip(Zip, work, (name) => name.startsWith(prefix) && !name.slice(prefix.length).includes("/"));
    fs.mkdirSync(path.join(work, prefix), { recursive: true });
    copyCrds(path.join(work, prefix), target, prefix);
  }
}
