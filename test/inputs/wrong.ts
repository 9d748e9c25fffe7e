import type { FieldInfo } from "../../model/fields";
import { eachField } from "../../model/fieldwalk";
import type { z } from "zod";

/** A field of a schema, as the schema tells of it. */
export interface Field {
  readonly path: readonly string[];
  readonly info: FieldInfo;
  readonly isOptional: boolean;
}

/** All fields of a schema, groups too. */
export function fieldsOf(schema: z.ZodType): Field[] {
  const fields: Field[] = [];
  eachField(schema, (path, info, isOptional) => fields.push({ path, info, isOptional }));
  return fields;
}

const long = (length: number) => `"${"x".repeat(length)}"`;
const notText = ["[a]", "{a: b}", "[[[]]]", "{a: {b: {c: d}}}"];
const notScalar = ["", "null", "~", ...notText];
/** Escapes: in a quoted text they are the characters themselves, which the raw text must not hold. */
const invisible = ['"a\\u0007b"', '"a\\nb: c"', '"\\x1b[2Ja"', '"a\\u2028b"', '"\\0"'];

const notNumber = [
  ...notScalar,
  ...["true", "abc", '""', '"1 000"', '"1,000"', "1_000", "5m", "5X", "-1", "-5k", "0", "0k", ".nan", ".NaN", ".inf", "-.inf"],
  ...["1e400", "1e-7", "1e30", '"1e3"', "99999999999999999999", `${"9".repeat(400)}`, "9999999G", "2026-11-01", "12:30:45", "1/2", "k"],
  ...[long(5000), '"                                1 !"', '"0x10"', '"+5"', "٣", "１２"],
];
const notWhole = [...notNumber, "1.5", "0.1", "1.0000001k"];
const notName = [
  "Shop.Example",
  "localhost",
  "a..b",
  ".a.b",
  "a.b.",
  "-a.example",
  "a-.example",
  "a_b.example",
  '"*.a.example"',
  "a.example:80",
];
const moreNotName = [
  "https://a.example",
  "a.example/x",
  `${"a".repeat(64)}.example`,
  `${"a.".repeat(100)}example`,
  "bücher.example",
  "10.0.0.1",
];
const notDate = [
  "2027-02-30",
  "2027-13-01",
  "2027-1-1",
  "27-01-31",
  "01/31/2027",
  "2027-01-31T00:00:00Z",
  "20270131",
  "1999-01-31",
  "tomorrow",
];
const notEmpty = [...notScalar, '""', long(5000), '" lead"', ...invisible];

/**
 * Text that is wrong behind the key of a field of each type, as the field's information names the type. Values depend on the type alone, so that
 * they are wrong however a field is made; a type without an entry here fails the tests.
 */
const wrongByType: Readonly<Record<string, readonly string[]>> = {
  group: ["", "null", "text", "12", "true", "[]", "[a]", "[{a: b}]", '""', long(5000)],
  count: [...notWhole, "1.1G", "2000000k", "1000000001"],
  number: [...notNumber, "2M", "1000001"],
  bytes: [...notWhole, "1", "50k", "200T", "900000G", "5MB", "5Mi"],
  duration: [
    ...notScalar,
    "5",
    "0d",
    "-1d",
    "30s",
    "1.5d",
    "20000d",
    "3M",
    "1y",
    "1m",
    "90 days",
    "d",
    "true",
    "999999999d",
    "P30D",
    '""',
    long(5000),
  ],
  text: [...notEmpty, "12", "true", "-1", "0x10", ".nan"],
  "e-mail": [
    ...notEmpty,
    "12",
    "shop",
    "a@b",
    '"@example.com"',
    "a@",
    "a@@example.com",
    "a b@example.com",
    "a@example..com",
    "a@-example.com",
    "mailto:a@example.com?x",
  ],
  "DNS name": [...notEmpty, "12", ...notName, ...moreNotName],
  list: [...listsOf([], "a b\\u0007")],
  "list of months": [...listsOf(["2026-13", "2026-00", "2026-1", "26-11", "2026-11-01", "1999-11", "2026", "november"], "2026-11")],
  network: [
    ...notEmpty,
    "12",
    "10.0.0.1/16",
    "10.0.0.0/8",
    "10.0.0.0",
    "8.8.0.0/16",
    "10.256.0.0/16",
    "fd00::/16",
    "10.0.0.0/16/16",
    "010.0.0.0/33",
  ],
  date: [...notEmpty, "12", "true", ...notDate],
  "true or false": [...notScalar, "yes", "no", "on", "off", "y", "1", "0", '"true"', "TRUE1", "maybe"],
};

function listsOf(items: readonly string[], good: string): string[] {
  const many = Array.from({ length: 1200 }, (_, index) => `x${index}`).join(", ");
  return [
    "",
    "null",
    "text",
    "12",
    "true",
    "{}",
    "{a: b}",
    `[${many}]`,
    ...[...items, "{}", "[]", "", "null", "12", '""', long(5000)].map((item) => `[${item === "" ? "null" : item}]`),
    `["${good}", "${good}"]`,
  ];
}

/** Items that no list takes. */
export const wrongItems = ["{}", "[]", "null", "12", "1.5", "true", '""', long(5000), "{a: b}", "[a, b]", ...invisible];

/** What is wrong behind the key of this field. */
export function wrongFor(field: Field): readonly string[] {
  const { type } = field.info;
  // A choice names its words.
  if (type.startsWith("`"))
    return [...notEmpty, "12", "true", "smal1", "Medium.", "MEDIUM", "medium large", "0", "nothing-like-it", "constructor", "__proto__"];
  const wrong = wrongByType[type];
  if (wrong === undefined)
    throw new Error(`say in test/inputs/wrong.ts what is wrong for fields of type ${type} (${field.path.join(".")})`);
  return wrong;
}
