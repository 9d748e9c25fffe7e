import { parse } from "yaml";
import { toPlainYaml } from "../../model/plainyaml";

/** The library is the judge: what it reads, under both versions of YAML, is what was written. */
const read = (text: string, version: "1.1" | "1.2") => parse(text, { version, strict: true, uniqueKeys: true }) as unknown;
const agrees = (value: unknown) => {
  const text = toPlainYaml(value);
  for (const version of ["1.1", "1.2"] as const) expect([text, read(text, version)]).toEqual([text, value]);
  return text;
};

const words = ["no", "y", "On", "null", "~", "1e3", "0x1", "2026-11-26", "", " x ", "a: b", "- a", "#", "@type", "é", "\u2028", "\t", "a\nb\n", "a\n\n b\nc\n", "\na\n", " a\n", "a \n", "a\n\n", "a\r\nb\n", "x".repeat(200), `${"y ".repeat(80)}\nz\n`, '"', "\\d+", "{", "|", "<<", "=", "12:30:45", "0o7", "+1", ".5", ".inf"]; // prettier-ignore

/** A reproducible tree of what configurations hold, and of what they should better not hold. */
function tree(seed: number): unknown {
  let state = seed;
  const next = (below: number) => (state = (state * 1103515245 + 12345) % 2147483648) % below;
  const word = () => words[next(words.length)] ?? "";
  const value = (depth: number): unknown => {
    switch (next(depth > 4 ? 4 : 7)) {
      case 0: return next(1_000_000) - 500_000;
      case 1: return [true, false, null, 1.5, -0.25, 1e21, 0][next(7)];
      case 2: case 3: return word();
      case 4: return Array.from({ length: next(5) }, () => value(depth + 1));
      default: return Object.fromEntries(Array.from({ length: next(6) }, () => [next(3) ? `k${next(9)}` : word(), value(depth + 1)]));
    }
  }; // prettier-ignore
  return value(0);
}

test("whatever is written is read back the same", () => {
  for (let seed = 1; seed <= 250; seed++) agrees(tree(seed * 7919));
  for (const word of words) for (const value of [word, { [word]: word }, [[word]], { a: [{ [word]: [word, { b: word }] }] }]) agrees(value);
});

test("short parts stand on one line, long ones are spread, texts of several lines are blocks, keys are sorted, undefined is left out", () => {
  const long = "x".repeat(90);
  expect(toPlainYaml({ z: undefined, b: { no: 1, "@type": "t", a: [1, 2] }, list: [{ long, more: long }, "s"], text: "one\n\n  two\n", a: [] }))
    .toBe(`a: []
b: {"@type": "t", a: [1, 2], "no": 1}
list:
  - long: "${long}"
    more: "${long}"
  - "s"
text: |
  one

    two
`); // prettier-ignore
});
