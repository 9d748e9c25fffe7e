import { gatewayAlertGroups } from "./alerts-gateways";
import { platformAlertGroups } from "./alerts-platform";
import { storageAlertGroups } from "./alerts-storage";
import { storeAlertGroups } from "./alerts-stores";
import { tenantAlerts } from "./alerts-tenants";
import { capacityGroups } from "./capacity";
import type { CapacityFacts } from "./capacity";
import { gatewayGroups, sharedAlerts } from "./gateways";
import type { RuleGroup } from "./rule";
import { storeGroups } from "./stores";
import { tenantGroups } from "./tenants";
import { usageGroups } from "./usage";
import type { MetricsSystem } from "../tenant";

export type { CapacityFacts } from "./capacity";

/** What the platform's rules depend on: the shape of the cluster, and where the platform's own tenant keeps its metrics. */
export interface PlatformFacts extends CapacityFacts {
  readonly metrics: MetricsSystem;
}

/** Rules of the platform's own Prometheus, by the name of the object that holds them. They depend on the cluster's size, never on its tenants. */
export function platformRules(facts: PlatformFacts): Readonly<Record<string, readonly RuleGroup[]>> {
  return {
    capacity: capacityGroups(facts),
    gateways: [...gatewayGroups, ...gatewayAlertGroups],
    platform: platformAlertGroups(facts.metrics === "cortex"),
    stores: [...storeGroups, ...storeAlertGroups(facts), ...storageAlertGroups(facts)],
    tenants: [...tenantGroups, { name: "tenant-alerts", interval: "1m", rules: tenantAlerts }],
    usage: usageGroups,
  };
}

/** Rules of a tenant's own Prometheus, over its own gateway: the same text for every tenant. */
export const tenantRules: readonly RuleGroup[] = [...gatewayGroups, { name: "gateway-alerts", rules: sharedAlerts }];
