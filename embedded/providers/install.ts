/** Puts the stand-ins where the engine looks for provider plugins. */
import { chmodSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { plugins } from "../../model/versions";

/** The providers that have a stand-in here, by the name the engine knows them under. */
export type StandIn = keyof typeof plugins;

/** One plugin as installed: `version` is that of the official plugin whose place it takes. */
export interface InstalledStandIn {
  name: StandIn;
  version: string;
  folder: string;
}

function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function launcher(name: StandIn): string {
  const command = [process.execPath, path.join(__dirname, "launch.js"), name].map(shellQuoted).join(" ");
  return `#!/bin/sh\nexec ${command} "$@"\n`;
}

function installOne(pulumiHome: string, name: StandIn): InstalledStandIn {
  const version = plugins[name];
  const folder = path.join(pulumiHome, "plugins", `resource-${name}-v${version}`);
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `pulumi-resource-${name}`);
  // Renamed into place: an engine that starts the plugin at this moment sees the old script or the new one, never half of one.
  const aside = `${file}.${process.pid}`;
  writeFileSync(aside, launcher(name));
  chmodSync(aside, 0o755);
  renameSync(aside, file);
  // The engine takes a folder with this mark for an unfinished download.
  rmSync(`${folder}.partial`, { force: true });
  return { name, version, folder };
}

/**
 * Installs a stand-in for each provider in `names` (all unless given) as `$PULUMI_HOME/plugins/resource-<name>-v<version>/`. Each is a script
 * of two lines with the absolute path of this checkout: repeat the call after the checkout or Node moved; repeating it is harmless.
 * Throws the file system's error when the folder cannot be written.
 */
export function installStandIns(pulumiHome: string, names = Object.keys(plugins) as StandIn[]): InstalledStandIn[] {
  return names.map((name) => installOne(pulumiHome, name));
}
