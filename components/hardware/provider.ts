/**
 * How the one Kubernetes provider works, on any hardware: server-side apply, so that foreign fields are left alone; ConfigMaps and Secrets
 * change in place, because limits, routes and certificates are reloaded live and a replaced object would restart their readers.
 */
export const providerFlags = { enableServerSideApply: true, enableConfigMapMutable: true, enableSecretMutable: true } as const;
