import { maxTokenSeconds, tokenIssuer } from "../../../model/tokens";
import { filters, live, requirements, typed, type Config, type GatewayInput, type Places } from "./input";
import { discovery } from "./text";

/** Seconds by which clocks may differ. Envoy's 0 would mean its default of 60; stated, so that it does not change under us. */
const clockSkewSeconds = 60;
/** Envoy counts from now, the model from a token's making: a key, and so its clients' tokens, may be listed some months ahead. */
const maxLifetimeSeconds = maxTokenSeconds + 5 * 31 * 86400;

/** `keys.yaml`: the token check as a live filter. `jwks` is the JSON text of the tenant's public keys. */
export function renderKeys(input: Pick<GatewayInput, "stack">, jwks: string): string {
  const provider = (where: Config): Config => ({
    issuer: tokenIssuer,
    audiences: [input.stack],
    require_expiration: true,
    max_lifetime: `${maxLifetimeSeconds}s`,
    clock_skew_seconds: clockSkewSeconds,
    local_jwks: { inline_string: jwks },
    // `forward` stays off: the stores and the collector need no token, so none reaches them.
    payload_in_metadata: "token",
    ...where,
  });
  const header = { name: "Authorization", value_prefix: "Bearer " };
  return discovery(
    typed("config.core.v3.TypedExtensionConfig", {
      name: filters.jwt,
      typed_config: typed("extensions.filters.http.jwt_authn.v3.JwtAuthentication", {
        providers: {
          // Named places only: left alone, Envoy would take a token from the query parameter `access_token` too.
          [requirements.bearer]: provider({ from_headers: [header] }),
          [requirements.datadog]: provider({ from_headers: [{ name: "DD-API-KEY" }], from_params: ["api_key"] }),
        },
        requirement_map: {
          [requirements.datadog]: { provider_name: requirements.datadog },
        },
        // Whatever no host or route speaks of needs a token.
        rules: [{ match: { prefix: "/" }, requires: { provider_name: requirements.bearer } }],
      }),
    }),
  );
}

/** `sds.yaml`: says where the certificate is; Envoy reads it again when the Secret's mount changes. */
export function renderCertificates(places: Pick<Places, "folders">): string {
  const folder = places.folders.tls;
  return discovery(
    typed("extensions.transport_sockets.tls.v3.Secret", {
      name: live.certificate,
      tls_certificate: {
        certificate_chain: { filename: `${folder}/tls.crt` },
        private_key: { filename: `${folder}/tls.key` },
        watched_directory: { path: folder },
      },
    }),
  );
}
