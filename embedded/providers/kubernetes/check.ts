/** Check: refuses what the stand-in does not do, and fills in name and namespace. */
import { createHash } from "node:crypto";
import { UserError } from "../protocol/errors";
import type { CheckArgs, CheckFailure } from "../protocol/provider";
import { type Bag, type Fields, isFields, UNKNOWN } from "../protocol/values";
import type { Cluster } from "./apply";
import { annotation, annotations, metadataText, withAnnotation, withKindSecrets, withMetadata } from "./objects";

/**
 * The apiVersion and kind of a type token: `kubernetes:apps/v1:Deployment`, `kubernetes:core/v1:ConfigMap` (the core group is `v1` to the
 * server). Throws `UserError` for what is no API object: charts, YAML files, patches, lists.
 */
export function parseToken(type: string): { apiVersion: string; kind: string } {
  const [, version = "", kind = ""] = /^kubernetes:([^:]+\/v\d\w*|v\d\w*):(\w+)$/.exec(type) ?? [];
  if (kind === "" || /^(helm|yaml|kustomize)/.test(version))
    throw new UserError(`the kubernetes stand-in has no ${type}: it creates API objects only; use the official plugin`);
  if (/(Patch|List)$/.test(kind))
    throw new UserError(`the kubernetes stand-in has no ${type}: declare the objects themselves, or use the official plugin`);
  return { apiVersion: version.replace(/^core\//, ""), kind };
}

const knownAnnotations = new Set<string>(Object.values(annotations));

function annotationFailures(object: Fields): CheckFailure[] {
  const metadata = object["metadata"];
  const all = isFields(metadata) && isFields(metadata["annotations"]) ? metadata["annotations"] : {};
  return Object.keys(all)
    .filter((name) => name.startsWith("pulumi.com/") && !knownAnnotations.has(name))
    .map((name) => ({
      property: `metadata.annotations["${name}"]`,
      reason: `the kubernetes stand-in does not know annotation ${name}; it knows ${[...knownAnnotations].join(", ")}`,
    }));
}

function failuresOf(type: string, object: Fields): CheckFailure[] {
  const token = parseToken(type);
  const failures: CheckFailure[] = [];
  for (const key of ["apiVersion", "kind"] as const) {
    if (object[key] === UNKNOWN || (key === "apiVersion" && object[key] === token.apiVersion)) continue;
    if (object[key] !== token[key])
      failures.push({
        property: key,
        reason: `${key} is ${JSON.stringify(object[key] ?? null)}, but the resource type ${type} needs "${token[key]}"`,
      });
  }
  const metadata = object["metadata"];
  if (isFields(metadata) && metadata["generateName"] !== undefined)
    failures.push({
      property: "metadata.generateName",
      reason: "generateName does not work with server-side apply; leave it out: a name is made from the resource's",
    });
  return [...failures, ...annotationFailures(object)];
}

function suffix(seed: Uint8Array, urn: string): string {
  // The engine's seed makes preview and update agree on the name; 8 hexadecimal digits as the official plugin has them.
  return createHash("sha256").update(seed).update(urn).digest("hex").slice(0, 8);
}

function chosenName(args: CheckArgs): { name: string } | CheckFailure {
  const olds = args.olds?.value;
  const before = olds && annotation(olds, annotations.autonamed) === "true" ? metadataText(olds, "name") : undefined;
  if (before) return { name: before };
  if (args.autonaming?.mode === "disable")
    return { property: "metadata.name", reason: "the stack's settings switch automatic names off: set metadata.name" };
  if (args.autonaming?.proposed) return { name: args.autonaming.proposed };
  return { name: `${args.name.toLowerCase()}-${suffix(args.randomSeed, args.urn)}` };
}

async function isNamespaced(cluster: Cluster | undefined, object: Fields): Promise<boolean> {
  const { apiVersion, kind } = object;
  if (!cluster || typeof apiVersion !== "string" || typeof kind !== "string") return false;
  // A kind that is not served yet: most definitions are of namespaced kinds, and the real apply corrects a wrong guess.
  return (await cluster.discovery.find(apiVersion, kind))?.namespaced ?? true;
}

/** Judges and completes inputs; `cluster` is undefined while the provider's own options are unknown. */
export async function checkInputs(cluster: Cluster | undefined, args: CheckArgs): Promise<{ inputs: Bag; failures: CheckFailure[] }> {
  let object = args.news.value;
  const failures = failuresOf(args.type, object);
  const metadata = object["metadata"];
  const named =
    metadata === UNKNOWN || (isFields(metadata) && (metadata["name"] === UNKNOWN || metadataText(object, "name") !== undefined));
  if (!named) {
    const chosen = chosenName(args);
    if ("reason" in chosen) failures.push(chosen);
    else object = withAnnotation(withMetadata(object, "name", chosen.name), annotations.autonamed, "true");
  }
  const hasNamespace =
    metadata === UNKNOWN || (isFields(metadata) && (metadata["namespace"] === UNKNOWN || metadataText(object, "namespace") !== undefined));
  if (!hasNamespace && failures.length === 0 && (await isNamespaced(cluster, object)))
    object = withMetadata(object, "namespace", cluster?.options.namespace ?? "default");
  return { inputs: { value: object, secrets: withKindSecrets(object, args.news.secrets) }, failures };
}
