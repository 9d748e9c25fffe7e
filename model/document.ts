import { isAlias, isMap, isScalar, isSeq, Composer, Lexer, LineCounter, Parser, visit, YAMLParseError } from "yaml";
import type { CST, Document as YamlDocument, Node, Pair, ParsedNode, Scalar, YAMLError, YAMLMap } from "yaml";
import type { Fault, Path } from "./fieldwalk";
import type { Problem } from "./problem";

/** A YAML text as plain values, and where each of them stands. */
export interface SourceDocument {
  /** Objects without prototype, lists and scalars. */
  readonly value: unknown;
  /** What makes the text unreadable as plain YAML; `value` means nothing then. */
  readonly problems: readonly Problem[];
  /** Puts file, line, column and the value as written to a fault. */
  locate(fault: Fault): Problem;
}

interface Place {
  readonly key: number;
  readonly value: number;
  readonly written: string;
}

/** Of syntax in one file: what comes after them follows from them more often than not. */
const mostErrors = 20;
/** Levels of YAML's grammar, about two for each group or list: a tenant file nests three. */
const deepest = 50;
/** A thousand revoked tokens are three thousand, with the marks that the lexer adds. */
const mostWords = 10_000;
const tooDeep = ["is nested too deep", "Remove brackets; a tenant file nests three levels at most"] as const;
const composing = { prettyErrors: false, version: "1.2", uniqueKeys: false } as const;
const mendLine = "Mend the line; a key, a colon, a space and a value is all a line needs";

/** `keys[1]`, `limits.metrics.activeSeries`. */
export function pathText(path: Path): string {
  return path.map((step, index) => (typeof step === "number" ? `[${step}]` : `${index === 0 ? "" : "."}${step}`)).join("");
}

/** One for each place: as text `a.b` is both a key of that name and key `b` of group `a`. */
function placeKey(path: Path): string {
  return path.join("\u0000");
}

/** At most so many characters on one line; a token that was pasted whole is not repeated. */
export function shorten(written: string, most = 60): string {
  if (/eyJ[A-Za-z0-9_-]{20}/.test(written)) return "(a whole token)";

  const line = written.replace(/[\s\p{C}]+/gu, " ").trim();
  return line.length > most ? `${line.slice(0, most - 3)}...` : line;
}

/** Reads one plain YAML 1.2 document: no aliases, no tags, no second document. Never throws. */
export function readDocument(file: string, text: string): SourceDocument {
  return new Reader(file, text).read();
}

class Reader {
  private readonly lines = new LineCounter();
  /** By `placeKey`. */
  private readonly places = new Map<string, Place>();
  private readonly problems: Problem[] = [];
  private start = 0;

  public constructor(
    private readonly file: string,
    private readonly text: string,
  ) {}

  public read(): SourceDocument {
    let value: unknown;
    try {
      value = this.parse();
    } catch (error) {
      // The parser's own defects must not end a run that has other files to report on.
      this.add(0, "", "", "cannot be read as YAML", `Simplify the file (${error instanceof Error ? error.message : String(error)})`);
    }
    return { value, problems: this.problems, locate: (fault) => this.locate(fault) };
  }

  private parse(): unknown {
    const doc = this.compose();
    if (doc === undefined) return undefined;
    // A file of one word, and what the parser did not expect behind it: its key lacks the colon or the space.
    if (doc.errors.length > 0 && isScalar(doc.contents) && doc.contents.type === "PLAIN" && doc.contents.source !== "")
      this.addWord(doc.contents.range[0]);
    else for (const error of doc.errors.slice(0, mostErrors)) this.addSyntax(error, doc);
    if (this.problems.length > 0) return undefined;
    if (doc.directives.yaml.explicit || /^%/m.test(this.text.slice(0, doc.contents?.range[0] ?? 0))) {
      this.add(0, "", "%", "must not have directives", "Remove the line that begins with %");
    }
    this.start = doc.contents?.range[0] ?? 0;
    return this.plain(doc);
  }

  /** As `parseDocument` of the library, which has no bounds: its composer goes down level by level and keeps an error for every sign. */
  private compose(): YamlDocument.Parsed | undefined {
    const [first, second] = new Composer(composing).compose(this.tokens(), true, this.text.length);
    if (this.problems.length > 0 || first === undefined) return undefined;
    if (second !== undefined) first.errors.push(new YAMLParseError([...second.range].slice(0, 2) as [number, number], "MULTIPLE_DOCS", ""));
    return first;
  }

  private *tokens(): Generator<CST.Token> {
    const parser = new Parser(this.lines.addNewLine);
    this.lines.addNewLine(0);
    let words = 0;
    for (const lexeme of new Lexer().lex(this.text)) {
      if (!/^[ \t\r\n#]/.test(lexeme)) words++;
      yield* parser.next(lexeme);
      const isDeep = parser.stack.length > deepest;
      if (!isDeep && words <= mostWords) continue;
      const [rule, remedy] = isDeep ? tooDeep : [`has more than ${mostWords} words and signs`, "Shorten it; no file here needs as many"];
      return this.add(parser.offset, "", "", rule, remedy);
    }
    yield* parser.end();
  }

  private plain(doc: YamlDocument.Parsed<ParsedNode>): unknown {
    if (doc.contents === null || (isScalar(doc.contents) && doc.contents.value === null)) {
      this.add(0, "", "", "must not be empty", "Run `tenantstack new NAME` to have one written, or copy another file of the folder");
      return undefined;
    }
    return this.visit(doc.contents, [], this.start);
  }

  private visit(node: Node | null, path: Path, key: number): unknown {
    const offset = node?.range?.[0] ?? key;
    const isEmpty = node === null || (isScalar(node) && node.value === null && node.source === "");
    this.places.set(placeKey(path), { key, value: isEmpty ? key : offset, written: this.written(node) });
    if (node === null) return null;
    if (isAlias(node)) return this.refuse(offset, path, this.written(node), "must not be an alias", "Write the value itself");
    if ("anchor" in node && node.anchor !== undefined)
      return this.refuse(offset, path, `&${node.anchor}`, "must not have an anchor", "Remove it and write values where they are used");
    if (node.tag !== undefined)
      return this.refuse(offset, path, node.tag, "must not have a tag", "Remove the tag; put text in quotes instead");
    if (isMap(node)) return this.visitMap(node, path);
    if (isSeq(node))
      return node.items.map((item, index) =>
        this.visit(item as Node | null, [...path, index], (item as Node | null)?.range?.[0] ?? offset),
      );
    return isScalar(node) ? node.value : null;
  }

  private visitMap(node: YAMLMap, path: Path): unknown {
    const result = Object.create(null) as Record<string, unknown>;
    for (const pair of node.items as Pair<Node, Node | null>[]) {
      const offset = pair.key?.range?.[0] ?? node.range?.[0] ?? 0;
      if (!isScalar(pair.key) || typeof pair.key.value !== "string") {
        this.refuse(offset, path, this.written(pair.key), "must have words as keys", "Put the key in quotes or write a known one");
        continue;
      }
      this.visitPair(result, pair.key as Scalar<string>, pair.value, path, offset);
    }
    return result;
  }

  private visitPair(into: Record<string, unknown>, key: Scalar<string>, value: Node | null, path: Path, offset: number): void {
    const here = [...path, key.value];
    if (key.value === "<<") return void this.refuse(offset, here, "", "must not merge other groups", "Write the keys themselves");
    if (key.anchor !== undefined || key.tag !== undefined)
      return void this.refuse(offset, here, "", "must be a plain key", "Remove the anchor or tag");
    if (key.value in into)
      return void this.refuse(offset, here, this.written(value), "must not be there twice", "Remove one of the two lines");
    into[key.value] = this.visit(value, here, offset);
  }

  private written(node: Node | null): string {
    if (node === null || node.range === null || node.range === undefined) return "";
    return isScalar(node) || isAlias(node) ? this.text.slice(node.range[0], node.range[1]) : "";
  }

  private refuse(offset: number, path: Path, value: string, rule: string, remedy: string): undefined {
    this.add(offset, pathText(path), value, rule, remedy);
    return undefined;
  }

  private add(offset: number, path: string, value: string, rule: string, remedy: string): void {
    const { line, col } = this.position(offset);
    this.problems.push({ file: this.file, line, column: col, path: shorten(path), value: shorten(value), rule, remedy });
  }

  private addWord(offset: number): void {
    this.add(offset, "", this.lineAt(offset), "is not YAML: it is no key with a value", mendLine);
  }

  private lineAt(offset: number): string {
    const end = this.text.indexOf("\n", offset);
    return this.text.slice(offset, end === -1 ? undefined : end);
  }

  private addSyntax(error: YAMLError, doc: YamlDocument.Parsed): void {
    const offset = Math.min(opening(error, doc, this.text) ?? error.pos[0], this.text.length);
    if (this.problems.some((problem) => problem.line === this.position(offset).line)) return;
    const [rule, remedy] = syntaxWords(error);
    this.add(offset, "", this.lineAt(offset), rule, remedy);
  }

  private position(offset: number): { line: number; col: number } {
    const at = this.lines.linePos(offset);
    return at.line === 0 ? { line: 1, col: 1 } : at;
  }

  private locate(fault: Fault): Problem {
    const place = this.places.get(placeKey(fault.path));
    const near = place ?? this.nearest(fault.path);
    const { line, col } = this.position(fault.at === "key" || place === undefined ? near.key : near.value);
    const value = fault.at === "key" || place === undefined ? "" : shorten(place.written);
    return { file: this.file, line, column: col, path: shorten(pathText(fault.path)), value, rule: fault.rule, remedy: fault.remedy };
  }

  /** Where something missing would stand: the closest group around it. */
  private nearest(path: Path): Place {
    for (let length = path.length - 1; length > 0; length--) {
      const place = this.places.get(placeKey(path.slice(0, length)));
      if (place !== undefined) return place;
    }
    return { key: this.start, value: this.start, written: "" };
  }
}

/** Where the bracket or quote stands that an error misses the end of: the parser itself tells the place where it gave up, lines below. */
function opening(error: YAMLError, doc: YamlDocument.Parsed, text: string): number | undefined {
  if (!/^(Flow (map|sequence)\b.* end with|Missing closing .quote)/.test(error.message)) return undefined;
  let last: number | undefined;
  visit(doc, {
    Node: (_, node) => {
      const [start, end] = node.range ?? [Infinity, Infinity];
      if (start <= error.pos[0] && isOpen(node, text.slice(start, end))) last = Math.max(last ?? 0, start);
    },
  });
  return last;
}

function isOpen(node: Node, written: string): boolean {
  if (isScalar(node)) return /^["']/.test(written) && (written.length === 1 || written.at(-1) !== written[0]);
  return (isMap(node) || isSeq(node)) && node.flow === true && !written.endsWith(isMap(node) ? "}" : "]");
}

/** YAML's own errors in words for people who do not know its grammar. */
function syntaxWords(error: YAMLError): [rule: string, remedy: string] {
  // It repeats what it found.
  const message = shorten(error.message, 120);
  switch (error.code) {
    case "TAB_AS_INDENT":
      return ["must be indented with spaces, not tabs", "Replace the tab by two spaces"];
    case "MULTIPLE_DOCS":
      return ["must be one document", "Remove the line --- and what follows it; a tenant is a file"];
    case "MISSING_CHAR":
      return [`is not YAML: ${message}`, "Close the quote or bracket, or put the text in quotes"];
    case "BAD_INDENT":
      return [`is not YAML: ${message}`, "Indent keys of one group alike, two spaces deeper than the group's own key"];
    case "BLOCK_AS_IMPLICIT_KEY":
    case "MULTILINE_IMPLICIT_KEY":
      return ["is not YAML: a value on one line holds another `key:`", "Put the value in quotes, or begin a new line before the key"];
    default:
      return [`is not YAML: ${message}`, mendLine];
  }
}
