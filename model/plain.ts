import { resolveTenant } from "./resolve";
import type { TenantFile } from "./schema";
import type { Tenant, Tier } from "./tenant";

/** A tenant of a tier with nothing else said: what a tier's defaults are, as the program applies them. */
export function plainTenant(tier: Tier, more: Partial<TenantFile> = {}): Tenant {
  const file: TenantFile = { owner: "a@example.com", description: "a", keys: ["2026-11"], tier, ...more };
  return resolveTenant({ name: "example", storageId: "example", file: "tenants/example.yaml" }, file);
}
