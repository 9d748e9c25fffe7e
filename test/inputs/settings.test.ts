import { parse } from "yaml";
import { readDocument } from "../../model/document";
import { decodeText } from "../../model/files";
import { InputError, type Problem } from "../../model/problem";
import { parseSettings } from "../../model/settings";
import { parseSettingsFile, settingsSource } from "../../model/settingsplaces";
import { settingsSchema } from "../../model/settingsschema";
import { fileMutations, mutate, schemaMutations, wrongValueOf } from "./mutations";
import { randomFor, seed } from "./random";
import { complaintOf } from "./report";
import { entriesOf, entryAt, shuffled, write } from "./tree";
import { fieldsOf, wrongFor, type Field } from "./wrong";

/** Two thousand files of settings with one thing wrong in each, read as the engine hands them over and as commands read them without it. */
const mutants = 2_000;
const fields = fieldsOf(settingsSchema);
const prefix = "tenantstack:";

/** Good files that use every setting between them. */
const seeds = [
  `
config:
  pulumi:disable-default-providers: ["*"]
  tenantstack:hardware: aws
  tenantstack:aws: {region: eu-west-1, zones: 3, cidr: 10.0.0.0/16}
  tenantstack:zone: obs.example.com
  tenantstack:dns: cloudflare
  tenantstack:cloudflareZoneId: 0123456789abcdef0123456789abcdef
  tenantstack:certificates: letsencrypt
  tenantstack:acmeEmail: platform@example.com
  tenantstack:edge: gateway-api
  tenantstack:cluster: {size: distributed, readSharding: false, fewerIngesters: true}
  tenantstack:cloudflareToken: {secure: AAABAPhN}
`,
  `
config:
  tenantstack:zone: obs.localhost
  tenantstack:tenants: tenants/cell-b
  tenantstack:addons: {certManager: true, prometheusOperator: false, envoyGateway: false}
  tenantstack:kubeconfig: /home/ops/.kube/config
  tenantstack:context: kind-obs
  tenantstack:s3: {endpoint: "http://minio.minio.svc:9000", region: us-east-1, bucketPrefix: obs-prod}
`,
  "config:\n  tenantstack:zone: obs.localhost\n",
].map((text) => ({ text, entries: entriesOf(parse(text) as Record<string, unknown>) }));

/** Settings as the engine hands them over: text, and groups as JSON. */
function asHandedOver(text: string): Record<string, string> {
  const { config } = parse(text) as { config: Record<string, unknown> };
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [
      key,
      typeof value === "object" && value !== null ? JSON.stringify(value) : String((value ?? "") as string | number | boolean),
    ]),
  );
}

function problemsOf(read: () => unknown): readonly Problem[] {
  try {
    read();
    return [];
  } catch (error) {
    if (error instanceof InputError) return error.problems;
    throw error;
  }
}

const readers = {
  "as the engine hands them over": (text: string) =>
    problemsOf(() => parseSettings(asHandedOver(text), "dev", settingsSource(readDocument("Pulumi.dev.yaml", text)))),
  "out of the file": (text: string) => {
    const source = decodeText(Buffer.from(text), "Pulumi.dev.yaml");
    return "text" in source ? problemsOf(() => parseSettingsFile(source.text, "dev")) : [source];
  },
};

/**
 * What is wrong for a setting. All of them are text first, so a number may be a good name; the engine itself refuses lists for text (Pulumi.yaml has
 * the types) and turns what JSON has no word for into something else.
 */
function wrongSetting(field: Field): readonly string[] {
  const { type } = field.info;
  const mayBeText = type === "text" ? ["12", "true", "-1", "0x10", ".nan", "[a]", "{a: b}", "[[[]]]", "{a: {b: {c: d}}}", "null", "~"] : [];
  const notInJson = [".nan", ".NaN", ".inf", "-.inf", "1e400", `${"9".repeat(400)}`];
  return wrongFor(field).filter((raw) => ![...mayBeText, ...notInJson, '"true"'].includes(raw));
}

const scene = { fields, above: ["config"], prefix, wrong: wrongSetting };

test("the good files are good, in any order and style, and use every setting between them", () => {
  const random = randomFor("good settings");
  for (const [how, read] of Object.entries(readers))
    for (const { entries } of seeds)
      for (let i = 0; i < 20; i++) expect([seed, how, read(write(shuffled(entries, random), random).text)]).toEqual([seed, how, []]);
  const place = ([first, ...rest]: readonly string[]) => ["config", `${prefix}${first}`, ...rest];
  const unused = fields.filter(({ path }) => !seeds.some(({ entries }) => entryAt(entries, place(path)) !== undefined));
  expect(unused.map((field) => field.path.join("."))).toEqual([]);
});

describe.each(Object.entries(readers))("%s", (how, read) => {
  test("every setting has values that are wrong for it, and each of them is refused at its line", () => {
    const missed: string[] = [];
    for (const field of fields) {
      const [first, ...rest] = field.path;
      const { entries } = seeds.find((one) => entryAt(one.entries, ["config", `${prefix}${first}`, ...rest]) !== undefined) ?? seeds[0]!;
      const random = randomFor(field.path.join("."));
      for (const raw of wrongSetting(field)) {
        const mutant = mutate({ ...scene, fields: [field], entries, random, mutations: [wrongValueOf(raw)] });
        const said = complaintOf(mutant, "Pulumi.dev.yaml", () => read(mutant.text));
        if (said !== undefined) missed.push(`${mutant.about}: ${said}`);
      }
    }
    expect([seed, missed.length, missed.slice(0, 20)]).toEqual([seed, 0, []]);
  });

  test(`${mutants} mutants of good files are refused at the line of what is wrong`, () => {
    const random = randomFor(how);
    const missed: string[] = [];
    // The engine parses the file itself before it hands anything over.
    const mutations = how === "out of the file" ? fileMutations : schemaMutations;
    for (let i = 0; i < mutants; i++) {
      const mutant = mutate({ ...scene, entries: random.pick(seeds).entries, random, mutations });
      const said = complaintOf(mutant, "Pulumi.dev.yaml", () => read(mutant.text));
      if (said !== undefined) missed.push(`${i}, ${mutant.about}: ${said}\n${missed.length < 3 ? mutant.text.slice(0, 1500) : ""}`);
    }
    expect([seed, missed.length, missed.slice(0, 20)]).toEqual([seed, 0, []]);
  });
});
