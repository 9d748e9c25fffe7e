/** OpenSSH's own formats of keys (PROTOCOL.key of OpenSSH, RFC 4253 section 6.6, RFC 5656, RFC 8709). */
import { createHash, type JsonWebKey, type KeyObject, randomBytes } from "node:crypto";

// OpenSSH knows no P-224: such keys have none of these formats.
const curves: Record<string, string> = { "P-256": "nistp256", "P-384": "nistp384", "P-521": "nistp521" };

function field(data: Buffer | string): Buffer {
  const bytes = Buffer.from(data as string);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

// mpint: unsigned numbers take a zero byte before a set top bit, and no other leading zeros.
function number(base64url: string | undefined): Buffer {
  let bytes = Buffer.from(base64url ?? "", "base64url");
  while (bytes.length > 1 && bytes[0] === 0) bytes = bytes.subarray(1);
  return field((bytes[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
}

function bytes(base64url: string | undefined): Buffer {
  return Buffer.from(base64url ?? "", "base64url");
}

interface Parts {
  type: string;
  /** Fields of the public key after its type. */
  publicFields: Buffer[];
  /** Fields of the private key after its type. */
  privateFields: Buffer[];
}

function ecParts(jwk: JsonWebKey): Parts | undefined {
  const curve = curves[jwk.crv ?? ""];
  if (!curve) return undefined;
  const point = field(Buffer.concat([Buffer.from([4]), bytes(jwk.x), bytes(jwk.y)]));
  return { type: `ecdsa-sha2-${curve}`, publicFields: [field(curve), point], privateFields: [field(curve), point, number(jwk.d)] };
}

function parts(key: KeyObject): Parts | undefined {
  // P-224 has no JWK form either.
  if (key.asymmetricKeyDetails?.namedCurve === "secp224r1") return undefined;
  const jwk = key.export({ format: "jwk" });
  if (jwk.kty === "RSA") {
    const privateFields = [jwk.n, jwk.e, jwk.d, jwk.qi, jwk.p, jwk.q].map(number);
    return { type: "ssh-rsa", publicFields: [number(jwk.e), number(jwk.n)], privateFields };
  }
  if (jwk.kty === "EC") return ecParts(jwk);
  const pair = field(Buffer.concat([bytes(jwk.d), bytes(jwk.x)]));
  return { type: "ssh-ed25519", publicFields: [field(bytes(jwk.x))], privateFields: [field(bytes(jwk.x)), pair] };
}

/** A key's OpenSSH forms; all are empty for P-224, which OpenSSH does not know. */
export interface OpenSshForms {
  /** `ssh-rsa AAAA...` and a newline. */
  publicKey: string;
  /** `OPENSSH PRIVATE KEY`, not encrypted. */
  privateKey: string;
  /** `aa:bb:...` */
  fingerprintMd5: string;
  /** `SHA256:...` */
  fingerprintSha256: string;
}

/** Renders the private key `key` in OpenSSH's formats. */
export function openSshForms(key: KeyObject): OpenSshForms {
  const found = parts(key);
  if (!found) return { publicKey: "", privateKey: "", fingerprintMd5: "", fingerprintSha256: "" };
  const publicBlob = Buffer.concat([field(found.type), ...found.publicFields]);
  const check = randomBytes(4);
  let secret = Buffer.concat([check, check, field(found.type), ...found.privateFields, field("")]);
  // Padding 1, 2, 3, ... to the cipher's block, 8 for none.
  const padding = (8 - (secret.length % 8)) % 8;
  secret = Buffer.concat([secret, Buffer.from(Array.from({ length: padding }, (_, index) => index + 1))]);
  const one = Buffer.from([0, 0, 0, 1]);
  const body = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    field("none"),
    field("none"),
    field(""),
    one,
    field(publicBlob),
    field(secret),
  ]);
  const lines = body.toString("base64").match(/.{1,70}/g) ?? [];
  return {
    publicKey: `${found.type} ${publicBlob.toString("base64")}\n`,
    privateKey: `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines.join("\n")}\n-----END OPENSSH PRIVATE KEY-----\n`,
    fingerprintMd5: (createHash("md5").update(publicBlob).digest("hex").match(/../g) ?? []).join(":"),
    fingerprintSha256: `SHA256:${createHash("sha256").update(publicBlob).digest("base64").replace(/=+$/, "")}`,
  };
}
