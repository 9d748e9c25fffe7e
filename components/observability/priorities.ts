import type * as pulumi from "@pulumi/pulumi";
import { priorities } from "../../model/tiers";
import { managedBy } from "../kubernetes";
import * as kubernetes from "../kubernetes/api";
import { sharedPriority } from "./system";

/**
 * Who gives way when a node is short: small tenants first, the shared systems last. Classes are cluster-scoped, so they are declared once, with
 * the shared systems, and stacks of tenants on the same cluster use them.
 */
export function priorityClasses(opts: pulumi.CustomResourceOptions): kubernetes.scheduling.v1.PriorityClass[] {
  const shared = "The shared Cortex, Loki and Thanos: before any tenant's own pods";
  const tenants = Object.entries(priorities).map(
    ([tier, { className, value }]) => [`observability/${className}`, className, value, `Pods of tenants of priority ${tier}`] as const,
  );
  const all = [["observability/priority", sharedPriority.className, sharedPriority.value, shared] as const, ...tenants];
  return all.map(
    ([name, className, value, description]) =>
      new kubernetes.scheduling.v1.PriorityClass(name, { metadata: { name: className, labels: managedBy }, value, description }, opts),
  );
}
