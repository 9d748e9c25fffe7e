import type { Reporter } from "../console";
import type { stores } from "../../model/versions";
import type { OfficialHosts } from "./hosts";

/** The three stores; `<name>-before` is the version that ran before, for the check of configurations. */
export type StoreName = keyof typeof stores;

/** Programs and files the embedded cluster needs beside Node. */
export type ToolName =
  | "pulumi"
  | "kube-apiserver"
  | "etcd"
  | "kube-controller-manager"
  | "kube-scheduler"
  | "kwok"
  | "kubectl"
  | "prometheus-operator"
  | "envoy"
  | StoreName
  | `${StoreName}-before`
  | "versitygw"
  | "promtool"
  | "prometheus"
  | "crds"
  | "plugin-kubernetes"
  | "plugin-tls";

/**
 * How a tool was come by: found on PATH, downloaded from its project's official release, built from its Go module, taken from a package
 * (PyPI wheel, Go module files), or replaced by this repository's own stand-in.
 */
export type Way = "path" | "official" | "built" | "package" | "stand-in";

/** A tool that is ready for use. */
export interface Tool {
  readonly name: ToolName;
  /** As the tool itself or its release calls it, e.g. `v1.34.0`. */
  readonly version: string;
  /**
   * Absolute. The executable, except: `pulumi` is the folder to put first on PATH (it holds `pulumi`; `pulumi-language-nodejs` is there too or
   * elsewhere on PATH), `crds` is a folder of YAML files of CustomResourceDefinitions, `plugin-*` is the folder that holds
   * `pulumi-resource-<name>` (way `official`) or the folder of the stand-ins' sources (way `stand-in`).
   */
  readonly path: string;
  readonly way: Way;
}

/** Operating system and processor in the words of Go and of most download names. */
export interface Platform {
  readonly os: "linux" | "darwin";
  readonly arch: "amd64" | "arm64";
}

/** What every part of the tool chain works with during one call of `ensureTools`. */
export interface Context {
  /** Absolute cache folder; exists. */
  readonly cache: string;
  /** Environment of child processes; its PATH is the one searched. */
  readonly env: NodeJS.ProcessEnv;
  readonly platform: Platform;
  readonly report: Reporter;
  /** Aborted by the caller or by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
  readonly hosts: OfficialHosts;
}

/** A tool could not be had. The message is complete: what failed, why, and what to install or do. */
export class ToolchainError extends Error {
  public constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ToolchainError";
  }
}
