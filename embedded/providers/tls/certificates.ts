/** Certificates and certificate requests. */
import { createHash, createPublicKey, type KeyObject, randomBytes, webcrypto } from "node:crypto";
import { isIP } from "node:net";
import type * as X509 from "@peculiar/x509";
import { UserError } from "../protocol/errors";
import { algorithmOf } from "./keys";
import { extendedKeyUsages, keyUsages } from "./usages";

let library: Promise<typeof X509> | undefined;

/** The X.509 library, loaded at the first certificate: programs without one do not pay for it. */
export function x509(): Promise<typeof X509> {
  library ??= import("@peculiar/x509").then((loaded) => {
    // Node's own implementation; the library's type is the browser's.
    loaded.cryptoProvider.set(webcrypto as never);
    return loaded;
  });
  return library;
}

/** Distinguished name as the tls package has it. */
export interface Subject {
  country?: string;
  organization?: string;
  organizationalUnit?: string;
  locality?: string;
  province?: string;
  streetAddresses?: string[];
  postalCode?: string;
  commonName?: string;
  serialNumber?: string;
  emailAddress?: string;
}

// X.520 and PKCS #9 attribute types in the order the official plugin writes them.
const attributes: [keyof Subject, string][] = [
  ["country", "2.5.4.6"],
  ["organization", "2.5.4.10"],
  ["organizationalUnit", "2.5.4.11"],
  ["locality", "2.5.4.7"],
  ["province", "2.5.4.8"],
  ["streetAddresses", "2.5.4.9"],
  ["postalCode", "2.5.4.17"],
  ["commonName", "2.5.4.3"],
  ["serialNumber", "2.5.4.5"],
  ["emailAddress", "1.2.840.113549.1.9.1"],
];

/** Names of a subject's parts. */
export const subjectKeys: string[] = attributes.map(([key]) => key);

/** Names besides the subject. */
export interface AlternativeNames {
  dnsNames: string[];
  ipAddresses: string[];
  uris: string[];
}

/** What a certificate is to say. */
export interface CertificateTerms {
  allowedUses: string[];
  isCaCertificate: boolean;
  /** Below 0: no limit. Only CA certificates have one. */
  maxPathLength: number;
  setSubjectKeyId: boolean;
  setAuthorityKeyId: boolean;
  validityPeriodHours: number;
}

/** A certificate as put out. Times are RFC 3339 in UTC. */
export interface IssuedCertificate {
  /** Serial number, decimal. */
  id: string;
  certPem: string;
  validityStartTime: string;
  validityEndTime: string;
}

interface SigningKey {
  key: webcrypto.CryptoKey;
  algorithm: { name: string; hash?: string; namedCurve?: string };
}

const hashOfCurve: Record<string, [string, string]> = {
  prime256v1: ["P-256", "SHA-256"],
  secp384r1: ["P-384", "SHA-384"],
  secp521r1: ["P-521", "SHA-512"],
};

function signingAlgorithm(key: KeyObject): SigningKey["algorithm"] {
  const algorithm = algorithmOf(key);
  if (algorithm === "RSA") return { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  if (algorithm === "ED25519") return { name: "Ed25519" };
  const curve = hashOfCurve[key.asymmetricKeyDetails?.namedCurve ?? ""];
  if (!curve)
    throw new UserError(`the tls stand-in cannot sign with curve ${key.asymmetricKeyDetails?.namedCurve}; use P256, P384 or P521`);
  return { name: "ECDSA", namedCurve: curve[0], hash: curve[1] };
}

async function importKey(key: KeyObject, use: "sign" | "verify"): Promise<SigningKey> {
  const algorithm = signingAlgorithm(key);
  const [format, der] =
    use === "sign"
      ? (["pkcs8", key.export({ format: "der", type: "pkcs8" })] as const)
      : (["spki", createPublicKey(key).export({ format: "der", type: "spki" })] as const);
  return { key: await webcrypto.subtle.importKey(format, der, algorithm, true, [use]), algorithm };
}

async function nameOf(subject: Subject | undefined): Promise<X509.Name> {
  const { Name } = await x509();
  const parts = attributes.flatMap(([key, oid]) => [subject?.[key] ?? []].flat().map((value) => ({ [oid]: [value] })));
  return new Name(parts);
}

async function alternativeNames(names: AlternativeNames): Promise<X509.Extension[]> {
  const wrong = names.ipAddresses.find((address) => isIP(address) === 0);
  if (wrong !== undefined) throw new UserError(`ipAddresses: "${wrong}" is not an IP address`);
  const list = [
    ...names.dnsNames.map((value) => ({ type: "dns" as const, value })),
    ...names.ipAddresses.map((value) => ({ type: "ip" as const, value })),
    ...names.uris.map((value) => ({ type: "url" as const, value })),
  ];
  const { SubjectAlternativeNameExtension } = await x509();
  return list.length > 0 ? [new SubjectAlternativeNameExtension(list)] : [];
}

async function usageExtensions(terms: CertificateTerms): Promise<X509.Extension[]> {
  const { BasicConstraintsExtension, ExtendedKeyUsageExtension, KeyUsagesExtension } = await x509();
  const usages = terms.allowedUses.reduce((bits, use) => bits | (keyUsages[use] ?? 0), 0);
  const extended = terms.allowedUses.flatMap((use) => extendedKeyUsages[use] ?? []);
  const pathLength = terms.isCaCertificate && terms.maxPathLength >= 0 ? terms.maxPathLength : undefined;
  return [
    ...(usages > 0 ? [new KeyUsagesExtension(usages, true)] : []),
    ...(extended.length > 0 ? [new ExtendedKeyUsageExtension(extended)] : []),
    new BasicConstraintsExtension(terms.isCaCertificate, pathLength, true),
  ];
}

interface Issue {
  subject: X509.Name;
  issuer: X509.Name;
  publicKey: X509.PublicKey;
  signer: KeyObject;
  terms: CertificateTerms;
  extensions: X509.Extension[];
}

function pem(text: string): string {
  return `${text.trim()}\n`;
}

// Serial numbers are positive and of at most 20 octets (RFC 5280, 4.1.2.2): 16 random ones with a clear top bit.
function serialNumber(): Buffer {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x01;
  return serial;
}

async function issue(request: Issue): Promise<IssuedCertificate> {
  const { X509CertificateGenerator } = await x509();
  const signer = await importKey(request.signer, "sign");
  const serial = serialNumber();
  // Certificates count in whole seconds; the outputs say what the certificate says.
  const start = new Date(Math.floor(Date.now() / 1000) * 1000);
  const end = new Date(start.getTime() + request.terms.validityPeriodHours * 3_600_000);
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serial.toString("hex"),
    subject: request.subject,
    issuer: request.issuer,
    notBefore: start,
    notAfter: end,
    publicKey: request.publicKey,
    signingKey: signer.key,
    signingAlgorithm: signer.algorithm,
    extensions: request.extensions,
  });
  const time = (date: Date) => date.toISOString().replace(".000Z", "Z");
  return {
    id: BigInt(`0x${serial.toString("hex")}`).toString(),
    certPem: pem(certificate.toString("pem")),
    validityStartTime: time(start),
    validityEndTime: time(end),
  };
}

async function publicKeyOf(spki: Buffer): Promise<X509.PublicKey> {
  const { PublicKey } = await x509();
  return new PublicKey(new Uint8Array(spki));
}

async function keyId(publicKey: X509.PublicKey): Promise<string> {
  return Buffer.from(await publicKey.getKeyIdentifier()).toString("hex");
}

/** A certificate that `key` signs for itself. Throws `UserError` for terms that contradict one another. */
export async function selfSigned(
  key: KeyObject,
  subject: Subject | undefined,
  names: AlternativeNames,
  terms: CertificateTerms,
): Promise<IssuedCertificate> {
  const { AuthorityKeyIdentifierExtension, SubjectKeyIdentifierExtension } = await x509();
  const name = await nameOf(subject);
  if (terms.isCaCertificate && name.toJSON().length === 0)
    throw new UserError("subject: a CA certificate needs at least one part of a name (RFC 5280, 4.1.2.6)");
  const publicKey = await publicKeyOf(createPublicKey(key).export({ format: "der", type: "spki" }));
  const id = await keyId(publicKey);
  const hasSubjectId = terms.isCaCertificate || terms.setSubjectKeyId;
  if (terms.setAuthorityKeyId && !hasSubjectId)
    throw new UserError("setAuthorityKeyId: a self-signed certificate needs setSubjectKeyId (or isCaCertificate) as well");
  const extensions = [
    ...(await usageExtensions(terms)),
    ...(hasSubjectId ? [new SubjectKeyIdentifierExtension(id)] : []),
    ...(terms.setAuthorityKeyId ? [new AuthorityKeyIdentifierExtension(id)] : []),
    ...(await alternativeNames(names)),
  ];
  return issue({ subject: name, issuer: name, publicKey, signer: key, terms, extensions });
}

/** A certificate request in PEM with its id (SHA-1 of the request). */
export async function request(
  key: KeyObject,
  subject: Subject | undefined,
  names: AlternativeNames,
): Promise<{ id: string; certRequestPem: string }> {
  const { Pkcs10CertificateRequestGenerator } = await x509();
  const [signer, verifier, extensions] = await Promise.all([importKey(key, "sign"), importKey(key, "verify"), alternativeNames(names)]);
  const keys = { privateKey: signer.key, publicKey: verifier.key };
  const made = await Pkcs10CertificateRequestGenerator.create({
    name: await nameOf(subject),
    keys,
    signingAlgorithm: signer.algorithm,
    extensions,
  });
  const certRequestPem = pem(made.toString("pem"));
  return { id: createHash("sha1").update(certRequestPem).digest("hex"), certRequestPem };
}

async function readPem<Result>(property: string, what: string, read: () => Result): Promise<Result> {
  try {
    return read();
  } catch {
    throw new UserError(`${property} is not a ${what} in PEM format`);
  }
}

/** A certificate that the CA `caCertPem` with `caKey` issues for a request. Throws `UserError` for a bad request, a bad CA or a wrong key. */
export async function locallySigned(
  certRequestPem: string,
  caCertPem: string,
  caKey: KeyObject,
  terms: CertificateTerms,
): Promise<IssuedCertificate> {
  const library = await x509();
  const asked = await readPem("certRequestPem", "certificate request", () => new library.Pkcs10CertificateRequest(certRequestPem));
  const ca = await readPem("caCertPem", "certificate", () => new library.X509Certificate(caCertPem));
  if (!(await asked.verify())) throw new UserError("certRequestPem: the request's signature is not of its own key");
  const caPublic = createPublicKey(caKey).export({ format: "der", type: "spki" });
  if (!Buffer.from(ca.publicKey.rawData).equals(caPublic)) throw new UserError("caPrivateKeyPem is not the key of caCertPem");
  const caId = ca.getExtension(library.SubjectKeyIdentifierExtension)?.keyId;
  const names = asked.getExtension("2.5.29.17"); // subjectAltName
  const ownId =
    terms.isCaCertificate || terms.setSubjectKeyId ? [new library.SubjectKeyIdentifierExtension(await keyId(asked.publicKey))] : [];
  const extensions = [
    ...(await usageExtensions(terms)),
    ...ownId,
    ...(caId ? [new library.AuthorityKeyIdentifierExtension(caId)] : []),
    ...(names ? [names] : []),
  ];
  return issue({ subject: asked.subjectName, issuer: ca.subjectName, publicKey: asked.publicKey, signer: caKey, terms, extensions });
}
