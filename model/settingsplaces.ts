import path from "node:path";
import { readDocument } from "./document";
import type { SourceDocument } from "./document";
import { valueAt } from "./fieldwalk";
import type { Fault, Path } from "./fieldwalk";
import { readText } from "./files";
import { InputError } from "./problem";
import { parseSettings, settingsNamespace } from "./settings";
import type { Settings } from "./settings";

/**
 * The file of a stack's settings, for the lines in reports. The engine hands settings over without their places, and takes them from elsewhere too
 * (`--config-file`, an environment), so a place counts only where the file says what was handed over.
 */
export interface SettingsSource {
  /** 1-based; undefined where the file does not say this. `handed` is the whole setting, as the engine gave it. */
  place(fault: Fault, handed: unknown): { line: number; column: number } | undefined;
}

/** Of the text of `Pulumi.<stack>.yaml`. Undefined when it is no plain YAML: the engine takes more than that. */
export function settingsSource(document: SourceDocument): SettingsSource | undefined {
  if (document.problems.length > 0) return undefined;
  return {
    place: (fault, handed) => {
      const [key = "", ...rest] = fault.path;
      const here = [`${settingsNamespace}:${key}`, String(key)].find((name) => valueAt(document.value, ["config", name]) !== undefined);
      const top: Path = ["config", here ?? `${settingsNamespace}:${key}`];
      if (plainText(valueAt(document.value, top)) !== plainText(handed)) return undefined;
      const { line, column } = document.locate({ ...fault, path: [...top, ...rest] });
      return { line, column };
    },
  };
}

/** Of the file itself; undefined as well when there is none. */
export function readSettingsSource(projectRoot: string, stack: string): SettingsSource | undefined {
  const file = `Pulumi.${stack}.yaml`;
  if (!/^[\w.-]+$/.test(stack)) return undefined;
  const source = readText(path.join(projectRoot, file), file);
  return "text" in source ? settingsSource(readDocument(file, source.text)) : undefined;
}

/** The settings of a stack out of the text of its file, without the engine: secrets in it stay closed. Throws `InputError` with the line of every problem. */
export function parseSettingsFile(text: string, stack: string): Settings {
  const document = readDocument(`Pulumi.${stack}.yaml`, text);
  if (document.problems.length > 0) throw new InputError(document.problems);
  const config = valueAt(document.value, ["config"]) ?? {};
  if (typeof config !== "object" || Array.isArray(config)) {
    const rule = "must be a group of settings";
    const remedy = `Write below it for example ${settingsNamespace}:zone: obs.example.com`;
    throw new InputError([document.locate({ path: ["config"], at: "value", rule, remedy })]);
  }
  return parseSettings(config as Record<string, unknown>, stack, settingsSource(document));
}

/** The same for a group and its JSON text, and for `3` and `"3"`: the engine turns one into the other. */
function plainText(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") {
    if (!/^[{[]/.test(value)) return value;
    try {
      return plainText(JSON.parse(value) as unknown);
    } catch {
      return value;
    }
  }
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value !== "object") return "";
  const members = Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}:${JSON.stringify(plainText(one))}`);
  return `{${members.sort().join(",")}}`;
}
