import { platformTenant } from "../../../model/names";
import { toYaml } from "../../../model/text";
import type { Address } from "../../contracts";
import { common, listen, noPages, objectStore, replica, ruleReplica, tenantLabelName, type StorageShape } from "./flags";

/** Flags: docs/components/rule.md of Thanos v0.42.4. */

export const rulesPath = "/etc/thanos-rules";
export const rulesFile = "rules.yaml";
/** No rules yet: what the platform records and alerts on is written elsewhere. */
export const noRules = toYaml({ groups: [] });

/**
 * Evaluates the platform's own rules: they see all tenants, through the operators' querier, and what they make belongs to the platform's tenant.
 * They notify nobody: Cortex' Alertmanagers want a tenant's header, which v0.42.4 cannot send (pkg/clientconfig/http.go). Alerts are read as series.
 */
export function ruleArgs(storage: StorageShape, querier: Address): string[] {
  return [
    "rule",
    ...common,
    ...listen,
    noPages,
    "--data-dir=/data",
    `--rule-file=${rulesPath}/${rulesFile}`,
    `--query=http://${querier.host}:${querier.port}`,
    `--label=${tenantLabelName}="${platformTenant}"`,
    replica(ruleReplica),
    `--alert.label-drop=${ruleReplica}`,
    ...objectStore(storage),
  ];
}
