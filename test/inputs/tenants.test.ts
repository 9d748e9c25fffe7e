import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { decodeText } from "../../model/files";
import { loadTenants, parseTenant } from "../../model/load";
import { InputError, type Problem } from "../../model/problem";
import { tenantFile } from "../../model/schema";
import { fileMutations, mutate, wrongValueOf, type Mutant } from "./mutations";
import { randomFor, seed } from "./random";
import { complaintOf } from "./report";
import { ledgerOf, seeds, type Seed } from "./seeds";
import { entryAt, shuffled, write } from "./tree";
import { fieldsOf, wrongFor } from "./wrong";

/** Ten thousand tenant files with one thing wrong in each: every one is refused, at the line of what is wrong, and nothing else happens. */
const mutants = 10_000;
const fields = fieldsOf(tenantFile);
const root = fs.mkdtempSync(path.join(os.tmpdir(), "tenantstack-inputs-"));
beforeAll(() => {
  for (const { name, beside } of seeds)
    for (const [file, text] of Object.entries({ ".ledger.yaml": "[]\n", ...beside })) {
      fs.mkdirSync(path.join(root, name), { recursive: true });
      fs.writeFileSync(path.join(root, name, file), text);
    }
});
afterAll(() => fs.rmSync(root, { recursive: true, force: true }));

/** The problems of this text as tenant prod; anything but a report is thrown on. */
function problemsOf({ name }: Seed, text: string): readonly Problem[] {
  const file = `${name}/prod.yaml`;
  const source = decodeText(Buffer.from(text), file);
  if (!("text" in source)) return [source];
  const result = parseTenant("prod", file, source.text, ledgerOf(name));
  return "problems" in result ? result.problems : [];
}

/** The same out of a folder with the file: slower by the writing. */
function problemsOnDisk({ name }: Seed, text: string): readonly Problem[] {
  fs.writeFileSync(path.join(root, name, "prod.yaml"), text);
  try {
    loadTenants(name, { projectRoot: root, zone: "obs.example.com" });
    return [];
  } catch (error) {
    if (error instanceof InputError) return error.problems;
    throw error;
  }
}

const complaint = (of: Seed, mutant: Mutant, read = problemsOf) => complaintOf(mutant, `${of.name}/prod.yaml`, () => read(of, mutant.text));

test("the good files are good, in any order and style, and use every field between them", () => {
  const random = randomFor("good");
  for (const one of seeds) {
    const texts = Array.from({ length: 40 }, () => write(shuffled(one.entries, random), random).text);
    for (const text of texts) expect([seed, one.name, problemsOf(one, text)]).toEqual([seed, one.name, []]);
    expect(problemsOnDisk(one, texts[0] ?? "")).toEqual([]);
  }
  const unused = fields.filter(({ path: where }) => !seeds.some(({ entries }) => entryAt(entries, where) !== undefined));
  expect(unused.map((field) => field.path.join("."))).toEqual([]);
});

test("every field has values that are wrong for it, and each of them is refused at its line", () => {
  const missed: string[] = [];
  for (const field of fields) {
    const of = seeds.find((one) => entryAt(one.entries, field.path) !== undefined) as Seed;
    const random = randomFor(field.path.join("."));
    for (const raw of wrongFor(field)) {
      const mutant = mutate({ fields: [field], entries: of.entries, random, above: [], prefix: "", mutations: [wrongValueOf(raw)] });
      const said = complaint(of, mutant);
      if (said !== undefined) missed.push(`${mutant.about}: ${said}`);
    }
  }
  expect([seed, missed.length, missed.slice(0, 20)]).toEqual([seed, 0, []]);
});

test(`${mutants} mutants of good files are refused at the line of what is wrong`, () => {
  const random = randomFor("mutants");
  const missed: string[] = [];
  const kinds = new Set<string>();
  const began = process.cpuUsage();
  for (let i = 0; i < mutants; i++) {
    const of = random.pick(seeds);
    const mutant = mutate({ fields, entries: of.entries, random, above: [], prefix: "", mutations: fileMutations });
    kinds.add(mutant.about);
    const said = complaint(of, mutant, i % 50 === 0 ? problemsOnDisk : problemsOf);
    if (said !== undefined)
      missed.push(`${i} of ${of.name}, ${mutant.about}: ${said}\n${missed.length < 3 ? mutant.text.slice(0, 1500) : ""}`);
  }
  const { user, system } = process.cpuUsage(began);
  process.stderr.write(
    `TENANTSTACK_SEED=${seed}: ${mutants} bad tenant files, ${kinds.size} different mutations, ${((user + system) / 1e6).toFixed(1)} s of processor\n`,
  );
  expect([seed, missed.length, missed.slice(0, 20)]).toEqual([seed, 0, []]);
});
