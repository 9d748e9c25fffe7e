/** Options of the provider resource, as `new kubernetes.Provider(name, {...})` sends them. */
import { existsSync, readFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { KubeConfig } from "@kubernetes/client-node";
import { messageOf, UserError } from "../protocol/errors";
import { differences, formatPath } from "../protocol/paths";
import type { CheckFailure, DiffResult } from "../protocol/provider";
import { type Fields, hasUnknown, textOf, type Value } from "../protocol/values";

/** What the stack may set. Anything else is refused rather than ignored. */
export interface Options {
  /** Content of a kubeconfig, or a path; undefined for `$KUBECONFIG` or `~/.kube/config`. */
  kubeconfig: string | undefined;
  context: string | undefined;
  cluster: string | undefined;
  /** Namespace of objects that name none. */
  namespace: string;
  enableConfigMapMutable: boolean;
  enableSecretMutable: boolean;
  enablePatchForce: boolean;
  deleteUnreachable: boolean;
  upsertExistingObjects: boolean;
  suppressDeprecationWarnings: boolean;
  /** Time limit of one request in seconds, from `kubeClientSettings.timeout`. */
  requestTimeout: number | undefined;
}

const texts = ["kubeconfig", "context", "cluster", "namespace", "clusterIdentifier"];
const switches = [
  "enableServerSideApply",
  "enableConfigMapMutable",
  "enableSecretMutable",
  "enablePatchForce",
  "deleteUnreachable",
  "upsertExistingObjects",
  "suppressDeprecationWarnings",
  "suppressHelmHookWarnings",
];
/** The engine adds these to what the program sets. */
const engineKeys = ["version", "pluginDownloadURL", "__internal"];

// The SDK sends everything but texts as JSON text.
function parsed(value: Value | undefined): Value | undefined {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value) as Value;
  } catch {
    return value;
  }
}

function isUnset(value: Value | undefined): boolean {
  return value === undefined || value === null || value === "";
}

function checkSettings(value: Value | undefined): string | undefined {
  const settings = parsed(value);
  if (typeof settings !== "object" || settings === null || Array.isArray(settings)) return "must be an object";
  const other = Object.keys(settings).filter((key) => key !== "timeout" && !isUnset(settings[key]));
  if (other.length > 0)
    return `the stand-in has no ${other.join(", ")}: it keeps at most 32 connections and retries when the server says it is busy`;
  return isUnset(settings["timeout"]) || typeof settings["timeout"] === "number" ? undefined : "timeout must be a number of seconds";
}

function checkOption(key: string, value: Value): string | undefined {
  if (texts.includes(key)) return typeof value === "string" ? undefined : "must be a text";
  if (key === "kubeClientSettings") return checkSettings(value);
  if (!switches.includes(key)) return "the kubernetes stand-in has no such option; leave it out or use the official plugin";
  const on = parsed(value);
  if (typeof on !== "boolean") return "must be true or false";
  return key === "enableServerSideApply" && !on
    ? "the stand-in only does server-side apply; leave the option out or set it to true"
    : undefined;
}

/** What is wrong with provider options; unknown values are judged once they are known. */
export function checkOptions(options: Fields): CheckFailure[] {
  return Object.entries(options).flatMap(([key, value]) => {
    if (engineKeys.includes(key) || isUnset(value) || hasUnknown(value)) return [];
    const reason = checkOption(key, value);
    return reason ? [{ property: key, reason: `${key}: ${reason}` }] : [];
  });
}

/** Reads checked options. Throws `UserError` with all that is wrong. */
export function readOptions(options: Fields): Options {
  const failures = checkOptions(options);
  if (failures.length > 0) throw new UserError(failures.map(({ reason }) => reason).join("\n"));
  const text = (key: string) => (isUnset(options[key]) ? undefined : textOf(options[key]));
  const on = (key: string) => parsed(options[key]) === true;
  const settings = parsed(options["kubeClientSettings"]) as { timeout?: number } | undefined;
  return {
    kubeconfig: text("kubeconfig"),
    context: text("context"),
    cluster: text("cluster"),
    namespace: text("namespace") ?? "default",
    enableConfigMapMutable: on("enableConfigMapMutable"),
    enableSecretMutable: on("enableSecretMutable"),
    enablePatchForce: on("enablePatchForce"),
    deleteUnreachable: on("deleteUnreachable"),
    upsertExistingObjects: on("upsertExistingObjects"),
    suppressDeprecationWarnings: on("suppressDeprecationWarnings"),
    requestTimeout: settings?.timeout,
  };
}

function expanded(file: string): string {
  return file.startsWith("~/") ? path.join(os.homedir(), file.slice(2)) : file;
}

// As kubectl: $KUBECONFIG may name several files, and the first that exists counts here; merging them is kubectl's business.
function kubeconfigFile(given: string | undefined): string {
  const candidates = (given ?? process.env["KUBECONFIG"] ?? "~/.kube/config").split(path.delimiter).filter(Boolean).map(expanded);
  const found = candidates.find((file) => existsSync(file));
  if (found) return found;
  throw new UserError(
    `no kubeconfig: ${candidates.join(", ")} does not exist. Set the provider's kubeconfig (content or path) or KUBECONFIG.`,
  );
}

async function load(options: Options): Promise<KubeConfig> {
  const { KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  // Content has several lines or is JSON; a path has neither.
  const isContent = options.kubeconfig !== undefined && /[\n{]/.test(options.kubeconfig);
  const file = isContent ? undefined : kubeconfigFile(options.kubeconfig);
  try {
    config.loadFromString(file ? readFileSync(file, "utf8") : (options.kubeconfig ?? ""));
  } catch (error) {
    // The parser's message quotes the text around the mistake, which may be a key: only its first line is shown.
    throw new UserError(`the kubeconfig ${file ?? "in the provider's options"} cannot be read: ${messageOf(error).split("\n")[0]}`);
  }
  if (file) makePathsAbsolute(config, path.dirname(path.resolve(file)));
  return config;
}

function makePathsAbsolute(config: KubeConfig, folder: string): void {
  const absolute = (file: string) => path.resolve(folder, file);
  config.clusters = config.clusters.map((one) => (one.caFile ? { ...one, caFile: absolute(one.caFile) } : one));
  config.users = config.users.map((one) => ({
    ...one,
    ...(one.certFile ? { certFile: absolute(one.certFile) } : {}),
    ...(one.keyFile ? { keyFile: absolute(one.keyFile) } : {}),
  }));
}

/** The kubeconfig with context and cluster chosen. Throws `UserError` naming what there is to choose from. */
export async function loadKubeconfig(options: Options): Promise<KubeConfig> {
  const config = await load(options);
  if (options.context) config.setCurrentContext(options.context);
  const context = config.getContextObject(config.getCurrentContext());
  if (!context) {
    const names =
      config
        .getContexts()
        .map(({ name }) => `"${name}"`)
        .join(", ") || "none";
    throw new UserError(`the kubeconfig has no context "${config.getCurrentContext()}"; it has ${names}. Set the provider's context.`);
  }
  if (options.cluster) {
    config.contexts = config.contexts.map((one) => (one === context ? { ...one, cluster: options.cluster ?? one.cluster } : one));
  }
  return config;
}

async function clusterOf(options: Fields): Promise<string | undefined> {
  try {
    const { name: _name, ...cluster } = (await loadKubeconfig(readOptions(options))).getCurrentCluster() ?? { name: "" };
    return JSON.stringify(cluster);
  } catch {
    return undefined; // a file that is gone, or a broken one, says nothing about the cluster it meant
  }
}

/** Which option, if any, says that the new options mean another cluster, so that all its objects must be made there. */
async function anotherCluster(olds: Fields, news: Fields): Promise<string | undefined> {
  const before: Value | undefined = olds["clusterIdentifier"];
  const after: Value | undefined = news["clusterIdentifier"];
  // The identifier is the program's word on which cluster it means; only without one are the clusters' entries compared.
  if (!isUnset(before) && !isUnset(after)) return before === after ? undefined : "clusterIdentifier";
  const [oldCluster, newCluster] = await Promise.all([clusterOf(olds), clusterOf(news)]);
  if (oldCluster === undefined || newCluster === undefined || oldCluster === newCluster) return undefined;
  return ["kubeconfig", "context", "cluster"].find((key) => olds[key] !== news[key]) ?? "kubeconfig";
}

/** What a change of options means: an update, or with another cluster a replacement of the provider and of all its objects. */
export async function diffOptions(olds: Fields, news: Fields): Promise<DiffResult> {
  const changed = differences(olds, news).map(({ path: at, kind }) => [formatPath(at), kind] as const);
  const detailed: DiffResult["detailed"] = new Map(changed.filter(([key]) => !engineKeys.includes(key)));
  if (detailed.size === 0 || hasUnknown(news)) return { detailed, deleteBeforeReplace: false };
  const key = await anotherCluster(olds, news);
  if (key) detailed.set(key, `${detailed.get(key) ?? "update"}-replace` as "update-replace");
  return { detailed, deleteBeforeReplace: false };
}
