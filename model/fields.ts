import { z } from "zod";
import { durationPattern, formatDuration, formatQuantity, parseDuration, parseQuantity, quantityPattern } from "./units";
import type { Parsed } from "./units";

/** What people are told about a field: in errors, in editors and on the reference page. */
export interface FieldInfo {
  /** One or two sentences. */
  readonly summary: string;
  /** How its type is called on the reference page. */
  readonly type: string;
  /** Completes "<field> ...", e.g. `must be one of small, medium, large`. */
  readonly rule: string;
  readonly remedy: string;
  readonly example?: string;
  /** For editors, when zod's own JSON schema cannot say it. */
  readonly json?: Readonly<Record<string, unknown>>;
}

/** What is known of each field, by its schema. */
export const fieldInfo = z.registry<FieldInfo>();

/** Gives a schema its information; returns the schema. */
export function field<T extends z.ZodType>(schema: T, info: FieldInfo): T {
  fieldInfo.add(schema, info);
  return schema;
}

/** Text that must match; the value itself is kept. */
export function text(pattern: RegExp, info: Omit<FieldInfo, "type"> & { type?: string }) {
  return field(z.string().regex(pattern), { type: "text", ...info });
}

/** One of a few words. */
export function choice<const T extends readonly [string, ...string[]]>(values: T, summary: string) {
  return field(z.enum(values), {
    summary,
    type: values.map((value) => `\`${value}\``).join(", "),
    rule: `must be one of ${values.join(", ")}`,
    remedy: `Write ${[values.slice(0, -1).join(", "), ...values.slice(-1)].filter((word) => word !== "").join(" or ")}`,
  });
}

/** A list without repetition. */
export function list<T extends z.ZodType<string>>(
  item: T,
  info: Omit<FieldInfo, "type"> & { type?: string },
  bounds: { min?: number; max?: number } = {},
) {
  const base = z
    .array(item)
    .min(bounds.min ?? 0)
    .max(bounds.max ?? 100);
  const unique = base.check((ctx) => {
    ctx.value.forEach((value, index) => {
      if (ctx.value.indexOf(value) === index) return;
      const message = "must not be listed twice";
      ctx.issues.push({ code: "custom", message, params: { remedy: "Remove it here" }, path: [index], input: value });
    });
  });
  return field(unique, { type: "list", json: { uniqueItems: true }, ...info });
}

function measured(read: (input: unknown) => Parsed, info: FieldInfo) {
  const schema = z.union([z.string(), z.number()]).transform((written, ctx) => {
    const parsed = read(written);
    if ("value" in parsed) return parsed.value;
    ctx.issues.push({ code: "custom", message: parsed.rule, params: { remedy: parsed.remedy }, input: written });
    return z.NEVER;
  });
  return field(schema, info);
}

const quantityInfo = {
  remedy: "Write for example 500k",
  json: { type: ["string", "number"], pattern: quantityPattern, exclusiveMinimum: 0 },
};

/** A count with a decimal unit: whole, at least 1, at most a billion (far above what one tenant can use: it catches slips). */
export function count(summary: string, example: string) {
  const rule = "must be a whole number from 1 to 1G, plain or with a decimal unit k, M or G";
  return whole({ min: 1, max: 1e9, step: 1 }, { summary, type: "count", rule, example });
}

/** A small count within bounds, written without a unit: of replicas, of instances. With a step it is a multiple of it. */
export function number(summary: string, example: string, bounds: { min: number; max: number; step?: number; why?: string }) {
  const { min, max, step = 1, why } = bounds;
  const rule = `must be a ${step === 1 ? "whole number" : `multiple of ${step}`} from ${min} to ${max}${why === undefined ? "" : ` (${why})`}`;
  return whole({ min, max, step }, { summary, type: "number", rule, example });
}

/** Bytes with a decimal unit. */
export function bytes(summary: string, example: string, bounds: { min: number; max: number }) {
  const rule = `must be a whole number of bytes from ${formatQuantity(bounds.min)} to ${formatQuantity(bounds.max)}`;
  return whole({ ...bounds, step: 1 }, { summary, type: "bytes", rule, example });
}

function whole(bounds: { min: number; max: number; step: number }, info: Omit<FieldInfo, "remedy" | "json"> & { example: string }) {
  const read = (input: unknown): Parsed => {
    const parsed = parseQuantity(input);
    if (!("value" in parsed)) return parsed;
    const fits = parsed.value % bounds.step === 0 && parsed.value >= bounds.min && parsed.value <= bounds.max;
    return fits ? parsed : { rule: info.rule, remedy: `Write for example ${info.example}` };
  };
  return measured(read, { ...info, ...quantityInfo });
}

/** A rate that may have a fraction. */
export function amount(summary: string, example: string, max: number) {
  const rule = `must be a number above 0 and at most ${max}`;
  const read = (input: unknown): Parsed => {
    const parsed = parseQuantity(input);
    return "value" in parsed && parsed.value > max ? { rule, remedy: `Write for example ${example}` } : parsed;
  };
  return measured(read, { summary, type: "number", rule, example, ...quantityInfo });
}

/** A time in seconds within bounds. */
export function duration(summary: string, example: string, bounds: { min: number; max: number; why: string }) {
  const rule = `must be from ${formatDuration(bounds.min)} to ${formatDuration(bounds.max)} (${bounds.why})`;
  const read = (input: unknown): Parsed => {
    const parsed = parseDuration(input);
    if (!("value" in parsed)) return parsed;
    return parsed.value >= bounds.min && parsed.value <= bounds.max ? parsed : { rule, remedy: `Write for example ${example}` };
  };
  return measured(read, {
    summary,
    type: "duration",
    rule,
    remedy: `Write for example ${example}`,
    example,
    json: { type: "string", pattern: durationPattern },
  });
}
