import type { Random } from "./random";
import { changed, changedEntry, entryAt, shuffled, write, type Entry } from "./tree";
import { wrongFor, wrongItems, type Field } from "./wrong";

/** A file with one thing wrong in it, and where. */
export interface Mutant {
  readonly about: string;
  readonly text: string;
  /** The line that must be reported. */
  readonly line: number;
  /** The key that the report must name, where the file can still be read as YAML. */
  readonly path: string | undefined;
}

/** What mutations know of the file: fields of its schema, and its entries, already in the order they will be written in. */
interface Scene {
  readonly fields: readonly Field[];
  readonly entries: readonly Entry[];
  readonly random: Random;
  /** Keys in front of the fields, in the file: of settings `config`. */
  readonly above: readonly string[];
  /** What stands in front of a top-level key. */
  readonly prefix: string;
  /** What is wrong for a field; `wrongFor` unless it is given. */
  readonly wrong?: (field: Field) => readonly string[];
}

type Mutation = (scene: Scene) => { about: string; entries: readonly Entry[]; path?: string; edit?: Edit } | undefined;
/** Changes the text of the marked line after writing. */
type Edit = (line: string) => string;

const mark = "here";
const marked = (entry: Entry): Entry => ({ ...entry, mark });

/** Where a field stands in the file. */
function placeOf({ above, prefix }: Scene, path: readonly string[]): string[] {
  return [...above, ...path.map((key, index) => (index === 0 ? prefix + key : key))];
}

function present(scene: Scene, wanted: (field: Field) => boolean = () => true): Field | undefined {
  const there = scene.fields.filter((field) => wanted(field) && entryAt(scene.entries, placeOf(scene, field.path)) !== undefined);
  return there.length === 0 ? undefined : scene.random.pick(there);
}

/** A group that is there, the whole file among them. */
function someGroup(scene: Scene): { path: readonly string[]; known: readonly string[] } {
  const groups = scene.fields.filter((field) => field.info.type === "group" && entryAt(scene.entries, placeOf(scene, field.path))?.entries);
  const { path } = scene.random.pick([{ path: [] as readonly string[] }, ...groups]);
  const known = scene.fields.filter(
    (field) => field.path.length === path.length + 1 && path.every((key, index) => field.path[index] === key),
  );
  return { path, known: known.map((field) => field.path.at(-1) ?? "") };
}

/** A slip of the finger. */
export function typo(word: string, random: Random): string {
  const at = random.below(word.length - 1);
  const slips = [
    word.slice(0, at) + word.slice(at + 1),
    word.slice(0, at) + (word[at + 1] ?? "") + (word[at] ?? "") + word.slice(at + 2),
    word.slice(0, at) + (word[at] ?? "") + word.slice(at),
    word.slice(0, at) + "x" + word.slice(at + 1),
    word.toUpperCase(),
    word[0]?.toUpperCase() + word.slice(1),
    word.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
  ];
  return random.pick(slips);
}

/** Somewhere in a group. */
function inserted(scene: Scene, path: readonly string[], entry: Entry): readonly Entry[] {
  return changed(scene.entries, path, (group) => {
    const at = scene.random.below(group.length + 1);
    return [...group.slice(0, at), entry, ...group.slice(at)];
  });
}

const strangeKeys = [
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "prototype",
  "length",
  "valueOf",
  '"a b"',
  '"a.b"',
  '"[0]"',
  '"ключ"',
];
const strangeValues = ["12", "text", "", "[a]", "{a: b}", "[{constructor: {prototype: {a: b}}}]", "{__proto__: {admin: true}}"];

const unknownKey: Mutation = (scene) => {
  const { random } = scene;
  const { path, known } = someGroup(scene);
  const elsewhere = random.pick(scene.fields).path;
  const name = random.pick([
    () => typo(random.pick(known), random),
    () => typo(random.pick(known), random),
    () => elsewhere.at(-1) ?? "",
    // As some tools spell a key below another: it must not be taken for the key itself.
    () => `"${[...elsewhere.slice(0, -1), elsewhere.at(-1)].join(".")}"`,
    () => random.pick(strangeKeys),
    () => `"${"k".repeat(300)}"`,
  ])();
  const bare = name.replace(/"/g, "");
  // A number or a capital at the front of a group's own line may still be a known key.
  if (known.includes(bare) || bare === "") return undefined;
  const key = path.length === 0 ? name.replace(/^("?)/, `$1${scene.prefix}`) : name;
  const place = placeOf(scene, path);
  const entries = inserted(
    scene,
    place.length === 0 ? [] : path.length === 0 ? scene.above : place,
    marked({ key, raw: random.pick(strangeValues) }),
  );
  return { about: `unknown key ${bare.slice(0, 60)} in ${path.join(".") || "the file"}`, entries, path: [...path, bare].join(".") };
};

/** A field that is there with a wrong value; which one, the field's type says unless it is given. */
export const wrongValueOf =
  (given?: string): Mutation =>
  (scene) => {
    const field = present(scene);
    if (field === undefined) return undefined;
    const raw = given ?? scene.random.pick((scene.wrong ?? wrongFor)(field));
    const entries = changedEntry(scene.entries, placeOf(scene, field.path), ({ key }) => [marked({ key, raw })]);
    return { about: `${field.path.join(".")}: ${raw.slice(0, 60)}`, entries, path: field.path.join(".") };
  };

const wrongValue = wrongValueOf();

/** A field that the good file left out, and with a wrong value. */
const wrongNewField: Mutation = (scene) => {
  const missing = scene.fields.filter(
    ({ path }) =>
      entryAt(scene.entries, placeOf(scene, path)) === undefined &&
      (path.length === 1 || entryAt(scene.entries, placeOf(scene, path.slice(0, -1)))?.entries !== undefined),
  );
  if (missing.length === 0) return undefined;
  const field = scene.random.pick(missing);
  const raw = scene.random.pick((scene.wrong ?? wrongFor)(field));
  const place = placeOf(scene, field.path);
  const entries = inserted(scene, place.slice(0, -1), marked({ key: place.at(-1) ?? "", raw }));
  return { about: `added ${field.path.join(".")}: ${raw.slice(0, 60)}`, entries, path: field.path.join(".") };
};

const wrongItem: Mutation = (scene) => {
  const field = present(scene, ({ info }) => info.type.startsWith("list"));
  if (field === undefined) return undefined;
  const { random } = scene;
  const entries = changedEntry(scene.entries, placeOf(scene, field.path), (entry) => {
    const items = entry.items ?? [];
    const at = random.below(items.length + 1);
    const raw = at > 0 && random.chance(0.3) ? (items[0] ?? "{}") : random.pick(wrongItems);
    return [{ ...marked(entry), items: [...items.slice(0, at), raw, ...items.slice(at)], markedItem: at }];
  });
  return { about: `an item of ${field.path.join(".")}`, entries, path: field.path.join(".") };
};

const missingKey: Mutation = (scene) => {
  const field = present(scene, ({ isOptional }) => !isOptional);
  if (field === undefined) return undefined;
  const place = placeOf(scene, field.path);
  const removed = changedEntry(scene.entries, place, () => []);
  const parent = place.slice(0, -1);
  const first = removed[0]?.key;
  // Of a key that is gone the group is told, of one of the file the line that the file begins in.
  const at = parent.length > 0 ? parent : first === undefined ? undefined : [first];
  if (at === undefined) return undefined;
  return {
    about: `no ${field.path.join(".")}`,
    entries: changedEntry(removed, at, (entry) => [marked(entry)]),
    path: field.path.join("."),
  };
};

const doubleKey: Mutation = (scene) => {
  const field = present(scene);
  if (field === undefined) return undefined;
  const place = placeOf(scene, field.path);
  const entries = changed(scene.entries, place.slice(0, -1), (group) => {
    const at = group.findIndex((entry) => entry.key === place.at(-1));
    const again = group[at] as Entry;
    const later = at + 1 + scene.random.below(group.length - at);
    return [...group.slice(0, later), marked(scene.random.chance(0.5) ? again : { key: again.key, raw: "" }), ...group.slice(later)];
  });
  return { about: `${field.path.join(".")} twice`, entries, path: field.path.join(".") };
};

/** Forms of YAML that are not plain: each changes the marked line. */
const forms: Readonly<Record<string, Edit>> = {
  anchor: (line) => line.replace(/: ?/, ": &a "),
  tag: (line) => line.replace(/: ?/, ": !!str "),
  "language tag": (line) => line.replace(/: ?/, ": !!js/function "),
  "local tag": (line) => line.replace(/: ?/, ": !x "),
  alias: (line) => line.replace(/:.*$/, ": *a"),
  "anchor of a key": (line) => line.replace(/^( *)/, "$1&a "),
  "tag of a key": (line) => line.replace(/^( *)/, "$1!!str "),
  "merge key": (line) => line.replace(/^( *).*$/, "$1<<: {tier: small}"),
  "a number as key": (line) => line.replace(/^( *).*$/, "$112: x"),
  "a word of YAML as key": (line) => line.replace(/^( *).*$/, "$1true: x"),
  "a list as key": (line) => line.replace(/^( *).*$/, "$1[a, b]: x"),
  "a tab": (line) => `\t${line}`,
  "a control character": (line) => `${line} # \u0007`,
  NUL: (line) => line.replace(/:/, ":\u0000"),
  "no colon": (line) => line.replace(/:.*$/, ""),
  "no space behind the colon": (line) => line.replace(/: .*$/, ":x"),
  "a percent sign": (line) => line.replace(/: .*$/, ": %x"),
  "an at sign": (line) => line.replace(/: .*$/, ": @x"),
  "a backquote": (line) => line.replace(/: .*$/, ": `x`"),
  "a bracket left open": (line) => line.replace(/: .*$/, ": [a"),
  "a brace left open": (line) => line.replace(/: .*$/, ": {a: b"),
  "a quote left open": (line) => line.replace(/: .*$/, ': "a'),
  "a bracket too many": (line) => line.replace(/: .*$/, ": [a]]"),
  "a second document": (line) => `--- ${line}`,
  "two keys on a line": (line) => line.replace(/: .*$/, ": a b: c"),
  "an unknown escape": (line) => line.replace(/: .*$/, ': "\\q"'),
};

const notPlain: Mutation = (scene) => {
  // At the top and with a scalar: the line is this key's alone.
  const group =
    scene.above.length === 0 ? ({ key: "", entries: scene.entries } satisfies Entry as Entry) : entryAt(scene.entries, scene.above);
  const there = group?.inFlow === true ? [] : (group?.entries ?? []).filter((entry) => entry.raw !== undefined);
  if (there.length === 0) return undefined;
  const at = [...scene.above, scene.random.pick(there).key];
  // Below another key the parser says of a word without a colon only that the next line does not fit.
  const [about, edit] = scene.random.pick(
    Object.entries(forms).filter(([form]) => scene.above.length === 0 || !/^no (colon|space)/.test(form)),
  );
  return { about: `${about} at ${at.join(".")}`, entries: changedEntry(scene.entries, at, (entry) => [marked(entry)]), edit };
};

/** How often each kind is made: what is wrong in a file that is good YAML, and everything. */
export const schemaMutations: readonly Mutation[] = [
  unknownKey,
  unknownKey,
  wrongValue,
  wrongValue,
  wrongValue,
  wrongNewField,
  wrongItem,
  missingKey,
];
export const fileMutations: readonly Mutation[] = [...schemaMutations, doubleKey, notPlain, notPlain];

/** One mutant of a good file. */
export function mutate(scene: Scene & { readonly mutations: readonly Mutation[] }): Mutant {
  const { random } = scene;
  for (;;) {
    const entries = shuffled(scene.entries, random);
    const made = random.pick(scene.mutations)({ ...scene, entries });
    if (made === undefined) continue;
    const { text, lines } = write(made.entries, random);
    const line = lines.get(mark);
    if (line === undefined) throw new Error(`${made.about}: the mutated entry was not written`);
    const path = made.path;
    if (made.edit === undefined) return { about: made.about, text, line, path };
    const all = text.split("\n");
    all[line - 1] = made.edit((all[line - 1] ?? "").replace(/\r$/, "").replace(/ # see the wiki$/, ""));
    return { about: made.about, text: all.join("\n"), line, path };
  }
}
