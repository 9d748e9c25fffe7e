import { createHash } from "node:crypto";
import { stringify } from "yaml";

/**
 * YAML with sorted keys and no anchors, so that a diff shows only what changed. Undefined values are left out. Some readers (Envoy's among them)
 * still take `on`, `no` and `y` for booleans, so such strings are quoted: a tenant may be called `no`.
 */
export function toYaml(value: unknown): string {
  return stringify(value, { sortMapEntries: true, aliasDuplicateObjects: false, lineWidth: 0, indentSeq: false, compat: "yaml-1.1" });
}

/** JSON with sorted keys, two spaces, and a newline at the end. */
export function toJson(value: unknown): string {
  return `${JSON.stringify(sorted(value), undefined, 2)}\n`;
}

/** JSON with sorted keys on one line. */
export function toJsonLine(value: unknown): string {
  return JSON.stringify(sorted(value));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([k, v]) => [k, sorted(v)]),
  );
}

/** First 16 hex digits of the SHA-256 of a text: enough to notice a change, short enough for an annotation. */
export function textHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
