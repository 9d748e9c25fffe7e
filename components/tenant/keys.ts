import { createPrivateKey } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import { internalClaims, jwks, keyId, mint, type InternalClient } from "../../model/tokens";
import { name, type Place } from "./place";

/** A tenant's signing keys: the first mints, all are trusted. */
export interface Keys {
  /** Public keys as the gateway reads them; plain text once the keys exist. */
  readonly jwks: pulumi.Output<string>;
  /** The key that signs. */
  readonly signing: { readonly kid: string; readonly privateKeyPem: pulumi.Output<string> };
  /** A token for a client inside the cluster; a secret that changes only with the signing key. */
  token(client: InternalClient): pulumi.Output<string>;
}

/** One RSA key pair for each entry of the tenant's `keys`; private keys live in encrypted state only. 2048 bits: RFC 7518 section 3.3. */
export function keys(place: Place): Keys {
  const { tenant } = place;
  const pairs = tenant.keys.map((month) => ({
    month,
    kid: keyId(tenant.name, month),
    pair: new tls.PrivateKey(
      name(place, `key-${month}`),
      { algorithm: "RSA", rsaBits: 2048 },
      { ...place.tls, additionalSecretOutputs: ["privateKeyPem", "privateKeyPemPkcs8", "privateKeyOpenssh"] },
    ),
  }));
  const [first] = pairs;
  if (first === undefined) throw new Error(`tenant ${tenant.name} has no keys; model/schema.ts must have refused it`);
  const publicKeys = pulumi.all(pairs.map((p) => p.pair.publicKeyPem));
  const privateKeyPem = pulumi.secret(first.pair.privateKeyPem);
  const privateKey = privateKeyPem.apply(createPrivateKey);
  return {
    jwks: publicKeys.apply((pems) => JSON.stringify(jwks(pems.map((publicKeyPem, i) => ({ kid: pairs[i]?.kid ?? "", publicKeyPem }))))),
    signing: { kid: first.kid, privateKeyPem },
    token: (client) =>
      privateKey.apply((key) =>
        mint({ privateKey: key, kid: first.kid, claims: internalClaims(tenant, place.settings.stack, first.month, client) }),
      ),
  };
}
