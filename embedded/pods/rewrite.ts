import type { Names } from "./names";

/** The pod whose texts are rewritten. */
export interface Surroundings {
  /** The pod's address on this machine. */
  readonly address: string;
  readonly namespace: string;
  readonly names: Pick<Names, "resolve">;
  /** Where the container's volumes are mounted: `/etc/cortex`. Below the folder that is the process' own root they lie at the same path. */
  readonly mounts: readonly string[];
}

/**
 * A configuration text with the addresses of this machine in place of the cluster's. YAML list items that name a headless Service become one
 * item per pod, since that is what its DNS answers; elsewhere the first pod stands for all.
 */
export function rewriteText(text: string, at: Surroundings): string {
  return inline(multiplied(text, at).join("\n"), at);
}

/** Flags that may come several times: with a headless Service they come once per pod. */
const repeatable = /^--?(?:[\w.-]+\.)?(?:endpoint|join)=/;

/** Arguments of a container, expanded and rewritten. */
export function rewriteArgs(args: readonly string[], at: Surroundings): string[] {
  return args.flatMap((arg) => {
    if (arg.includes("\n")) return [rewriteText(arg, at)];
    const copies = repeatable.test(arg) ? copiesOf([arg], at) : [[arg]];
    return copies.map((copy) => inline(copy.join(""), at).replace(/(address=):(\d+)$/, `$1${at.address}:$2`));
  });
}

/**
 * `x.y.svc` with what may follow it: the cluster's domain and a port. Underscores and dots before it make it another name. `dns+`, by which
 * Thanos and Cortex ask DNS again and again, goes: there is no DNS to ask, and they do not take an address for a name.
 */
const fullName = /(?<![\w.-])(?:dns\+)?((?:[a-z0-9-]+\.){1,3})svc(?:\.cluster\.local)?\.?(?::(\d{1,5}))?(?![\w-]|\.\w)/g;
/** `x:80` and `x.y:80`, which pods may write for Services of their own namespace and of others. */
const shortName = /(?<![\w.-])(?:dns\+)?([a-z][a-z0-9-]*)(?:\.([a-z][a-z0-9-]*))?:(\d{2,5})(?!\d)/g;

/** What a name without a port stands behind where it is an address: `key: `, `--flag=`, `//` of a URL. An item of a list alone may be a virtual host's domain. */
const addressed = /(?:[:=]\s*["']?|\/\/)$/;

function inline(text: string, at: Surroundings): string {
  return inFolder(ownAddress(named(text, at, 0), at.address), at.mounts);
}

/** Names replaced by the `nth` of their addresses. */
function named(text: string, at: Surroundings, nth: number): string {
  const address = (name: string) => {
    const target = at.names.resolve(name);
    return target && { host: target.addresses[Math.min(nth, target.addresses.length - 1)] ?? "", port: target.port };
  };
  const full = text.replace(fullName, (whole: string, labels: string, port: string | undefined, offset: number) => {
    const found = address(labels.slice(0, -1));
    if (found === undefined) return whole;
    if (port !== undefined) return `${found.host}:${found.port(Number(port))}`;
    return addressed.test(text.slice(Math.max(0, offset - 40), offset)) ? found.host : whole;
  });
  return full.replace(shortName, (whole: string, service: string, namespace: string | undefined, port: string) => {
    const found = address(`${service}.${namespace ?? at.namespace}`);
    return found === undefined ? whole : `${found.host}:${found.port(Number(port))}`;
  });
}

/**
 * Inside a pod `0.0.0.0` and `127.0.0.1` are the pod itself; here they would be the whole machine. Ranges (`0.0.0.0/0`, Envoy's
 * `address_prefix`) are none of them.
 */
function ownAddress(text: string, address: string): string {
  return text
    .replace(/(?<!address_prefix:\s*["']?)(?<![\d.])(?:0\.0\.0\.0|127\.0\.0\.1)(?![\d/]|\.\d)/g, address)
    .replace(/(?<![\w.-])localhost(?=:\d)/g, address);
}

/** Mounted folders lie below the process' own root, which is its working folder: the same path without its slash. Short, as paths of sockets must be. */
function inFolder(text: string, mounts: readonly string[]): string {
  return mounts.reduce((so, mount) => so.replace(new RegExp(`(?<![\\w./-])${escaped(mount)}(?![\\w.-])`, "g"), mount.slice(1)), text);
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** Lines in which the items of headless Services stand once per pod. */
function multiplied(text: string, at: Surroundings): string[] {
  const lines = text.split("\n");
  const result: string[] = [];
  for (let n = 0; n < lines.length;) {
    const item = itemAt(lines, n);
    result.push(...(isItem(item) ? copiesOf(item, at).flat() : item));
    n += item.length;
  }
  return result;
}

const isItem = ([first = ""]: readonly string[]): boolean => /^\s*- /.test(first);

/** The list item that begins at a line, with all its lines; a line that begins none is alone. Only items without items inside are taken as a whole. */
function itemAt(lines: readonly string[], n: number): string[] {
  const line = lines[n] ?? "";
  const indent = /^(\s*)- /.exec(line)?.[1]?.length;
  if (indent === undefined) return [line];
  const rest = lines.slice(n + 1);
  const end = rest.findIndex((next) => next.trim() === "" || next.search(/\S/) <= indent);
  const inside = end < 0 ? rest : rest.slice(0, end);
  return inside.some((next) => isItem([next])) ? [line] : [line, ...inside];
}

/** An item once per pod of the headless Service it names; alone otherwise. */
function copiesOf(item: readonly string[], at: Surroundings): string[][] {
  const text = item.join("\n");
  const counts = [...text.matchAll(fullName)].map(([, labels = ""]) => at.names.resolve(labels.slice(0, -1))?.addresses.length ?? 1);
  const short = [...text.matchAll(shortName)].map(
    ([, service = "", namespace = at.namespace]) => at.names.resolve(`${service}.${namespace}`)?.addresses.length ?? 1,
  );
  const count = Math.max(1, ...counts, ...short);
  return count === 1 ? [[...item]] : Array.from({ length: count }, (_, nth) => named(text, at, nth).split("\n"));
}
