import type { types } from "@pulumi/kubernetes";
import { dashboardsOf } from "../../model/monitoring";
import type { Tenant } from "../../model/tenant";
import { toYaml } from "../../model/text";

/** Files of Grafana's provisioning in their one ConfigMap, besides the dashboards themselves. */
export const provisioned = { datasources: "datasources.yaml", dashboards: "dashboards.yaml" } as const;

const folder = "/etc/grafana/dashboards";

/** Grafana looks every minute, so a changed dashboard needs no new pod. Fields: its page on provisioning, dashboards. */
const provider = toYaml({
  apiVersion: 1,
  providers: [
    {
      name: "tenantstack",
      type: "file",
      allowUiUpdates: false,
      disableDeletion: false,
      updateIntervalSeconds: 60,
      options: { path: folder },
    },
  ],
});

/** The provider's file and one file for each dashboard. A tenant without metrics has none: there is nothing that they could show. */
export function dashboardFiles(tenant: Pick<Tenant, "name" | "apis">): Record<string, string> {
  return { [provisioned.dashboards]: provider, ...dashboardsOf(tenant) };
}

/** The ConfigMap three times over, each with the files that Grafana looks for in one folder. */
export function provisioningVolumes(tenant: Pick<Tenant, "name" | "apis">): types.input.core.v1.Volume[] {
  const volume = (name: string, files: readonly string[]) => ({
    name,
    configMap: { name: "grafana-provisioning", items: files.map((file) => ({ key: file, path: file })) },
  });
  const dashboards = Object.keys(dashboardsOf(tenant));
  return [
    volume("datasources", [provisioned.datasources]),
    volume("dashboard-provider", [provisioned.dashboards]),
    // Without `items` all keys would be there.
    dashboards.length > 0 ? volume("dashboards", dashboards) : { name: "dashboards", emptyDir: {} },
  ];
}

/** Where they are mounted. */
export const provisioningMounts: types.input.core.v1.VolumeMount[] = [
  { name: "datasources", mountPath: "/etc/grafana/provisioning/datasources", readOnly: true },
  { name: "dashboard-provider", mountPath: "/etc/grafana/provisioning/dashboards", readOnly: true },
  { name: "dashboards", mountPath: folder, readOnly: true },
];
