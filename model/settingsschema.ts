import { z } from "zod";
import { choice, field, text } from "./fields";
import { dnsNamePattern, dnsNameRule, emailPattern } from "./schema";

/** Settings of a stack as written under `tenantstack:`; source of their types and of what errors say. `settings.ts` adds defaults and combinations. */

/** Up to so many characters, none of them a space in front or one that terminals obey. */
const onLine = (most: number) => new RegExp(`^(?!\\s)[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]{1,${most}}$`);

const flag = (summary: string) =>
  field(z.boolean(), {
    summary,
    type: "true or false",
    rule: "must be true or false",
    remedy: "Write false where the cluster has it already",
  }).optional();

const group = <T extends z.ZodType>(schema: T, summary: string, remedy: string) =>
  field(schema, { summary, type: "group", rule: "must be a group of settings", remedy });

const privateNetwork = /^(10\.\d{1,3}|172\.(1[6-9]|2\d|3[01])|192\.168)\.\d{1,3}\.\d{1,3}\/(1[6-9]|20)$/;

/** 10.0.0.0/16: private, every octet a byte, no bits set behind the prefix. */
function isNetwork(cidr: string): boolean {
  const [address = "", prefix = "0"] = cidr.split("/");
  const octets = address.split(".").map(Number);
  const value = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  return privateNetwork.test(cidr) && octets.every((octet) => octet < 256) && value % 2 ** (32 - Number(prefix)) === 0;
}

export const settingsSchema = z.strictObject({
  hardware: choice(
    ["aws", "existing"],
    "`aws`: the stack makes network, cluster and buckets. `existing` (default): any cluster of a kubeconfig.",
  ).optional(),
  dns: choice(["cloudflare", "none"], "Who publishes tenants' names; none by default.").optional(),
  certificates: choice(["letsencrypt", "private-ca"], "Who signs tenants' certificates; private-ca by default.").optional(),
  edge: choice(["gateway-api", "none"], "How tenants are reached from outside; none by default.").optional(),
  cluster: group(
    z.strictObject({
      size: choice(
        ["single", "distributed"],
        "`single` (default): one process per system. `distributed`: microservices, three copies.",
      ).optional(),
      readSharding: field(z.boolean(), {
        summary: "`false` while a tenant's shard of Cortex' ingesters is made smaller: docs/operations.md. True by default.",
        type: "true or false",
        rule: "must be true or false",
        remedy: "Write true, or false to shrink a shard",
      }).optional(),
      fewerIngesters: field(z.boolean(), {
        summary: "`true` while ingesters of Cortex go that the plan no longer needs: docs/operations.md. False by default.",
        type: "true or false",
        rule: "must be true or false",
        remedy: "Write false, or true once those that go are empty",
      }).optional(),
    }),
    "The shared cluster.",
    "Write cluster: {size: single}",
  ).optional(),
  zone: text(dnsNamePattern, {
    summary: "The DNS zone below which tenants get their names: `<tenant>.<zone>`. Required.",
    rule: dnsNameRule,
    remedy: "Write for example tenantstack:zone: obs.example.com",
    example: "obs.example.com",
  }),
  tenants: text(/^(?!.*(^|\/)\.\.?(\/|$))[A-Za-z0-9._/-]{1,400}$/, {
    summary: "The folder of tenant files; `tenants` by default, another folder is another cell.",
    rule: "must be a folder, relative to the project or absolute, without `.` and `..`",
    remedy: "Write for example tenants or tenants/cell-b",
    example: "tenants",
  }).optional(),
  addons: group(
    z.strictObject({
      certManager: flag("Install cert-manager; by default with letsencrypt."),
      prometheusOperator: flag("Install the Prometheus operator; by default on aws."),
      envoyGateway: flag("Install Envoy Gateway; by default with edge gateway-api."),
    }),
    "Which add-ons this stack installs.",
    "Write addons: {prometheusOperator: true}",
  ).optional(),
  kubeconfig: text(onLine(500), {
    summary: "Kubeconfig file of an existing cluster; KUBECONFIG by default.",
    rule: "must be the path of a file",
    remedy: "Write the path, or leave it out",
  }).optional(),
  context: text(onLine(200), {
    summary: "Its context; the current one by default.",
    rule: "must be the name of a context",
    remedy: "Choose one of `kubectl config get-contexts -o name`",
  }).optional(),
  s3: group(
    z.strictObject({
      endpoint: text(/^https?:\/\/[a-z0-9.-]+(:\d{1,5})?$/, {
        summary: "The store's URL.",
        rule: "must be a URL of scheme, host and port only",
        remedy: "Write for example https://s3.example.com or http://minio.minio.svc:9000",
        example: "https://s3.example.com",
      }),
      region: text(/^[a-z0-9-]{1,40}$/, {
        summary: "Its region; us-east-1 by default, which most stores accept.",
        rule: "must be a region",
        remedy: "Write for example us-east-1",
      }).optional(),
      bucketPrefix: text(/^[a-z0-9][a-z0-9-]{1,39}$/, {
        summary: "Buckets are named `<prefix>-cortex` and so on.",
        rule: "must be 2 to 40 characters of a-z, 0-9 and hyphen",
        remedy: "Write for example obs-prod",
        example: "obs-prod",
      }),
    }),
    "An object store for an existing cluster; without it blocks stay on volumes (size single only).",
    "Write s3: {endpoint: https://s3.example.com, bucketPrefix: obs-prod}",
  ).optional(),
  aws: group(
    z.strictObject({
      region: text(/^[a-z]{2}(-[a-z]+)+-\d$/, {
        summary: "The region.",
        rule: "must be an AWS region",
        remedy: "Write for example eu-west-1",
        example: "eu-west-1",
      }),
      zones: field(z.int().min(2).max(6), {
        summary: "Availability zones; 3 by default.",
        type: "number",
        rule: "must be a whole number from 2 to 6",
        remedy: "Write 3",
      }).optional(),
      cidr: field(z.string().refine(isNetwork), {
        summary: "The network; 10.0.0.0/16 by default.",
        type: "network",
        rule: "must be a private IPv4 network of /16 to /20, without host bits",
        remedy: "Write for example 10.0.0.0/16",
      }).optional(),
    }),
    "AWS hardware.",
    "Write aws: {region: eu-west-1}",
  ).optional(),
  cloudflareZoneId: text(/^[0-9a-f]{32}$/, {
    summary: "Cloudflare's id of the zone.",
    rule: "must be 32 hexadecimal digits",
    remedy: "Copy it from the zone's overview page",
  }).optional(),
  acmeEmail: text(emailPattern, {
    summary: "E-mail of the Let's Encrypt account.",
    rule: "must be an e-mail address",
    remedy: "Write for example acmeEmail: platform@example.com",
    example: "platform@example.com",
  }).optional(),
});

/** Settings as written, without defaults. */
export type SettingsFile = z.output<typeof settingsSchema>;

/**
 * Settings that are secrets (`pulumi config set --secret`), by key: `index.ts` reads them as secrets, and nothing here sees or shows their values.
 * `grafanaClientSecrets` is an object: tenant -> secret of its OpenID Connect client.
 */
export const secretSettings: ReadonlySet<string> = new Set([
  "cloudflareToken",
  "s3AccessKeyId",
  "s3SecretAccessKey",
  "grafanaClientSecrets",
]);
