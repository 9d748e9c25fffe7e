import fs from "node:fs";
import path from "node:path";
import { parse as parseYaml } from "yaml";
import { report } from "../../model/problem";
import { readDocument } from "../../model/document";
import { parseSettings } from "../../model/settings";
import { parseSettingsFile, settingsSource } from "../../model/settingsplaces";
import { problemsOf } from "./model-kit";

const parse = (raw: Record<string, unknown>) => parseSettings({ zone: "obs.example.com", ...raw }, "dev");
const said = (raw: Record<string, unknown>) => report(problemsOf(() => parse(raw)));

test("only the zone is required; the rest is what a first start needs", () => {
  expect(parse({})).toEqual({
    stack: "dev",
    hardware: "existing",
    dns: "none",
    certificates: "private-ca",
    edge: "none",
    cluster: { size: "single" },
    zone: "obs.example.com",
    tenants: "tenants",
    addons: { certManager: false, prometheusOperator: false, envoyGateway: false },
    kubeconfig: undefined,
    context: undefined,
    s3: undefined,
    aws: undefined,
    cloudflareZoneId: undefined,
    acmeEmail: undefined,
  });
});

const production = {
  hardware: "aws",
  dns: "cloudflare",
  cloudflareZoneId: "0123456789abcdef0123456789abcdef",
  certificates: "letsencrypt",
  edge: "gateway-api",
  cluster: { size: "distributed" },
  aws: { region: "eu-west-1" },
  acmeEmail: "platform@example.com",
};

test("secrets of the stack are settings too, and no report shows them", () => {
  expect(parse({ s3AccessKeyId: "AKIA", grafanaClientSecrets: '{"prod":"s3cr3t"}' })).toEqual(parse({}));
  const report = said({ cloudflareToken: "s3cr3t", tier: "huge" });
  expect(report).toContain("tier");
  expect(report).not.toContain("s3cr3t");
});

test.each(["dev", "prod"])("Pulumi.%s.yaml is a good file of settings", (stack) => {
  const { config } = parseYaml(fs.readFileSync(path.join(__dirname, `../../Pulumi.${stack}.yaml`), "utf8")) as {
    config: Record<string, unknown>;
  };
  expect(parseSettings(config, stack).stack).toBe(stack);
});

test("Pulumi's ways of handing settings over agree", () => {
  const plain = parse({ ...production, addons: { certManager: false } });
  expect(plain).toMatchObject({
    aws: { region: "eu-west-1", zones: 3, cidr: "10.0.0.0/16" },
    addons: { certManager: false, prometheusOperator: true, envoyGateway: true },
  });
  const text = {
    ...production,
    zone: "obs.example.com",
    cluster: '{"size":"distributed"}',
    aws: '{"region":"eu-west-1","zones":"3"}',
    addons: '{"certManager":"false"}',
  };
  const prefixed = Object.fromEntries(Object.entries(text).map(([key, value]) => [`tenantstack:${key}`, value]));
  expect(parseSettings({ ...prefixed, "aws:region": "us-east-1", "pulumi:tags": "x" }, "dev")).toEqual(plain);
  expect(parseSettings((key) => (text as Record<string, string>)[key], "dev")).toEqual(plain);
});

test.each<[Record<string, unknown>, RegExp]>([
  [{ zone: "Obs" }, /Pulumi\.dev\.yaml {2}tenantstack:zone: Obs\n.*DNS name/],
  [{ zone: undefined }, /tenantstack:zone\n.*is required/],
  [{ hardwrae: "aws" }, /tenantstack:hardwrae\n.*Did you mean hardware\?/],
  [{ hardware: "gcp" }, /tenantstack:hardware: gcp\n.*must be one of aws, existing/],
  [{ hardware: "aws" }, /tenantstack:aws\n.*is required with hardware: aws/],
  [{ hardware: "aws", aws: {} }, /tenantstack:aws\.region\n.*is required/],
  [{ hardware: "aws", aws: { region: "eu" } }, /AWS region/],
  [{ hardware: "aws", aws: { region: "eu-west-1", zones: 1 } }, /whole number from 2 to 6/],
  [{ hardware: "aws", aws: { region: "eu-west-1", cidr: "10.0.0.1/16" } }, /without host bits/],
  [{ hardware: "aws", aws: { region: "eu-west-1", cidr: "8.8.0.0/16" } }, /private IPv4/],
  [{ aws: { region: "eu-west-1" } }, /only for hardware: aws/],
  [{ ...production, s3: { endpoint: "https://s3.example.com", bucketPrefix: "ab" } }, /the stack makes its own buckets/],
  [{ ...production, context: "x" }, /tenantstack:context: x\n.*only for hardware: existing/],
  [{ cluster: { size: "distributed" } }, /tenantstack:cluster\.size: distributed\n.*needs an object store/],
  [{ cluster: "distributed" }, /must be a group of settings/],
  [{ cluster: { sise: "single" } }, /Did you mean size\?/],
  [{ ...production, acmeEmail: undefined }, /tenantstack:acmeEmail\n.*is required with certificates: letsencrypt/],
  [{ acmeEmail: "a@example.com" }, /only for certificates: letsencrypt/],
  [{ ...production, dns: "none" }, /letsencrypt needs dns: cloudflare/],
  [{ dns: "cloudflare" }, /cloudflare needs edge: gateway-api/],
  [{ tenants: "../elsewhere" }, /must be a folder/],
  [{ tenants: "a b" }, /must be a folder/],
  [{ addons: { certManager: "yes" } }, /must be true or false/],
  [{ s3: { endpoint: "s3.example.com", bucketPrefix: "ab" } }, /URL of scheme, host and port/],
])("%j is refused", (raw, says) => expect(said(raw)).toMatch(says));

test("a report has the line of what the stack's file says, and none of what came from elsewhere", () => {
  const text = "config:\n  tenantstack:zone: obs.localhost\n  tenantstack:edge: wrong\n  tenantstack:cluster:\n    size: huge\n";
  const source = settingsSource(readDocument("Pulumi.dev.yaml", text));
  const lines = (raw: Record<string, string>) =>
    problemsOf(() => parseSettings(raw, "dev", source)).map((one) => `${one.path}:${one.line}`);
  const handed = { "tenantstack:zone": "obs.localhost", "tenantstack:edge": "wrong", "tenantstack:cluster": '{"size":"huge"}' };
  expect(lines(handed)).toEqual(["tenantstack:edge:3", "tenantstack:cluster.size:5"]);
  expect(lines({ ...handed, "tenantstack:edge": "worse", "tenantstack:cluster": "{}" })).toEqual(["tenantstack:edge:0"]);
  expect(lines({ "tenantstack:cluster": "{}" })).toEqual(["tenantstack:zone:0"]);
  expect(() => parseSettingsFile("config: [a]", "dev")).toThrow(/Pulumi.dev.yaml:1:9 .*\n.*must be a group/);
});

test("digits are a good name where text is wanted, and a number where one is", () => {
  const s3 = { endpoint: "https://s3.example.com", bucketPrefix: "123" };
  expect(parse({ s3: JSON.stringify(s3) }).s3?.bucketPrefix).toBe("123");
  expect(parse({ s3: { ...s3, bucketPrefix: 123 } }).s3?.bucketPrefix).toBe("123");
});

test("all at once", () => {
  expect(problemsOf(() => parse({ zone: "x", edge: "y", hardware: "aws", zonne: 1 })).map((problem) => problem.path)).toEqual([
    "tenantstack:edge",
    "tenantstack:zone",
    "tenantstack:zonne",
    "tenantstack:aws",
  ]);
});
