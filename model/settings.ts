import { z } from "zod";
import { secretSettings, settingsSchema } from "./settingsschema";
import type { SettingsFile } from "./settingsschema";
import { faultsOf, valueAt } from "./fieldwalk";
import type { Fault } from "./fieldwalk";
import { pathText } from "./document";
import { InputError } from "./problem";
import type { Problem } from "./problem";

/** A stack's settings (Pulumi.<stack>.yaml), validated. Read by `index.ts` through `parseSettings`, never from pulumi.Config elsewhere. */
export interface Settings {
  /** The Pulumi stack; audience of every token. */
  readonly stack: string;
  readonly hardware: "aws" | "existing";
  readonly dns: "cloudflare" | "none";
  readonly certificates: "letsencrypt" | "private-ca";
  readonly edge: "gateway-api" | "none";
  readonly cluster: {
    readonly size: "single" | "distributed";
    /** False while a tenant's shard of Cortex' ingesters is made smaller; `readsSharded` in `shards.ts` says what holds. Size distributed only. */
    readonly readSharding?: boolean;
    /** True lets ingesters of Cortex go that the plan no longer needs; see `scalein.ts`. Size distributed only. */
    readonly fewerIngesters?: boolean;
  };
  /** DNS zone under which tenants get their names, e.g. `obs.example.com`. */
  readonly zone: string;
  /** The folder of tenant files, relative to the project; a cell is another folder. */
  readonly tenants: string;
  /** Which platform add-ons this stack installs; a cluster that has them says false. */
  readonly addons: { readonly certManager: boolean; readonly prometheusOperator: boolean; readonly envoyGateway: boolean };
  /** `existing` hardware: kubeconfig file and context; undefined takes KUBECONFIG and its current context. */
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  /** `existing` hardware: any S3 endpoint, a URL (http only inside the cluster); undefined keeps blocks on the volumes of the pods (size single only). */
  readonly s3: { readonly endpoint: string; readonly region: string; readonly bucketPrefix: string } | undefined;
  readonly aws: { readonly region: string; readonly zones: number; readonly cidr: string } | undefined;
  /** Cloudflare's id of the zone; only with dns cloudflare. */
  readonly cloudflareZoneId: string | undefined;
  /** E-mail of the ACME account; only with letsencrypt. */
  readonly acmeEmail: string | undefined;
}

/** The namespace of the project's settings, e.g. `tenantstack:zone`. */
export const settingsNamespace = "tenantstack";

/** Settings as Pulumi hands them over: all of them, or a lookup like `(key) => config.get(key)`. Groups may be JSON text. */
export type RawSettings = Readonly<Record<string, unknown>> | ((key: string) => string | undefined);

/** The settings of a stack. Throws `InputError` that names every wrong one with its rule and remedy. */
export function parseSettings(raw: RawSettings, stack: string): Settings {
  const written = collect(raw);
  const parsed = settingsSchema.safeParse(written);
  const faults = [...(parsed.success ? [] : faultsOf(settingsSchema, parsed.error, written)), ...combinationFaults(written)];
  if (!parsed.success || faults.length > 0) throw new InputError(faults.map((fault) => toProblem(fault, stack, written)));
  return withDefaults(parsed.data, stack);
}

function collect(raw: RawSettings): Record<string, unknown> {
  const keys = Object.keys(settingsSchema.shape);
  const pairs = typeof raw === "function" ? keys.map((key) => [key, raw(key)] as const) : Object.entries(raw).flatMap(ownKey);
  const result = Object.create(null) as Record<string, unknown>;
  for (const [key, value] of pairs)
    if (value !== undefined && value !== null && !secretSettings.has(key)) result[key] = decoded(key, value);
  return result;
}

/** Settings of other namespaces (`aws:region`) belong to the providers. */
function ownKey([key, value]: [string, unknown]): [string, unknown][] {
  const prefix = `${settingsNamespace}:`;
  if (key.startsWith(prefix)) return [[key.slice(prefix.length), value]];
  return key.includes(":") ? [] : [[key, value]];
}

/** Pulumi gives groups as JSON text and everything inside text as text. */
function decoded(key: string, value: unknown): unknown {
  const isGroup = Object.hasOwn(settingsSchema.shape, key) && groupShape(key) !== undefined;
  if (!isGroup) return value;
  let group = value;
  try {
    if (typeof value === "string") group = JSON.parse(value) as unknown;
  } catch {
    return value;
  }
  if (typeof group !== "object" || group === null || Array.isArray(group)) return group;
  return Object.fromEntries(
    Object.entries(group).map(([name, one]) => [
      name,
      one === "true" ? true : one === "false" ? false : /^\d{1,3}$/.test(String(one)) ? Number(one) : one,
    ]),
  );
}

function groupShape(key: string): object | undefined {
  const schema = (settingsSchema.shape as Record<string, z.ZodType>)[key];
  const inner = schema instanceof z.ZodOptional ? schema.unwrap() : schema;
  return inner instanceof z.ZodObject ? inner.shape : undefined;
}

function toProblem(fault: Fault, stack: string, written: unknown): Problem {
  const value = fault.at === "key" ? undefined : valueAt(written, fault.path);
  const shown = value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value);
  const shortened = shown.length > 60 ? `${shown.slice(0, 57)}...` : shown;
  const path = `${settingsNamespace}:${pathText(fault.path)}`;
  return { file: `Pulumi.${stack}.yaml`, line: 0, column: 0, path, value: shortened, rule: fault.rule, remedy: fault.remedy };
}

/** Settings that do not work together, read as written, so that a wrong field hides nothing. */
function combinationFaults(written: unknown): Fault[] {
  const is = (key: string, value: string) => valueAt(written, [key]) === value;
  const has = (...path: string[]) => valueAt(written, path) !== undefined;
  const refuse = (wrong: boolean, path: readonly string[], rule: string, remedy: string): Fault[] =>
    wrong ? [{ path, at: has(...path) ? "value" : "key", rule, remedy }] : [];
  const aws = is("hardware", "aws");
  const letsencrypt = is("certificates", "letsencrypt");
  const distributed = valueAt(written, ["cluster", "size"]) === "distributed";
  return [
    ...refuse(aws && !has("aws"), ["aws"], "is required with hardware: aws", "Write aws: {region: eu-west-1}"),
    ...refuse(!aws && has("aws"), ["aws"], "is only for hardware: aws", "Remove it, or write hardware: aws"),
    ...refuse(aws && has("s3"), ["s3"], "is only for hardware: existing: on aws the stack makes its own buckets", "Remove it"),
    ...refuse(
      aws && has("kubeconfig"),
      ["kubeconfig"],
      "is only for hardware: existing",
      "Remove it: on aws the stack makes its own cluster",
    ),
    ...refuse(aws && has("context"), ["context"], "is only for hardware: existing", "Remove it: on aws the stack makes its own cluster"),
    ...refuse(
      distributed && !aws && !has("s3"),
      ["cluster", "size"],
      "distributed needs an object store",
      "Write s3: {endpoint, region, bucketPrefix}, or hardware: aws, or size: single",
    ),
    ...refuse(
      !distributed && has("cluster", "readSharding"),
      ["cluster", "readSharding"],
      "is only for cluster.size: distributed: a single process has one shard",
      "Remove it",
    ),
    ...refuse(
      !distributed && has("cluster", "fewerIngesters"),
      ["cluster", "fewerIngesters"],
      "is only for cluster.size: distributed: a single process is one ingester",
      "Remove it",
    ),
    ...refuse(
      letsencrypt && !has("acmeEmail"),
      ["acmeEmail"],
      "is required with certificates: letsencrypt",
      "Write the e-mail that Let's Encrypt warns before a certificate ends",
    ),
    ...refuse(
      letsencrypt && !is("dns", "cloudflare"),
      ["certificates"],
      "letsencrypt needs dns: cloudflare: wildcard certificates are proved by DNS records",
      "Write dns: cloudflare, or certificates: private-ca",
    ),
    ...refuse(
      !letsencrypt && has("acmeEmail"),
      ["acmeEmail"],
      "is only for certificates: letsencrypt",
      "Remove it, or write certificates: letsencrypt",
    ),
    ...refuse(
      is("dns", "cloudflare") && !is("edge", "gateway-api"),
      ["dns"],
      "cloudflare needs edge: gateway-api: records must lead somewhere",
      "Write edge: gateway-api, or dns: none",
    ),
    ...refuse(
      is("dns", "cloudflare") && !has("cloudflareZoneId"),
      ["cloudflareZoneId"],
      "is required with dns: cloudflare",
      "Write the zone's id, 32 hexadecimal digits from its overview page",
    ),
  ];
}

function withDefaults(file: SettingsFile, stack: string): Settings {
  const hardware = file.hardware ?? "existing";
  const certificates = file.certificates ?? "private-ca";
  const edge = file.edge ?? "none";
  const { size = "single", readSharding, fewerIngesters } = file.cluster ?? {};
  const addons = {
    certManager: certificates === "letsencrypt",
    prometheusOperator: hardware === "aws",
    envoyGateway: edge === "gateway-api",
  };
  return {
    stack,
    hardware,
    dns: file.dns ?? "none",
    certificates,
    edge,
    cluster: {
      size,
      ...(readSharding !== undefined && { readSharding }),
      ...(fewerIngesters !== undefined && { fewerIngesters }),
    },
    zone: file.zone,
    tenants: file.tenants ?? "tenants",
    addons: {
      certManager: file.addons?.certManager ?? addons.certManager,
      prometheusOperator: file.addons?.prometheusOperator ?? addons.prometheusOperator,
      envoyGateway: file.addons?.envoyGateway ?? addons.envoyGateway,
    },
    kubeconfig: file.kubeconfig,
    context: file.context,
    s3: file.s3 === undefined ? undefined : { ...file.s3, region: file.s3.region ?? "us-east-1" },
    aws: file.aws === undefined ? undefined : { region: file.aws.region, zones: file.aws.zones ?? 3, cidr: file.aws.cidr ?? "10.0.0.0/16" },
    cloudflareZoneId: file.cloudflareZoneId,
    acmeEmail: file.acmeEmail,
  };
}
