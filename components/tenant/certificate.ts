import * as kubernetes from "../kubernetes/api";
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import { certificateNames } from "../../model/hosts";
import type { Issuer } from "../contracts";
import { metadata, name, type Place } from "./place";

/** What the gateway and its clients inside the cluster need of the certificate. */
export interface Certificate {
  /** Name of the `kubernetes.io/tls` Secret. */
  readonly secretName: string;
  /** ConfigMap with key `ca.crt` that clients must trust; undefined where public roots do. */
  readonly caConfigMap: string | undefined;
}

const secretName = "gateway-tls";
const caConfigMap = "gateway-ca";

/** The tenant's certificate for `<t>.<zone>`, `*.<t>.<zone>` and its own domain. */
export function certificate(place: Place, issuer: Issuer): Certificate {
  if (issuer.kind === "acme") {
    acme(place, issuer.clusterIssuer);
    return { secretName, caConfigMap: undefined };
  }
  privateCa(place, issuer);
  return { secretName, caConfigMap };
}

function acme(place: Place, clusterIssuer: string): void {
  new kubernetes.apiextensions.CustomResource(
    name(place, "certificate"),
    {
      apiVersion: "cert-manager.io/v1",
      kind: "Certificate",
      metadata: metadata(place, "certificate", "gateway"),
      spec: {
        secretName,
        dnsNames: certificateNames(place.tenant, place.settings.zone),
        // Same key algorithm as the private CA; a new key with each renewal.
        privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
        issuerRef: { group: "cert-manager.io", kind: "ClusterIssuer", name: clusterIssuer },
      },
    },
    place.opts,
  );
}

function privateCa(place: Place, issuer: Extract<Issuer, { kind: "private-ca" }>): void {
  const dnsNames = certificateNames(place.tenant, place.settings.zone);
  const key = new tls.PrivateKey(name(place, "certificate-key"), { algorithm: "ECDSA", ecdsaCurve: "P256" }, place.tls);
  const request = new tls.CertRequest(
    name(place, "certificate-request"),
    { privateKeyPem: key.privateKeyPem, dnsNames, subject: { commonName: dnsNames[0] ?? place.tenant.name } },
    place.tls,
  );
  const signed = new tls.LocallySignedCert(
    name(place, "certificate"),
    {
      certRequestPem: request.certRequestPem,
      caCertPem: issuer.certPem,
      caPrivateKeyPem: issuer.keyPem,
      // 397 days is the longest that clients accept (CA/Browser Forum ballot SC22); the `up` of the last month renews it.
      validityPeriodHours: 397 * 24,
      earlyRenewalHours: 30 * 24,
      allowedUses: ["digital_signature", "server_auth"],
    },
    place.tls,
  );
  secret(place, "gateway", secretName, "kubernetes.io/tls", { "tls.crt": signed.certPem, "tls.key": pulumi.secret(key.privateKeyPem) });
  new kubernetes.core.v1.ConfigMap(
    name(place, "gateway-ca"),
    { metadata: metadata(place, "gateway", caConfigMap), data: { "ca.crt": issuer.certPem } },
    place.opts,
  );
}

/** A Secret from plain text values; `data`, since a diff of `stringData` shows both. */
export function secret(
  place: Place,
  part: string,
  objectName: string,
  type: string,
  values: Readonly<Record<string, pulumi.Output<string>>>,
): kubernetes.core.v1.Secret {
  const data = Object.fromEntries(
    Object.entries(values).map(([k, v]) => [k, v.apply((text) => Buffer.from(text).toString("base64"))] as const),
  );
  return new kubernetes.core.v1.Secret(
    name(place, objectName),
    { metadata: metadata(place, part, objectName), type, data },
    { ...place.opts, additionalSecretOutputs: ["data"] },
  );
}
