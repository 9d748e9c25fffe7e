/**
 * Property values of the Pulumi protocol. On the wire they are `google.protobuf.Struct` in which secrets, unknown values, assets and
 * references are objects or strings with magic keys; here they are plain values with secrets kept beside them, so that the rest of a
 * provider works with ordinary JSON.
 */
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { UserError } from "./errors";

/** A value that is known only after the run (the engine's previews). */
export const UNKNOWN: unique symbol = Symbol("unknown");

/** JSON, or a part that is not known yet. */
export type Value = null | boolean | number | string | typeof UNKNOWN | Value[] | Fields;

/** An object of values. */
export interface Fields {
  [key: string]: Value;
}

/** Which parts of a value are secret: all of it, or parts by key (array positions as digits). */
export type Marks = true | Map<string, Marks>;

/** The properties of one resource with what is secret in them. */
export interface Bag {
  value: Fields;
  secrets: Marks;
}

// Magic values of the protocol: sdk/go/common/resource/sig/sig.go and plugin/rpc.go of pulumi/pulumi.
const signatureKey = "4dabf18193072939515e22adb298388d";
const signatures = {
  secret: "1b47061264138c4ac30d75fd1eb44270",
  output: "d0e6a833031e9bbcd3f4e8bde6ca49a4",
  resource: "5cf8f73096256a8f31e491e813e4eb8e",
  asset: "c44067f5952c0a294b673a41bacd8c17",
  archive: "0def7320c3a5731c473e5ecbe6d01bc7",
} as const;
const unknownString = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const unknownStrings = new Set([
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  unknownString,
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

/** An empty bag. */
export function emptyBag(): Bag {
  return { value: {}, secrets: new Map() };
}

/** Whether `value` is an object (neither an array nor null). */
export function isFields(value: Value | undefined): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

interface Decoded {
  value: Value;
  secrets: Marks | undefined;
}

function decodeObject(object: Record<string, unknown>): Decoded {
  const value: Fields = {};
  const secrets = new Map<string, Marks>();
  for (const [key, part] of Object.entries(object)) {
    const decoded = decodeValue(part);
    value[key] = decoded.value;
    if (decoded.secrets) secrets.set(key, decoded.secrets);
  }
  return { value, secrets: secrets.size > 0 ? secrets : undefined };
}

function decodeSigned(signature: unknown, object: Record<string, unknown>): Decoded {
  switch (signature) {
    case signatures.secret:
      return { value: decodeValue(object["value"]).value, secrets: true };
    case signatures.output: {
      const inner: Decoded = object["value"] === undefined ? { value: UNKNOWN, secrets: undefined } : decodeValue(object["value"]);
      return object["secret"] === true ? { value: inner.value, secrets: true } : inner;
    }
    case signatures.resource:
      return decodeValue(object["id"] ?? object["urn"]);
    case signatures.asset:
    case signatures.archive:
      throw new UserError("assets and archives are not supported as property values; pass their text");
    default:
      throw new UserError(`a property value has the unknown signature ${String(signature)}`);
  }
}

function decodeValue(wire: unknown): Decoded {
  if (typeof wire === "string") return { value: unknownStrings.has(wire) ? UNKNOWN : wire, secrets: undefined };
  if (Array.isArray(wire)) {
    const inner = decodeObject({ ...wire });
    return { value: Object.values(inner.value as Fields), secrets: inner.secrets };
  }
  if (typeof wire !== "object" || wire === null) return { value: (wire ?? null) as Value, secrets: undefined };
  const object = wire as Record<string, unknown>;
  return signatureKey in object ? decodeSigned(object[signatureKey], object) : decodeObject(object);
}

/** Reads properties from the wire; an absent struct is an empty bag. Throws `UserError` on assets and archives. */
export function decode(struct: Struct | undefined): Bag {
  if (!struct) return emptyBag();
  const { value, secrets } = decodeObject(struct.toJavaScript());
  return { value: value as Fields, secrets: secrets ?? new Map() };
}

type Wire = null | boolean | number | string | Wire[] | { [key: string]: Wire };

function encodeValue(value: Value, secrets: Marks | undefined): Wire {
  if (secrets === true) return { [signatureKey]: signatures.secret, value: encodeValue(value, undefined) };
  if (value === UNKNOWN) return unknownString;
  if (Array.isArray(value)) return value.map((part, index) => encodeValue(part, secrets?.get(String(index))));
  if (isFields(value)) return encodeFields(value, secrets);
  return value;
}

function encodeFields(value: Fields, secrets: Marks | undefined): { [key: string]: Wire } {
  const object: { [key: string]: Wire } = {};
  for (const [key, part] of Object.entries(value)) {
    if (part !== undefined) object[key] = encodeValue(part, secrets === true ? true : secrets?.get(key));
  }
  return object;
}

/** Writes properties to the wire, secrets wrapped, unknown values as the engine's own sentinel. */
export function encode(bag: Bag): Struct {
  return Struct.fromJavaScript(encodeFields(bag.value, bag.secrets));
}

/** A text as it is, a number or a switch in words, anything else empty: for messages and for values that were checked to be texts. */
export function textOf(value: Value | undefined): string {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? `${value}` : "";
}

/** Whether any part of `value` is unknown. */
export function hasUnknown(value: Value | undefined): boolean {
  if (value === UNKNOWN) return true;
  if (Array.isArray(value)) return value.some(hasUnknown);
  return isFields(value) && Object.values(value).some(hasUnknown);
}

/** Both markings together. */
export function mergeMarks(one: Marks | undefined, other: Marks | undefined): Marks {
  if (one === true || other === true) return true;
  const merged = new Map(one ?? []);
  for (const [key, marks] of other ?? []) merged.set(key, mergeMarks(merged.get(key), marks));
  return merged;
}

function collectSecrets(value: Value | undefined, secrets: Marks | undefined, into: Set<string>): void {
  if (value === undefined || secrets === undefined) return;
  if (typeof value === "string" && secrets === true) into.add(value);
  if (typeof value !== "object" || value === null) return;
  for (const [key, part] of Object.entries(value)) collectSecrets(part, secrets === true ? true : secrets.get(key), into);
}

/** Every secret text of a bag, longest first (so that a text which holds another is replaced as a whole). */
export function secretTexts(bag: Bag): string[] {
  const texts = new Set<string>();
  collectSecrets(bag.value, bag.secrets, texts);
  return [...texts].sort((a, b) => b.length - a.length);
}

// A shorter text would also hit ordinary words; a secret of three characters is none.
const shortestRedacted = 4;

/** `message` without the secret texts of `bag`, plain or in base64: servers quote the values they refuse. */
export function redact(message: string, bag: Bag): string {
  let result = message;
  for (const text of secretTexts(bag)) {
    const forms = [
      text,
      Buffer.from(text, "utf8").toString("base64"),
      Buffer.from(text, "base64").toString("utf8"),
      JSON.stringify(text).slice(1, -1),
    ];
    for (const form of forms) if (form.length >= shortestRedacted) result = result.replaceAll(form, "[secret]");
  }
  return result;
}
