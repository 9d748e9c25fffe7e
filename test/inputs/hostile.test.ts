import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { loadTenants } from "../../model/load";
import { InputError, report, type Problem } from "../../model/problem";
import { parseSettingsFile } from "../../model/settingsplaces";
import { unclear } from "./report";

/** YAML and files made to break a reader. Each is read as tenant prod: within a second, with a clear report or, where that is harmless, as what it says. */
const good = "owner: a@example.com\ndescription: A tenant\nkeys: [2026-11]\n";
const after = (line: string) => `${good}${line}\n`;
const times = (count: number, text: (index: number) => string, between = "\n") =>
  Array.from({ length: count }, (_, i) => text(i)).join(between);
/** Just below what a file may have. */
const most = 130_000;

type Place = number | "file";
/** Name, content, the line that is reported ("file" for the file as a whole) and what the report says. */
const refused: readonly (readonly [name: string, content: string | Buffer, line: Place, says: RegExp])[] = [
  ["a billion laughs", times(9, (i) => (i === 0 ? "a0: &a0 [lol]" : `a${i}: &a${i} [${times(9, () => `*a${i - 1}`, ", ")}]`)), 1, /anchor/],
  ["laughs of groups", times(30, (i) => (i === 0 ? "a0: &a0 {x: y}" : `a${i}: &a${i} {l: *a${i - 1}, r: *a${i - 1}}`)), 1, /anchor/],
  ["laughs by merge keys", times(20, (i) => (i === 0 ? "a0: &a0 {x: y}" : `a${i}: &a${i} {<<: *a${i - 1}}`)), 1, /anchor/],
  ["an alias to itself", after("revoked: &a [*a]"), 4, /anchor/],
  ["an alias to nothing", after("tier: *nothing"), 4, /alias/i],
  ["a merge key", after("<<: {tier: small}"), 4, /must not merge/],
  ["many aliases", `a: &a x\n${times(8_000, (i) => `b${i}: *a`)}`, 2500, /more than 10000 words/],
  ["100,000 brackets", "[".repeat(100_000), 1, /nested too deep|not YAML/],
  ["as many behind a key", after(`tier: ${"[".repeat(100_000)}`), 4, /nested too deep|not YAML/],
  ["60,000 pairs of brackets", `${"[".repeat(60_000)}${"]".repeat(60_000)}`, 1, /nested too deep|must be a group/],
  ["100,000 braces", "{".repeat(100_000), 1, /nested too deep|not YAML/],
  ["groups in groups", "{a: ".repeat(30_000), 1, /nested too deep|not YAML/],
  ["groups below groups", times(450, (i) => `${" ".repeat(i)}a:`), 50, /nested too deep/],
  ["60,000 hyphens", "- ".repeat(60_000), 1, /nested too deep|must be a group/],
  ["60,000 question marks", "? ".repeat(60_000), 1, /./],
  ["40,000 quotes", '"'.repeat(40_001), 1, /more than 10000 words/],
  ["120,000 colons", ":".repeat(120_000), 1, /./],
  ["120,000 ampersands", "&".repeat(120_000), 1, /./],
  ["120,000 stars", "*".repeat(120_000), 1, /./],
  ["120,000 exclamation marks", "!".repeat(120_000), 1, /./],
  ["120,000 commas in brackets", `[${",".repeat(120_000)}]`, 1, /more than 10000 words/],
  ["1,900 unknown keys", times(1_900, (i) => `tiexr${i}: x`), 1, /not a known key[^]*and 1803 more/],
  ["10,000 unknown keys", times(10_000, (i) => `tiexr${i}: x`), 2000, /more than 10000 words/],
  ["30,000 syntax errors", times(30_000, () => "]"), 10_000, /more than 10000 words/],
  ["3,000 syntax errors", times(3_000, () => "]"), 1, /not YAML/],
  ["a key of 100,000 letters", after(`${"k".repeat(100_000)}: x`), 4, /./],
  ["a number of 100,000 digits", after(`limits: {metrics: {activeSeries: ${"9".repeat(100_000)}}}`), 4, /must be a whole number/],
  ["a number of 100,000 spaces", after(`limits: {metrics: {activeSeries: "1${" ".repeat(100_000)}!"}}`), 4, /must be a number/],
  ["only spaces for a number", after(`limits: {metrics: {activeSeries: "${" ".repeat(100_000)}"}}`), 4, /must be a number/],
  ["a duration of 100,000 spaces", after(`retention: {metrics: "1${" ".repeat(100_000)}!"}`), 4, /must be a whole number/],
  ["an e-mail of 100,000 letters", `owner: a@${"a".repeat(100_000)}!\n`, 1, /e-mail/],
  ["an e-mail of 50,000 labels", `owner: a@${"a.".repeat(50_000)}!\n`, 1, /e-mail/],
  ["a domain of 50,000 labels", after(`domain: ${"a.".repeat(50_000)}a`), 4, /DNS name/],
  ["an issuer of 100,000 slashes", after(`grafana: {auth: {issuer: "https://${"/".repeat(100_000)}?"}}`), 4, /https URL/],
  ["3,000 revoked ids", after(`revoked: [${times(3_000, (i) => `x${i}`, ",")}]`), 4, /at most 1000/],
  ["20,000 revoked ids", after(`revoked: [${times(20_000, (i) => `x${i}`, ",")}]`), 4, /more than 10000 words/],
  ["20,000 times one id", after(`revoked: [${times(20_000, () => "x", ",")}]`), 4, /./],
  ["a function of JavaScript", after('tier: !!js/function "function () { throw 1 }"'), 4, /must not have a tag/],
  ["an expression of JavaScript", after("tier: !!js/regexp /a/g"), 4, /must not have a tag|not YAML/],
  ["an object of Python", after('tier: !!python/object/apply:os.system ["true"]'), 4, /must not have a tag/],
  ["an object of Ruby", after("tier: !ruby/object:Gem::Installer {}"), 4, /tag/],
  ["bytes", after("tier: !!binary c21hbGw="), 4, /must not have a tag/],
  ["a set", after("tier: !!set {small}"), 4, /must not have a tag/],
  ["a tag of text", after("tier: !!str small"), 4, /must not have a tag/],
  ["a tag by its URL", after("tier: !<tag:yaml.org,2002:str> small"), 4, /must not have a tag/],
  ["a directive", `%YAML 1.1\n---\n${good}`, 1, /directives/],
  ["a directive of tags", `%TAG ! tag:example.com,2000:\n---\n${good}`, 1, /directives/],
  ["a key twice", after("keys: [2026-12]"), 4, /must not be there twice/],
  ["a group twice", after("limits: {}\nlimits: {}"), 5, /must not be there twice/],
  ["a key twice in another spelling", after('"keys": [2026-12]'), 4, /must not be there twice/],
  ["two documents", `${good}---\n${good}`, 4, /must be one document/],
  ["three empty documents", "---\n---\n---\n", 2, /must be one document/],
  ["text behind the end", `${good}...\ntier: small\n`, 5, /one document|not YAML/],
  ["nothing", "", 1, /must not be empty/],
  ["only comments", "# a\n# b\n", 1, /must not be empty/],
  ["only spaces", "   \n\n", 1, /must not be empty/],
  ["only a mark", "\ufeff", 1, /must not be empty/],
  ["only ---", "---\n", 1, /must not be empty/],
  ["a list", "- a\n- b\n", 1, /must be a group/],
  ["a word", "hello\n", 1, /must be a group/],
  ["a number", "12\n", 1, /must be a group/],
  ["JSON of a list", '["a"]', 1, /must be a group/],
  ["HTML", "<!DOCTYPE html>\n<html><body>404</body></html>\n", 1, /./],
  ["a merge conflict", `<<<<<<< HEAD\n${good}=======\n${good}>>>>>>> other\n`, 1, /not YAML/],
  ["__proto__", after("__proto__: {admin: true}"), 4, /not a known key/],
  ["__proto__ in a group", after("limits: {__proto__: {metrics: {activeSeries: 1}}}"), 4, /not a known key/],
  ["constructor", after("constructor: {prototype: {admin: true}}"), 4, /not a known key/],
  ["tabs", after("limits:\n\tmetrics: {activeSeries: 1k}"), 5, /tabs/],
  ["line ends of carriage returns", good.replace(/\n/g, "\r"), 1, /lone carriage return/],
  ["one carriage return", good.replace("example.com\n", "example.com\r"), 1, /lone carriage return/],
  ["NUL", after("tier: sm\u0000all"), 4, /must be UTF-8 text/],
  ["an escape", after("# \u001b[2J"), 4, /control characters/],
  ["a byte that is not UTF-8", Buffer.concat([Buffer.from(`${good}tier: `), Buffer.from([0xff, 0x0a])]), 4, /must be UTF-8/],
  ["a surrogate as UTF-8", Buffer.concat([Buffer.from(`${good}tier: `), Buffer.from([0xed, 0xa0, 0x80, 0x0a])]), 4, /must be UTF-8/],
  ["an overlong slash", Buffer.concat([Buffer.from(`${good}tier: `), Buffer.from([0xc0, 0xaf, 0x0a])]), 4, /must be UTF-8/],
  ["UTF-16", Buffer.from(`\ufeff${good}`, "utf16le"), 1, /UTF-16/],
  ["UTF-16, the other way round", Buffer.from(`\ufeff${good}`, "utf16le").swap16(), 1, /UTF-16/],
  ["UTF-32", Buffer.from([0xff, 0xfe, 0, 0, 0x6f, 0, 0, 0]), 1, /must be UTF-8/],
  ["gzip", Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0]), 1, /control characters|UTF-8/],
  ["10 MB", "# x\n".repeat(2_500_000), "file", /is 10000000 bytes/],
  ["10 MB of zeros", Buffer.alloc(10_000_000), "file", /is 10000000 bytes/],
];

/** Otherwise good, and read as what they say: the mark and the line ends are what Windows' editors write, and no value depends on them. */
const accepted: readonly (readonly [name: string, content: string | Buffer])[] = [
  ["a byte order mark", `\ufeff${good}`],
  ["CRLF", good.replace(/\n/g, "\r\n")],
  ["both", `\ufeff${good.replace(/\n/g, "\r\n")}`],
  ["a line that begins the document and one that ends it", `---\n${good}...\n`],
  ["JSON", '{"owner": "a@example.com", "description": "A tenant", "keys": ["2026-11"]}'],
  ["no newline at the end", good.trimEnd()],
  ["comments and empty lines up to the limit", `${good}${"# x\n".repeat((most - good.length) / 4)}`],
  ["a folded text", good.replace("A tenant", ">-\n  A\n  tenant")],
];

const root = fs.mkdtempSync(path.join(os.tmpdir(), "tenantstack-hostile-"));
afterAll(() => fs.rmSync(root, { recursive: true, force: true }));
let count = 0;

/** A folder of tenants with these entries; a function makes its own. */
function folder(files: Readonly<Record<string, string | Buffer | ((file: string) => void)>>): string {
  const name = `cell-${count++}`;
  fs.mkdirSync(path.join(root, name));
  for (const [file, content] of Object.entries(files)) {
    const place = path.join(root, name, file);
    if (typeof content === "function") content(place);
    else fs.writeFileSync(place, content);
  }
  return name;
}

/** What loading a folder reports, within a second of processor. */
function problemsOf(name: string): readonly Problem[] {
  const began = process.cpuUsage();
  try {
    loadTenants(name, { projectRoot: root });
    return [];
  } catch (error) {
    if (error instanceof InputError) return error.problems;
    throw error;
  } finally {
    expect(process.cpuUsage(began).user / 1e6).toBeLessThan(1);
  }
}

/** Whether objects still know only what the language gave them. */
const pollution = () => [({} as Record<string, unknown>).admin, Object.keys(Object.prototype), ({} as Record<string, unknown>).metrics];

afterEach(() => expect(pollution()).toEqual([undefined, [], undefined]));

test.each(refused)("%s is refused", (_name, content, line, says) => {
  const cell = folder({ "prod.yaml": content });
  const problems = problemsOf(cell);
  expect(problems.flatMap(unclear)).toEqual([]);
  expect(problems.map((problem) => `${problem.file}:${problem.line}`)).toContain(`${cell}/prod.yaml:${line === "file" ? 0 : line}`);
  expect(report(problems)).toMatch(says);
  // A person reads it to its end.
  expect(report(problems).split("\n").length).toBeLessThan(400);
});

test.each(accepted)("%s is read as what it says", (_name, content) => {
  const plain = loadTenants(folder({ "prod.yaml": good }), { projectRoot: root }).tenants[0];
  const [tenant] = loadTenants(folder({ "prod.yaml": content }), { projectRoot: root }).tenants;
  expect({ ...tenant, file: "" }).toEqual({ ...plain, file: "" });
});

const link = (to: string) => (file: string) => fs.symlinkSync(to, file);
/** Entries of the folder beside a good file: the entry that is reported, and what is said of it. */
const entries: readonly (readonly [name: string, file: string, make: string | ((file: string) => void), says: RegExp])[] = [
  ["a folder named like a file", "shop.yaml", (file) => fs.mkdirSync(file), /is a folder/],
  ["a link to itself", "shop.yaml", link("shop.yaml"), /is a link to itself/],
  ["a link to a folder", "shop.yaml", link("."), /is a folder/],
  ["a link to nothing", "shop.yaml", link("gone"), /does not exist/],
  ["a device that never ends", "shop.yaml", link("/dev/zero"), /is no file/],
  ["a pipe that nobody writes to", "shop.yaml", link("/proc/self/fd/0"), /./],
  ["upper case", "Shop.yaml", good, /no good name/],
  ["upper case of the ending", "shop.YAML", good, /must end in \.yaml/],
  ["the other ending", "shop.yml", good, /must end in \.yaml/],
  ["a space", "my shop.yaml", good, /no good name/],
  ["a space at the end", "shop .yaml", good, /no good name/],
  ["a letter of another script that looks alike", "sh\u043ep.yaml", good, /no good name/],
  ["an accent", "caf\u00e9.yaml", good, /no good name/],
  ["an accent in two characters", "cafe\u0301.yaml", good, /no good name/],
  ["a right-to-left mark", "shop\u202egnp.yaml", good, /no good name/],
  ["a line end and an escape", "shop\n\u001b[2J.yaml", good, /no good name/],
  ["a dot", "a.b.yaml", good, /no good name/],
  ["nothing but the ending behind a name", "shop.yaml.yaml", good, /no good name/],
  ["a name of 200 letters", `${"a".repeat(200)}.yaml`, good, /no good name/],
  ["a storage id", "prod--2.yaml", good, /two hyphens/],
  ["__proto__", "__proto__.yaml", good, /no good name/],
  ["a hyphen at the front", "-rf.yaml", good, /no good name/],
];

test.each(entries)("a file of tenants that is or has %s", (_name, file, make, says) => {
  const cell = folder({ "prod.yaml": good, [file]: make });
  const problems = problemsOf(cell);
  expect(problems.flatMap(unclear)).toEqual([]);
  expect(problems).toHaveLength(1);
  expect(problems[0]?.file).toContain(`${cell}/`);
  expect(report(problems)).toMatch(says);
});

// Root may read everything.
(process.getuid?.() === 0 ? test.skip : test)("a file that may not be read", () => {
  const cell = folder({ "prod.yaml": good });
  fs.chmodSync(path.join(root, cell, "prod.yaml"), 0);
  expect(report(problemsOf(cell))).toMatch(/may not be read/);
});

test.each(refused.filter(([, content, line]) => typeof content === "string" && content.length < most && line !== "file"))(
  "%s as settings is refused",
  (_name, content) => {
    const began = process.cpuUsage();
    expect(() => parseSettingsFile(String(content), "dev")).toThrow(InputError);
    expect(process.cpuUsage(began).user / 1e6).toBeLessThan(1);
  },
);
