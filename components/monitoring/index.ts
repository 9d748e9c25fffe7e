import type * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { platformRules } from "../../model/monitoring";
import { ruleSpec } from "../../model/monitoring/rule";
import { platformTenant, tenantNamespace } from "../../model/names";
import type { Settings } from "../../model/settings";
import type { Tenant } from "../../model/tenant";
import { prometheusRule, systemLabels } from "../kubernetes";
import { declareLogsNamespace, logs } from "./logs";
import type { Platform } from "./platform";
import { scraping } from "./scraping";

/** The platform's own tenant, `system`. */
export interface Own {
  readonly tenant: Tenant;
  /** A token of its own for a client inside the cluster. */
  readonly token: Platform["token"];
}

export interface MonitoringArgs {
  readonly settings: Pick<Settings, "stack" | "zone" | "cluster" | "hardware" | "s3">;
  readonly provider: kubernetes.Provider;
  /** undefined: there is no such tenant. */
  readonly own: Own | undefined;
  /** PEM; undefined where public roots sign. */
  readonly certificateAuthority: pulumi.Output<string> | undefined;
  /** Priority class of the shared systems' pods. */
  readonly priorityClass: string;
}

/** Declares what the platform says of itself, or warns, once a run, that nobody will hear it. */
export function monitoring(args: MonitoringArgs, opts: { readonly dependsOn: pulumi.Resource[] }): void {
  const reason = unobserved(args.own?.tenant);
  if (args.own === undefined || reason !== undefined) void pulumi.log.warn(reason ?? "");
  else new Monitoring("monitoring", { ...args, own: args.own }, opts);
}

/** Why nothing can be recorded; undefined: all is well. */
export function unobserved(tenant: Pick<Tenant, "state" | "apis"> | undefined): string | undefined {
  const lost = "so nothing records the platform's metrics and nobody is alerted (docs/monitoring.md)";
  if (tenant === undefined || tenant.state === "retired") return `There is no tenant \`${platformTenant}\`, ${lost}`;
  return tenant.apis.includes("metrics") ? undefined : `Tenant \`${platformTenant}\` has no \`metrics\` among its apis, ${lost}`;
}

/**
 * What the platform says of itself: scraping, rules, alerts and logs, all of it into tenant `system`, whose Grafana has the dashboards. It knows no
 * other tenant by name, so tenants come and go without a change here.
 */
class Monitoring extends pulumi.ComponentResource {
  public constructor(name: string, args: MonitoringArgs & { readonly own: Own }, opts: { readonly dependsOn: pulumi.Resource[] }) {
    super("tenantstack:monitoring:Monitoring", name, {}, opts);
    const { tenant, token } = args.own;
    const { stack, zone, cluster, hardware, s3 } = args.settings;
    const platform: Platform = {
      tenant,
      token,
      zone,
      cluster: stack,
      facts: { cluster, hardware, s3, metrics: tenant.metrics, logs: tenant.apis.includes("logs") },
      certificateAuthority: args.certificateAuthority,
      priorityClass: args.priorityClass,
      opts: { parent: this, provider: args.provider, dependsOn: opts.dependsOn },
    };
    const room = tenant.apis.includes("logs") ? declareLogsNamespace(platform.opts) : undefined;
    scraping(platform, room);
    rules(platform);
    if (room !== undefined) logs(platform, room);
    this.registerOutputs({});
  }
}

function rules({ facts, opts }: Platform): void {
  for (const [name, groups] of Object.entries(platformRules(facts)))
    prometheusRule(
      `platform/rules-${name}`,
      {
        namespace: tenantNamespace(platformTenant),
        name: `platform-${name}`,
        labels: systemLabels("platform", "rules"),
        spec: ruleSpec(groups),
      },
      opts,
    );
}
