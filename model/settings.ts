import { z } from "zod";
import { secretSettings, settingsSchema } from "./settingsschema";
import type { SettingsFile } from "./settingsschema";
import type { SettingsSource } from "./settingsplaces";
import { faultsOf, valueAt } from "./fieldwalk";
import type { Fault } from "./fieldwalk";
import { pathText, shorten } from "./document";
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

/** The settings of a stack. Throws `InputError` that names every wrong one with its rule and remedy, and with its line where `source` has it. */
export function parseSettings(raw: RawSettings, stack: string, source?: SettingsSource): Settings {
  const written = collect(raw);
  const parsed = settingsSchema.safeParse(written);
  const faults = [...(parsed.success ? [] : faultsOf(settingsSchema, parsed.error, written)), ...combinationFaults(written)];
  if (!parsed.success || faults.length > 0) {
    const place = (fault: Fault) => source?.place(fault, handed(raw, String(fault.path[0]))) ?? { line: 0, column: 0 };
    throw new InputError(faults.map((fault) => ({ ...toProblem(fault, stack, written), ...place(fault) })));
  }
  return withDefaults(parsed.data, stack);
}

function collect(raw: RawSettings): Record<string, unknown> {
  const keys = Object.keys(settingsSchema.shape);
  const pairs = typeof raw === "function" ? keys.map((key) => [key, raw(key)] as const) : Object.entries(raw).flatMap(ownKey);
  const result = Object.create(null) as Record<string, unknown>;
  for (const [key, value] of pairs) if (value !== undefined && !secretSettings.has(key)) result[key] = decoded(key, value);
  return result;
}

/** Settings of other namespaces (`aws:region`) belong to the providers. */
function ownKey([key, value]: [string, unknown]): [string, unknown][] {
  const prefix = `${settingsNamespace}:`;
  if (key.startsWith(prefix)) return [[key.slice(prefix.length), value]];
  return key.includes(":") ? [] : [[key, value]];
}

/** Pulumi gives groups as JSON text and everything inside text as text; a file read without it has numbers where they look like numbers. */
function decoded(key: string, value: unknown): unknown {
  const shape = groupShape(key);
  if (shape === undefined) return scalar(undefined, value);
  let group = value;
  try {
    if (typeof value === "string") group = JSON.parse(value) as unknown;
  } catch {
    return value;
  }
  if (typeof group !== "object" || group === null || Array.isArray(group)) return group;
  return Object.fromEntries(
    Object.entries(group).map(([name, one]) => [name, scalar(Object.hasOwn(shape, name) ? shape[name] : undefined, one)]),
  );
}

/** A value as its field wants it, where it is only written otherwise. */
function scalar(schema: z.ZodType | undefined, value: unknown): unknown {
  const inner = schema instanceof z.ZodOptional ? schema.unwrap() : schema;
  if (inner instanceof z.ZodBoolean) return value === "true" ? true : value === "false" ? false : value;
  if (inner instanceof z.ZodNumber) return typeof value === "string" && /^\d{1,3}$/.test(value) ? Number(value) : value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : value;
}

function groupShape(key: string): Readonly<Record<string, z.ZodType>> | undefined {
  const shape: Readonly<Record<string, z.ZodType>> = settingsSchema.shape;
  const schema = Object.hasOwn(shape, key) ? shape[key] : undefined;
  const inner = schema instanceof z.ZodOptional ? schema.unwrap() : schema;
  return inner instanceof z.ZodObject ? inner.shape : undefined;
}

/** A setting as it came. */
function handed(raw: RawSettings, key: string): unknown {
  return typeof raw === "function" ? raw(key) : (raw[`${settingsNamespace}:${key}`] ?? raw[key]);
}

function toProblem(fault: Fault, stack: string, written: unknown): Omit<Problem, "line" | "column"> {
  const value = fault.at === "key" ? undefined : valueAt(written, fault.path);
  const shown = value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value);
  const path = shorten(`${settingsNamespace}:${pathText(fault.path)}`);
  return { file: `Pulumi.${stack}.yaml`, path, value: shorten(shown), rule: fault.rule, remedy: fault.remedy };
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
