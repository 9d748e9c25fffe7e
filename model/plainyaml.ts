/**
 * YAML for large generated files: what fits on a line stands on one, the rest is spread, keys are sorted. It is a hundredth of the work of a general
 * writer (a gateway's routes took a quarter of the program's time with a thousand tenants) and two thirds of the text, and a diff shows the
 * line that changed. Strings are quoted as in JSON, which is YAML, so nothing can be taken for a boolean or a number. Undefined values are left out.
 */
export function toPlainYaml(value: unknown): string {
  return `${spread(value, "")}\n`;
}

/** Columns of a value that stays on one line. */
const longest = 100;

type Fields = Readonly<Record<string, unknown>>;

function entriesOf(map: Fields): [string, unknown][] {
  const names = Object.keys(map).filter((name) => map[name] !== undefined);
  return names.sort().map((name) => [name, map[name]]);
}

/** The value in flow style, or undefined when that is too long or has a text of several lines in it. */
function line(value: unknown, room = longest): string | undefined {
  let text: string;
  if (Array.isArray(value)) {
    const parts: string[] = [];
    let left = room - 2;
    for (const one of value) {
      const part = left < 0 ? undefined : line(one, left);
      if (part === undefined) return undefined;
      left -= part.length + 2;
      parts.push(part);
    }
    text = `[${parts.join(", ")}]`;
  } else if (value !== null && typeof value === "object") {
    const parts: string[] = [];
    let left = room - 2;
    for (const [name, one] of entriesOf(value as Fields)) {
      const before = `${keyText(name)}: `;
      const part = left < 0 ? undefined : line(one, left - before.length);
      if (part === undefined) return undefined;
      left -= before.length + part.length + 2;
      parts.push(before + part);
    }
    text = `{${parts.join(", ")}}`;
  } else {
    if (typeof value === "string" && (value.length > room || value.includes("\n"))) return undefined;
    text = JSON.stringify(value);
  }
  return text.length <= room ? text : undefined;
}

const plainName = /^[a-z][a-z0-9_]*$/i;
const otherThanText = /^(y|n|yes|no|on|off|true|false|null)$/i;
/** Configurations have a few hundred names, over and over. */
const keyTexts = new Map<string, string>();

/** Names that YAML reads as something else, or that begin with a sign of its own, are quoted. */
function keyText(name: string): string {
  let text = keyTexts.get(name);
  if (text === undefined) {
    text = plainName.test(name) && !otherThanText.test(name) ? name : JSON.stringify(name);
    if (keyTexts.size < 10_000) keyTexts.set(name, text);
  }
  return text;
}

/** The value over several lines, of which the first stands where the caller is and the others begin with `indent`. */
function spread(value: unknown, indent: string): string {
  return line(value) ?? lines(value, indent);
}

function lines(value: unknown, indent: string): string {
  if (Array.isArray(value)) return value.map((one) => `- ${spread(one, `${indent}  `)}`).join(`\n${indent}`);
  if (value !== null && typeof value === "object")
    return entriesOf(value as Fields)
      .map(([name, one]) => `${keyText(name)}:${below(one, `${indent}  `)}`)
      .join(`\n${indent}`);
  return JSON.stringify(value);
}

/** A value after its key: on the same line, or below it. */
function below(value: unknown, indent: string): string {
  const flow = line(value);
  if (flow !== undefined) return ` ${flow}`;
  if (typeof value !== "string") return `\n${indent}${lines(value, indent)}`;
  return isBlock(value) ? ` |\n${indent}${value.slice(0, -1).replace(/\n(?!\n)/g, `\n${indent}`)}` : ` ${JSON.stringify(value)}`;
}

/** Texts that a literal block gives back as they are: one newline at the end, no space at the ends of lines or before the first, plain characters. */
function isBlock(text: string): boolean {
  return /^[!-~](?:[ -~]*[!-~])?\n(?:(?:[ -~]*[!-~])?\n)*$/.test(text) && !text.endsWith("\n\n");
}
