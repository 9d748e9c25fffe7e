/** The resources of the tls package: inputs with their rules and defaults, what of them is secret, and how each is made. */
import type { Fields, Marks, Value } from "../protocol/values";
import { isFields, textOf } from "../protocol/values";
import {
  type AlternativeNames,
  type CertificateTerms,
  locallySigned,
  request,
  selfSigned,
  type Subject,
  subjectKeys,
} from "./certificates";
import { type Algorithm, algorithmOf, curves, keyOutputs, newKey, readKey } from "./keys";
import { allowedUses } from "./usages";

/** One input; `check` says in words what is wrong with a known value. */
export interface InputRule {
  required?: true;
  fallback?: Value;
  check(value: Value): string | undefined;
}

/** One resource type. */
export interface ResourceKind {
  inputs: Record<string, InputRule>;
  /** Outputs that are secret. */
  secrets: string[];
  secretInputs: Marks;
  /** Certificates become due. */
  expires: boolean;
  create(inputs: Fields): Promise<{ id: string; outputs: Fields }>;
}

const isText = (value: Value) => (typeof value === "string" ? undefined : "must be a text");
const isSwitch = (value: Value) => (typeof value === "boolean" ? undefined : "must be true or false");
const isCount = (value: Value) => (Number.isInteger(value) && (value as number) >= 0 ? undefined : "must be a whole number from 0");
const isPathLength = (value: Value) =>
  Number.isInteger(value) && (value as number) >= -1 ? undefined : "must be a whole number from 0, or -1 for no limit";
const isTexts = (value: Value) =>
  Array.isArray(value) && value.every((one) => typeof one !== "object" && typeof one !== "number") ? undefined : "must be a list of texts";

function oneOf(choices: string[]): (value: Value) => string | undefined {
  return (value) => (choices.includes(value as string) ? undefined : `must be one of ${choices.join(", ")}, not ${JSON.stringify(value)}`);
}

function areUses(value: Value): string | undefined {
  if (!Array.isArray(value)) return "must be a list of texts";
  const wrong = value.find((use) => typeof use === "string" && !allowedUses.includes(use));
  return wrong === undefined ? undefined : `must be out of ${allowedUses.join(", ")}; ${JSON.stringify(wrong)} is not`;
}

function isSubject(value: Value): string | undefined {
  if (!isFields(value)) return "must be an object";
  const wrong = Object.keys(value).find((key) => !subjectKeys.includes(key));
  return wrong === undefined ? undefined : `has no ${wrong}; it has ${subjectKeys.join(", ")}`;
}

const requiredText: InputRule = { required: true, check: isText };
const texts: InputRule = { check: isTexts };
const off: InputRule = { fallback: false, check: isSwitch };

const nameInputs: Record<string, InputRule> = { subject: { check: isSubject }, dnsNames: texts, ipAddresses: texts, uris: texts };
const certificateInputs: Record<string, InputRule> = {
  allowedUses: { required: true, check: areUses },
  validityPeriodHours: { required: true, check: isCount },
  earlyRenewalHours: { fallback: 0, check: isCount },
  isCaCertificate: off,
  maxPathLength: { fallback: -1, check: isPathLength },
  setSubjectKeyId: off,
};

function names(inputs: Fields): AlternativeNames {
  const list = (key: string) => (inputs[key] ?? []) as string[];
  return { dnsNames: list("dnsNames"), ipAddresses: list("ipAddresses"), uris: list("uris") };
}

function terms(inputs: Fields): CertificateTerms {
  return {
    allowedUses: inputs["allowedUses"] as string[],
    isCaCertificate: inputs["isCaCertificate"] === true,
    maxPathLength: inputs["maxPathLength"] as number,
    setSubjectKeyId: inputs["setSubjectKeyId"] === true,
    setAuthorityKeyId: inputs["setAuthorityKeyId"] === true,
    validityPeriodHours: inputs["validityPeriodHours"] as number,
  };
}

/** Whether a certificate has ended or is within its `earlyRenewalHours` at `now` (milliseconds). */
export function isDue(outputs: Fields, inputs: Fields, now: number): boolean {
  const end = Date.parse(textOf(outputs["validityEndTime"]));
  const hours = typeof inputs["earlyRenewalHours"] === "number" ? inputs["earlyRenewalHours"] : 0;
  return now >= end - hours * 3_600_000;
}

function certificateOutputs(made: { id: string; certPem: string; validityStartTime: string; validityEndTime: string }, more: Fields) {
  const { id, ...rest } = made;
  return { id, outputs: { ...rest, ...more, readyForRenewal: false } };
}

const privateKey: ResourceKind = {
  inputs: {
    algorithm: { required: true, check: oneOf(["RSA", "ECDSA", "ED25519"]) },
    ecdsaCurve: { fallback: "P224", check: oneOf(Object.keys(curves)) },
    rsaBits: {
      fallback: 2048,
      check: (value) => (Number.isInteger(value) && (value as number) >= 1024 ? undefined : "must be a whole number from 1024"),
    },
  },
  secrets: ["privateKeyPem", "privateKeyPemPkcs8", "privateKeyOpenssh"],
  secretInputs: new Map(),
  expires: false,
  create: async (inputs) =>
    keyOutputs(await newKey(inputs["algorithm"] as Algorithm, textOf(inputs["ecdsaCurve"]), inputs["rsaBits"] as number)),
};

const selfSignedCert: ResourceKind = {
  inputs: { privateKeyPem: requiredText, ...certificateInputs, setAuthorityKeyId: off, ...nameInputs },
  secrets: ["privateKeyPem"],
  secretInputs: new Map([["privateKeyPem", true as const]]),
  expires: true,
  async create(inputs) {
    const key = readKey(textOf(inputs["privateKeyPem"]), "privateKeyPem");
    const made = await selfSigned(key, inputs["subject"] as Subject | undefined, names(inputs), terms(inputs));
    return certificateOutputs(made, { keyAlgorithm: algorithmOf(key) });
  },
};

const certRequest: ResourceKind = {
  inputs: { privateKeyPem: requiredText, ...nameInputs },
  secrets: ["privateKeyPem"],
  secretInputs: new Map([["privateKeyPem", true as const]]),
  expires: false,
  async create(inputs) {
    const key = readKey(textOf(inputs["privateKeyPem"]), "privateKeyPem");
    const { id, certRequestPem } = await request(key, inputs["subject"] as Subject | undefined, names(inputs));
    return { id, outputs: { certRequestPem, keyAlgorithm: algorithmOf(key) } };
  },
};

const locallySignedCert: ResourceKind = {
  inputs: { certRequestPem: requiredText, caCertPem: requiredText, caPrivateKeyPem: requiredText, ...certificateInputs },
  secrets: ["caPrivateKeyPem"],
  secretInputs: new Map([["caPrivateKeyPem", true as const]]),
  expires: true,
  async create(inputs) {
    const key = readKey(textOf(inputs["caPrivateKeyPem"]), "caPrivateKeyPem");
    const made = await locallySigned(textOf(inputs["certRequestPem"]), textOf(inputs["caCertPem"]), key, terms(inputs));
    return certificateOutputs(made, { caKeyAlgorithm: algorithmOf(key) });
  },
};

/** Every resource of the stand-in by its type token. */
export const resources: Record<string, ResourceKind> = {
  "tls:index/privateKey:PrivateKey": privateKey,
  "tls:index/selfSignedCert:SelfSignedCert": selfSignedCert,
  "tls:index/certRequest:CertRequest": certRequest,
  "tls:index/locallySignedCert:LocallySignedCert": locallySignedCert,
};
