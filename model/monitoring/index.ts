import { platformTenant } from "../names";
import type { MetricsSystem, Tenant } from "../tenant";
import { gatewayAlertGroups } from "./alerts-gateways";
import { platformAlertGroups } from "./alerts-platform";
import { storageAlertGroups } from "./alerts-storage";
import { storeAlertGroups } from "./alerts-stores";
import { tenantAlerts } from "./alerts-tenants";
import { capacityGroups } from "./capacity";
import type { CapacityFacts } from "./capacity";
import { gatewayGroups, sharedAlerts } from "./gateways";
import { dashboardJson } from "./dashboard";
import type { Dashboard } from "./dashboard";
import { tenantDashboard } from "./dashboard-tenant";
import { operatorDashboards } from "./dashboards-operators";
import type { RuleGroup } from "./rule";
import { storeGroups } from "./stores";
import { tenantGroups } from "./tenants";
import { usageGroups } from "./usage";

export type { CapacityFacts } from "./capacity";

/** What the platform's rules depend on: the shape of the cluster, and where the platform's own tenant keeps its metrics. */
export interface PlatformFacts extends CapacityFacts {
  readonly metrics: MetricsSystem;
  /** Whether it takes logs. */
  readonly logs: boolean;
}

/** Rules of the platform's own Prometheus, by the name of the object that holds them. They depend on the cluster's size, never on its tenants. */
export function platformRules(facts: PlatformFacts): Readonly<Record<string, readonly RuleGroup[]>> {
  return {
    capacity: capacityGroups(facts),
    gateways: [...gatewayGroups, ...gatewayAlertGroups],
    platform: platformAlertGroups(facts),
    stores: [...storeGroups, ...storeAlertGroups(facts), ...storageAlertGroups(facts)],
    tenants: [...tenantGroups, { name: "tenant-alerts", interval: "1m", rules: tenantAlerts }],
    usage: usageGroups,
  };
}

/** Rules of a tenant's own Prometheus, over its own gateway: the same text for every tenant. */
export const tenantRules: readonly RuleGroup[] = [...gatewayGroups, { name: "gateway-alerts", rules: sharedAlerts }];

const filesOf = (dashboards: readonly Dashboard[]) => Object.fromEntries(dashboards.map((one) => [`${one.uid}.json`, dashboardJson(one)]));
/** Written once: they are the same for all tenants. */
const ownFiles = filesOf([tenantDashboard]);

/** Dashboards of a tenant's Grafana, by file name: its own, and for the platform's tenant those of operators; none without metrics. */
export function dashboardsOf({ name, apis }: Pick<Tenant, "name" | "apis">): Readonly<Record<string, string>> {
  if (!apis.includes("metrics")) return {};
  return name === platformTenant ? { ...ownFiles, ...filesOf(operatorDashboards) } : ownFiles;
}
