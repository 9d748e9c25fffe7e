/** Settings of stack dev (Pulumi.dev.yaml) as the engine hands them to the program. */
export const devConfig: Readonly<Record<string, string>> = {
  "tenantstack:zone": "obs.localhost",
  "tenantstack:hardware": "existing",
  "tenantstack:dns": "none",
  "tenantstack:certificates": "private-ca",
  "tenantstack:edge": "none",
  "tenantstack:cluster": JSON.stringify({ size: "single" }),
};
