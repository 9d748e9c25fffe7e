import * as kubernetes from "../kubernetes/api";
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import { createHash } from "node:crypto";
import { hostNames } from "../../model/hosts";
import { toYaml, textHash } from "../../model/text";
import { serviceLevel } from "../../model/tiers";
import { images } from "../../model/versions";
import { container, podTemplate, selector, service, tenantLabels } from "../kubernetes";
import { secret, type Certificate } from "./certificate";
import { datasources } from "./grafana-config";
import { dashboardFiles, provisioned, provisioningMounts, provisioningVolumes } from "./grafana-dashboards";
import type { Keys } from "./keys";
import { metadata, name, type Place } from "./place";

/** Port of the Grafana Service and container. */
export const grafanaPort = 3000;
const uid = 472;

/** The volume with the dashboards people made; stays while a retired tenant's data is kept. */
export function grafanaVolume(place: Place, storageClass: string | undefined): void {
  new kubernetes.core.v1.PersistentVolumeClaim(
    name(place, "grafana-data"),
    {
      metadata: {
        ...metadata(place, "grafana", "grafana-data"),
        // Bound with the first pod, which is declared after it.
        annotations: { "pulumi.com/skipAwait": "true" },
      },
      spec: {
        accessModes: ["ReadWriteOnce"],
        resources: { requests: { storage: serviceLevel(place.tenant).volumes.grafana } },
        ...(storageClass !== undefined && { storageClassName: storageClass }),
      },
    },
    place.opts,
  );
}

/** Grafana, one pod: SQLite on its volume allows one writer. It reads through the tenant's gateway with a token of its own. */
export function grafana(place: Place, keys: Keys, certificate: Certificate, clientSecret: pulumi.Output<string> | undefined): void {
  const { tenant } = place;
  const provisioning = toYaml(datasources(tenant, place.settings.zone));
  const config = new kubernetes.core.v1.ConfigMap(
    name(place, "grafana-provisioning"),
    {
      metadata: metadata(place, "grafana", "grafana-provisioning"),
      data: { [provisioned.datasources]: provisioning, ...dashboardFiles(tenant) },
    },
    place.opts,
  );
  const withClient = place.tenant.grafana.auth === undefined ? undefined : clientSecret;
  const secrets = credentials(place, keys, withClient);
  const account = new kubernetes.core.v1.ServiceAccount(
    name(place, "grafana"),
    { metadata: metadata(place, "grafana"), automountServiceAccountToken: false },
    place.opts,
  );
  new kubernetes.apps.v1.Deployment(
    name(place, "grafana"),
    {
      metadata: metadata(place, "grafana"),
      spec: {
        replicas: 1,
        strategy: { type: "Recreate" },
        selector: { matchLabels: { ...selector("tenant", "grafana") } },
        template: podTemplate({
          labels: tenantLabels(tenant, "grafana"),
          annotations: { "tenantstack.dev/config": textHash(provisioning), "tenantstack.dev/signing-key": keys.signing.kid },
          serviceAccount: "grafana",
          priorityClass: serviceLevel(tenant).priority.className,
          uid,
          containers: [grafanaContainer(place, certificate, withClient !== undefined)],
          volumes: [
            { name: "data", persistentVolumeClaim: { claimName: "grafana-data" } },
            { name: "tmp", emptyDir: { sizeLimit: "256Mi" } },
            ...provisioningVolumes(tenant),
            ...(certificate.caConfigMap === undefined ? [] : [{ name: "gateway-ca", configMap: { name: certificate.caConfigMap } }]),
          ],
        }),
      },
    },
    { ...place.opts, dependsOn: [config, secrets, account] },
  );
  service(
    name(place, "grafana"),
    { ...metadata(place, "grafana"), pods: selector("tenant", "grafana"), ports: { http: { port: grafanaPort, target: "http" } } },
    place.opts,
  );
}

function grafanaContainer(place: Place, certificate: Certificate, withClientSecret: boolean) {
  const fromSecret = (variable: string, key: string) => ({ name: variable, valueFrom: { secretKeyRef: { name: "grafana-secrets", key } } });
  return container({
    name: "grafana",
    image: images.grafana,
    ports: { http: grafanaPort },
    resources: serviceLevel(place.tenant).resources.grafana,
    ready: { path: "/api/health", port: "http" },
    alive: { path: "/api/health", port: "http" },
    env: [
      ...Object.entries(environment(place)).map(([variable, value]) => ({ name: variable, value })),
      // Go's list of folders with trusted roots (crypto/x509): the image's own and the private CA.
      ...(certificate.caConfigMap === undefined ? [] : [{ name: "SSL_CERT_DIR", value: "/etc/ssl/certs:/etc/gateway-ca" }]),
      fromSecret("GATEWAY_TOKEN", "gateway-token"),
      fromSecret("GF_SECURITY_SECRET_KEY", "secret-key"),
      fromSecret("GF_SECURITY_ADMIN_PASSWORD", "admin-password"),
      ...(withClientSecret ? [fromSecret("GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET", "client-secret")] : []),
    ],
    mounts: [
      { name: "data", mountPath: "/var/lib/grafana" },
      { name: "tmp", mountPath: "/tmp" },
      ...provisioningMounts,
      ...(certificate.caConfigMap === undefined ? [] : [{ name: "gateway-ca", mountPath: "/etc/gateway-ca", readOnly: true }]),
    ],
  });
}

/** Grafana's settings (docs: grafana/setup-grafana/configure-grafana). Nobody is let in but by OIDC or as the break-glass administrator. */
function environment(place: Place): Record<string, string> {
  const { tenant, settings } = place;
  const [host] = hostNames(tenant, settings.zone, "grafana").public;
  const auth = tenant.grafana.auth;
  return {
    GF_SERVER_ROOT_URL: `https://${host}/`,
    GF_ANALYTICS_REPORTING_ENABLED: "false",
    GF_ANALYTICS_CHECK_FOR_UPDATES: "false",
    GF_AUTH_ANONYMOUS_ENABLED: "false",
    GF_SECURITY_COOKIE_SECURE: "true",
    GF_SECURITY_DISABLE_GRAVATAR: "true",
    GF_SECURITY_STRICT_TRANSPORT_SECURITY: "true",
    GF_USERS_ALLOW_SIGN_UP: "false",
    ...(auth !== undefined && {
      GF_AUTH_DISABLE_LOGIN_FORM: "true",
      GF_AUTH_GENERIC_OAUTH_ENABLED: "true",
      GF_AUTH_GENERIC_OAUTH_CLIENT_ID: auth.clientId,
      GF_AUTH_GENERIC_OAUTH_AUTH_URL: `${auth.issuer}/authorize`,
      GF_AUTH_GENERIC_OAUTH_TOKEN_URL: `${auth.issuer}/oauth/token`,
      GF_AUTH_GENERIC_OAUTH_API_URL: `${auth.issuer}/userinfo`,
      GF_AUTH_GENERIC_OAUTH_SCOPES: "openid profile email groups",
      GF_AUTH_GENERIC_OAUTH_USE_PKCE: "true",
      GF_AUTH_GENERIC_OAUTH_ALLOW_SIGN_UP: "true",
      GF_AUTH_GENERIC_OAUTH_ALLOWED_GROUPS: auth.allowedGroups.join(","),
      GF_AUTH_GENERIC_OAUTH_GROUPS_ATTRIBUTE_PATH: "groups",
      GF_AUTH_GENERIC_OAUTH_ROLE_ATTRIBUTE_PATH: "'Editor'",
      GF_AUTH_GENERIC_OAUTH_ROLE_ATTRIBUTE_STRICT: "true",
    }),
  };
}

/** Grafana's own secrets come from a key pair that never rotates: a changed `secret_key` would make its database unreadable. */
function credentials(place: Place, keys: Keys, clientSecret: pulumi.Output<string> | undefined): kubernetes.core.v1.Secret {
  const seed = new tls.PrivateKey(
    name(place, "grafana-seed"),
    { algorithm: "ED25519" },
    { ...place.tls, additionalSecretOutputs: ["privateKeyPem", "privateKeyPemPkcs8", "privateKeyOpenssh"] },
  );
  const derived = (purpose: string) =>
    pulumi.secret(seed.privateKeyPem).apply((pem) => createHash("sha256").update(`${purpose}\n${pem}`).digest("base64url"));
  return secret(place, "grafana", "grafana-secrets", "Opaque", {
    "gateway-token": keys.token("grafana"),
    "secret-key": derived("secret-key"),
    "admin-password": derived("admin-password"),
    ...(clientSecret && { "client-secret": clientSecret }),
  });
}
