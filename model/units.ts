/**
 * Quantities and durations as people write them: `500k`, `5M`, `1.5`; `90d`, `24h`, `30m`.
 * Parsers never throw: they return the value or the rule that was broken and what to write instead.
 */

export interface UnitProblem {
  readonly rule: string;
  readonly remedy: string;
}
export type Parsed = { readonly value: number } | UnitProblem;

const powers = { "": 0, k: 3, M: 6, G: 9 } as const;
const quantityShape = /^(\d{1,15})(?:\.(\d{1,6}))?([kMG]?)$/;
const secondsOf = { m: 60, h: 3600, d: 86_400 } as const;
const durationShape = /^(\d{1,9})([mhd])$/;

/** For editors: the JSON schema carries it. */
export const quantityPattern = "^[0-9]{1,15}(\\.[0-9]{1,6})?[kMG]?$";
export const durationPattern = "^[1-9][0-9]{0,8}[mhd]$";

const quantityRule = "must be a number above 0, plain or with one of the decimal units k (thousand), M (million), G (billion)";
const durationRule = "must be a whole number above 0 and one of the units m (minutes), h (hours), d (days)";

/** Reads `500k`, `1.5M`, `4` or a YAML number. Exact: `1.1M` is 1100000. */
export function parseQuantity(input: unknown): Parsed {
  if (typeof input !== "string" && typeof input !== "number") return { rule: quantityRule, remedy: "Write for example 500k" };
  const text = String(input);
  const match = quantityShape.exec(text);
  if (match === null) return { rule: quantityRule, remedy: quantityRemedy(text) };
  const [, whole = "", fraction = "0", unit = ""] = match;
  // The exponent is left to the number parser, which rounds once: 1.1 * 1e6 in floating point is 1100000.0000000002.
  const value = Number(`${whole}.${fraction}e${powers[unit as keyof typeof powers]}`);
  if (value <= 0) return { rule: quantityRule, remedy: "To block a tenant write state: suspended" };
  if (value > Number.MAX_SAFE_INTEGER) return { rule: `must be at most ${Number.MAX_SAFE_INTEGER}`, remedy: "Write a smaller number" };
  return { value };
}

/** What is longer is no slip of a unit, and the patterns below would go over its spaces again and again. */
const mostOfSlip = 40;

function quantityRemedy(text: string): string {
  if (text.length > mostOfSlip) return "Write for example 500k";
  const match = /^\s*([\d.,_ ]*\d)\s*([A-Za-z]*)\s*$/.exec(text);
  if (match === null) return "Write for example 500k";
  const digits = (match[1] ?? "").replace(/[,_ ]/g, "");
  const unit = match[2] ?? "";
  if (unit === "m") return `m reads as milli to some and as million to others: write ${digits}M for millions`;
  const meant = unit === "M" ? "M" : looseUnits[unit.toLowerCase()];
  return meant === undefined ? "Write for example 500k" : `Write ${digits}${meant}`;
}

/** Units as people also write them, in lower case. */
const looseUnits: Readonly<Record<string, string>> = { "": "", k: "k", ki: "k", mi: "M", mn: "M", g: "G", gi: "G", b: "G" };

/** Reads `90d`, `24h`, `30m`; the value is in seconds. A bare number is refused: it would not say of what. */
export function parseDuration(input: unknown): Parsed {
  if (typeof input !== "string" && typeof input !== "number") return { rule: durationRule, remedy: "Write for example 90d" };
  const match = durationShape.exec(String(input));
  const value = match === null ? 0 : Number(match[1]) * secondsOf[match[2] as keyof typeof secondsOf];
  return value > 0 ? { value } : { rule: durationRule, remedy: durationRemedy(String(input)) };
}

function durationRemedy(text: string): string {
  if (text.length > mostOfSlip) return "Write for example 90d";
  const match = /^\s*(\d+)\s*([A-Za-z]*)\s*$/.exec(text);
  if (match === null || Number(match[1]) === 0) return "Write for example 90d";
  const count = Number(match[1]);
  const unit = (match[2] ?? "").toLowerCase();
  if (match[2] === "M") return `M is not a unit of time: write ${count * 30}d for months or ${count}m for minutes`;
  if (unit === "" || unit.startsWith("d")) return `Write ${count}d`;
  if (unit.startsWith("h")) return `Write ${count}h`;
  if (unit.startsWith("y")) return `Write ${count * 365}d`;
  if (unit.startsWith("w")) return `Write ${count * 7}d`;
  if (unit.startsWith("mo")) return `Write ${count * 30}d`;
  if (unit.startsWith("m")) return `Write ${count}m`;
  return "Write for example 90d";
}

/** The shortest spelling that reads back to the same number: 500000 is `500k`, 1234567 is `1234.567k`. */
export function formatQuantity(value: number): string {
  for (const [unit, power] of [
    ["G", 9],
    ["M", 6],
    ["k", 3],
  ] as const) {
    const scaled = value / 10 ** power;
    if (scaled >= 1 && Number.isInteger(value) && value % 10 ** (power - 3) === 0) return `${scaled}${unit}`;
  }
  return String(value);
}

/** Seconds in the largest unit that divides them: 7776000 is `90d`, 5400 is `90m`. Stores' own durations use the same letters. */
export function formatDuration(seconds: number): string {
  for (const unit of ["d", "h", "m"] as const) {
    if (seconds % secondsOf[unit] === 0) return `${seconds / secondsOf[unit]}${unit}`;
  }
  return `${seconds}s`;
}
