/** Private keys: generated, read, and brought into the forms of the tls package. */
import { createHash, createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import { UserError } from "../protocol/errors";
import type { Fields } from "../protocol/values";
import { openSshForms } from "./openssh";

/** Algorithms as the tls package names them. */
export type Algorithm = "RSA" | "ECDSA" | "ED25519";

/** Curves as the tls package names them, with OpenSSL's names. */
export const curves: Record<string, string> = { P224: "secp224r1", P256: "prime256v1", P384: "secp384r1", P521: "secp521r1" };

// In libuv's thread pool: a 4096 bit RSA key takes seconds, during which other requests go on.
const generate = promisify(generateKeyPair);

/** A new private key. `curve` counts for ECDSA, `bits` for RSA. */
export async function newKey(algorithm: Algorithm, curve: string, bits: number): Promise<KeyObject> {
  if (algorithm === "RSA") return (await generate("rsa", { modulusLength: bits })).privateKey;
  if (algorithm === "ED25519") return (await generate("ed25519", undefined)).privateKey;
  return (await generate("ec", { namedCurve: curves[curve] ?? curve })).privateKey;
}

/** Reads a private key in any PEM form. Throws `UserError` that does not repeat the key. */
export function readKey(pem: string, property: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw new UserError(`${property} is not an unencrypted private key in PEM format (PKCS #1, PKCS #8 or SEC 1)`);
  }
}

/** The algorithm of a key. Throws `UserError` for one the tls package does not have. */
export function algorithmOf(key: KeyObject): Algorithm {
  const names: Record<string, Algorithm> = { rsa: "RSA", ec: "ECDSA", ed25519: "ED25519" };
  const algorithm = names[key.asymmetricKeyType ?? ""];
  if (!algorithm) throw new UserError(`keys of type ${key.asymmetricKeyType} are not supported; use RSA, ECDSA or ED25519`);
  return algorithm;
}

function privatePem(key: KeyObject, algorithm: Algorithm): string {
  const type = ({ RSA: "pkcs1", ECDSA: "sec1", ED25519: "pkcs8" } as const)[algorithm];
  return key.export({ format: "pem", type }).toString();
}

/** What a PrivateKey resource puts out, and its id: the SHA-1 of the public key in PEM. */
export function keyOutputs(key: KeyObject): { id: string; outputs: Fields } {
  const algorithm = algorithmOf(key);
  const publicKeyPem = createPublicKey(key).export({ format: "pem", type: "spki" }).toString();
  const ssh = openSshForms(key);
  return {
    id: createHash("sha1").update(publicKeyPem).digest("hex"),
    outputs: {
      privateKeyPem: privatePem(key, algorithm),
      privateKeyPemPkcs8: key.export({ format: "pem", type: "pkcs8" }).toString(),
      privateKeyOpenssh: ssh.privateKey,
      publicKeyPem,
      publicKeyOpenssh: ssh.publicKey,
      publicKeyFingerprintMd5: ssh.fingerprintMd5,
      publicKeyFingerprintSha256: ssh.fingerprintSha256,
    },
  };
}
