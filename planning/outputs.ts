import { generateKeyPairSync } from "node:crypto";
import type { Outputs } from "./record";

let pair: { privateKeyPem: string; publicKeyPem: string } | undefined;

/** One key pair for the whole process: making one takes 100 ms, and what is recorded must not differ from run to run. */
function keyPair(): { privateKeyPem: string; publicKeyPem: string } {
  if (pair === undefined) {
    const made = generateKeyPairSync("rsa", { modulusLength: 2048 });
    pair = {
      privateKeyPem: made.privateKey.export({ type: "pkcs1", format: "pem" }).toString(),
      publicKeyPem: made.publicKey.export({ type: "spki", format: "pem" }).toString(),
    };
  }
  return pair;
}

/** What providers would add to the inputs, for the types this program declares; a type that is not named adds nothing. */
export const providerOutputs: Outputs = (args) => {
  switch (args.type) {
    case "tls:index/privateKey:PrivateKey":
      return { ...keyPair() };
    case "tls:index/certRequest:CertRequest":
      return { certRequestPem: `request of ${args.name}` };
    case "tls:index/selfSignedCert:SelfSignedCert":
    case "tls:index/locallySignedCert:LocallySignedCert":
      return { certPem: `certificate of ${args.name}` };
    default:
      return {};
  }
};
