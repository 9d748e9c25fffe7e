import * as kubernetes from "../kubernetes/api";
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import type { Settings } from "../../model/settings";
import type { Hardware, Issuer } from "../contracts";
import { managedBy } from "../kubernetes";
import { missingAccess } from "./dns";
import type { CloudflareAccess } from "./dns";

export interface IssuerArgs {
  /** `parseSettings` has refused combinations that cannot work. */
  readonly settings: Pick<Settings, "stack" | "certificates" | "acmeEmail" | "zone">;
  readonly hardware: Pick<Hardware, "provider">;
  /** Provider of the private CA's key; default providers are disabled. */
  readonly tls: tls.Provider;
  /** Only for letsencrypt. */
  readonly cloudflare?: CloudflareAccess | undefined;
}

/**
 * Who signs tenants' certificates.
 * @param opts `dependsOn` the add-on that brings cert-manager, for letsencrypt.
 * @throws InputError for letsencrypt without access to DNS.
 */
export function declareIssuer(args: IssuerArgs, opts: pulumi.CustomResourceOptions = {}): Issuer {
  const { settings, hardware, cloudflare } = args;
  if (settings.certificates === "private-ca") return privateCa(settings, { ...opts, provider: args.tls });
  return letsEncrypt(settings, { ...opts, provider: hardware.provider }, cloudflare);
}

const hoursPerYear = 8766;

/** A certificate authority of the stack's own; its key lives only in the encrypted state. */
function privateCa(settings: IssuerArgs["settings"], opts: pulumi.CustomResourceOptions): Issuer {
  const key = new tls.PrivateKey("issuer/ca-key", { algorithm: "ECDSA", ecdsaCurve: "P256" }, opts);
  const certificate = new tls.SelfSignedCert(
    "issuer/ca",
    {
      privateKeyPem: key.privateKeyPem,
      isCaCertificate: true,
      subject: { commonName: `tenantstack ${settings.stack} private CA`, organization: "tenantstack" },
      allowedUses: ["cert_signing", "crl_signing", "digital_signature"],
      validityPeriodHours: 10 * hoursPerYear,
      // A year for clients to take the next one before this one ends.
      earlyRenewalHours: hoursPerYear,
      setSubjectKeyId: true,
    },
    opts,
  );
  return { kind: "private-ca", certPem: certificate.certPem, keyPem: pulumi.secret(key.privateKeyPem) };
}

/** cert-manager's default namespace, where it looks for secrets of a ClusterIssuer. */
const certManagerNamespace = "cert-manager";
const name = "letsencrypt";

/** Wildcards need DNS-01. */
function letsEncrypt(settings: IssuerArgs["settings"], opts: pulumi.CustomResourceOptions, given: CloudflareAccess | undefined): Issuer {
  const access = given ?? missingAccess(settings.stack, "certificates: letsencrypt");
  const token = new kubernetes.core.v1.Secret(
    "issuer/cloudflare",
    {
      metadata: { namespace: certManagerNamespace, name: "tenantstack-cloudflare", labels: { ...managedBy } },
      type: "Opaque",
      data: { token: pulumi.secret(pulumi.output(access.apiToken).apply((t) => Buffer.from(t).toString("base64"))) },
    },
    opts,
  );
  new kubernetes.apiextensions.CustomResource(
    "issuer/letsencrypt",
    {
      apiVersion: "cert-manager.io/v1",
      kind: "ClusterIssuer",
      metadata: { name, labels: { ...managedBy } },
      spec: {
        acme: {
          server: "https://acme-v02.api.letsencrypt.org/directory",
          ...(settings.acmeEmail !== undefined && { email: settings.acmeEmail }),
          privateKeySecretRef: { name: "letsencrypt-account" },
          solvers: [
            {
              selector: { dnsZones: [settings.zone] },
              dns01: { cloudflare: { apiTokenSecretRef: { name: "tenantstack-cloudflare", key: "token" } } },
            },
          ],
        },
      },
    },
    { ...opts, dependsOn: [token] },
  );
  return { kind: "acme", clusterIssuer: name };
}
