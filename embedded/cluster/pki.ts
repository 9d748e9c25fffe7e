import { createPublicKey, generateKeyPairSync, webcrypto, X509Certificate } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import * as x509 from "@peculiar/x509";
import type { Layout } from "./layout";
import { privateFolder } from "../supervise/files";

/** The authorities: of the API server's users, of etcd's, and of servers that would stand in front of the API server (none here, but asked for). */
const authorityNames = ["ca", "etcd-ca", "front-proxy-ca"] as const;
type Authority = (typeof authorityNames)[number];

/** What one certificate is for. */
export interface CertificateWish {
  /** Files are `<name>.crt` and `<name>.key`. */
  readonly name: string;
  /** User name for the API server; host name for people. */
  readonly commonName: string;
  /** Group for the API server. */
  readonly organization?: string;
  readonly authority: Authority;
  readonly server?: boolean;
  readonly client?: boolean;
}

/**
 * All certificates of the control plane. etcd has an authority of its own: otherwise each client of the API server could read and write the
 * store directly. Names of users are those that the API server's built-in roles are bound to; kwok and the operator act as administrators,
 * because they run as the user who holds the administrator's key anyway.
 */
export const wishes: readonly CertificateWish[] = [
  { name: "etcd", commonName: "etcd", authority: "etcd-ca", server: true, client: true },
  { name: "apiserver-etcd", commonName: "kube-apiserver", authority: "etcd-ca", client: true },
  { name: "apiserver", commonName: "kube-apiserver", authority: "ca", server: true },
  { name: "parts", commonName: "localhost", authority: "ca", server: true },
  { name: "admin", commonName: "embedded-admin", organization: "system:masters", authority: "ca", client: true },
  { name: "controller-manager", commonName: "system:kube-controller-manager", authority: "ca", client: true },
  { name: "scheduler", commonName: "system:kube-scheduler", authority: "ca", client: true },
  { name: "front-proxy", commonName: "front-proxy-client", authority: "front-proxy-ca", client: true },
  { name: "kwok", commonName: "kwok", organization: "system:masters", authority: "ca", client: true },
  { name: "operator", commonName: "prometheus-operator", organization: "system:masters", authority: "ca", client: true },
];

/** First address of the Service range: the one that pods know the API server by. */
const serviceAddress = "10.96.0.1";
const hour = 3_600_000;
/** The cluster is private to one user and its authorities' keys are thrown away, so a short life would only bring surprises. */
const years = 10 * 365 * 24 * hour;
const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

interface Pair {
  readonly keys: webcrypto.CryptoKeyPair;
  readonly certificate: x509.X509Certificate;
}

/** Valid from an hour ago: the clock of a virtual machine that just woke up may be set back a little. */
function validity(): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(Date.now() - hour), notAfter: new Date(Date.now() + years) };
}

async function authority(commonName: string): Promise<Pair> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [commonName] }],
    keys,
    signingAlgorithm: algorithm,
    ...validity(),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { keys, certificate };
}

async function issue(issuer: Pair, wish: CertificateWish): Promise<Pair> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const usages = [...(wish.server ? [x509.ExtendedKeyUsage.serverAuth] : []), ...(wish.client ? [x509.ExtendedKeyUsage.clientAuth] : [])];
  const hosts = ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"];
  const names = new x509.SubjectAlternativeNameExtension([
    ...hosts.map((value) => ({ type: "dns" as const, value })),
    ...["127.0.0.1", serviceAddress].map((value) => ({ type: "ip" as const, value })),
  ]);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: [{ CN: [wish.commonName] }, ...(wish.organization === undefined ? [] : [{ O: [wish.organization] }])],
    issuer: issuer.certificate.subjectName,
    signingKey: issuer.keys.privateKey,
    publicKey: keys.publicKey,
    signingAlgorithm: algorithm,
    ...validity(),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(usages),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.keys.publicKey),
      ...(wish.server ? [names] : []),
    ],
  });
  return { keys, certificate };
}

async function keyText(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY");
}

/** Makes every certificate and key in folder `into`. The keys of the authorities are not kept: nothing is ever signed again. */
async function generate(into: string): Promise<void> {
  const write = (name: string, text: string): void => fs.writeFileSync(path.join(into, name), `${text.trim()}\n`, { mode: 0o600 });
  const authorities = new Map<Authority, Pair>();
  for (const name of authorityNames) {
    const pair = await authority(`tenantstack-embedded-${name}`);
    authorities.set(name, pair);
    write(`${name}.crt`, pair.certificate.toString("pem"));
  }
  for (const wish of wishes) {
    const pair = await issue(authorities.get(wish.authority) as Pair, wish);
    write(`${wish.name}.crt`, pair.certificate.toString("pem"));
    write(`${wish.name}.key`, await keyText(pair.keys.privateKey));
  }
  const accounts = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  write("service-accounts.key", accounts.privateKey);
  write("service-accounts.pub", accounts.publicKey);
}

function usable(pki: string, now: number): boolean {
  try {
    const read = (name: string): X509Certificate => new X509Certificate(fs.readFileSync(path.join(pki, `${name}.crt`)));
    const authorities = new Map(authorityNames.map((name) => [name, read(name)]));
    const leaves = wishes.map((wish) => {
      const certificate = read(wish.name);
      if (!certificate.verify((authorities.get(wish.authority) as X509Certificate).publicKey))
        throw new Error("issued by another authority");
      const key = createPublicKey(fs.readFileSync(path.join(pki, `${wish.name}.key`)));
      if (!key.equals(certificate.publicKey)) throw new Error("key of another certificate");
      return certificate;
    });
    createPublicKey(fs.readFileSync(path.join(pki, "service-accounts.key")));
    createPublicKey(fs.readFileSync(path.join(pki, "service-accounts.pub")));
    return [...authorities.values(), ...leaves].every((c) => Date.parse(c.validFrom) <= now && now < Date.parse(c.validTo));
  } catch {
    return false;
  }
}

/**
 * Sees to it that the folder `pki` holds one complete set of certificates that is valid now. Returns "kept", "made" (there was none) or
 * "renewed" (it was incomplete, damaged, expired, or the clock stands before it). The folder appears as a whole or not at all.
 */
export async function ensurePki(layout: Layout, now = Date.now()): Promise<"kept" | "made" | "renewed"> {
  if (usable(layout.pki, now)) return "kept";
  const existed = fs.existsSync(layout.pki);
  const aside = `${layout.pki}.new`;
  fs.rmSync(aside, { recursive: true, force: true });
  privateFolder(aside);
  await generate(aside);
  fs.rmSync(layout.pki, { recursive: true, force: true });
  fs.renameSync(aside, layout.pki);
  return existed ? "renewed" : "made";
}
