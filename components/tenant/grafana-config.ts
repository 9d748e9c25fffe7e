import { hostNames } from "../../model/hosts";
import { tenantNamespace } from "../../model/names";
import type { Tenant } from "../../model/tenant";

interface Datasource {
  readonly name: string;
  readonly uid: string;
  readonly type: string;
  readonly access: "proxy";
  readonly url: string;
  readonly editable: false;
  readonly isDefault?: boolean;
  readonly jsonData: Readonly<Record<string, unknown>>;
  readonly secureJsonData: { readonly httpHeaderValue1: string };
}

/**
 * Grafana's datasource provisioning file. Every datasource goes through the tenant's gateway, by its Service name and with the public host
 * as TLS server name; `$GATEWAY_TOKEN` is filled in by Grafana from its environment, so that the file holds no secret.
 * Fields: Grafana docs, administration/provisioning and datasources/{prometheus,loki,alertmanager}.
 */
export function datasources(tenant: Tenant, zone: string): object {
  const ns = tenantNamespace(tenant.name);
  const through = (service: string, host: string | undefined, jsonData: object) => ({
    access: "proxy" as const,
    editable: false as const,
    url: `https://${service}.${ns}.svc`,
    jsonData: { ...jsonData, httpHeaderName1: "Authorization", serverName: host },
    secureJsonData: { httpHeaderValue1: "Bearer $GATEWAY_TOKEN" },
  });
  const host = (kind: "cortex" | "loki" | "thanos") => hostNames(tenant, zone, kind).public[0];
  const list: Datasource[] = [];
  if (tenant.apis.includes("metrics") && tenant.metrics === "cortex") {
    const cortex = through("grafana-datasource-splitter-cortex", host("cortex"), {
      prometheusType: "Cortex",
      manageAlerts: true,
      alertmanagerUid: "alertmanager",
      httpMethod: "POST",
    });
    list.push({ name: "Metrics", uid: "metrics", type: "prometheus", isDefault: true, ...cortex, url: `${cortex.url}/api/prom` });
    const alertmanager = through("grafana-datasource-splitter-cortex", host("cortex"), {
      implementation: "cortex",
      handleGrafanaManagedAlerts: false,
    });
    list.push({ name: "Alertmanager", uid: "alertmanager", type: "alertmanager", ...alertmanager });
  }
  if (tenant.apis.includes("metrics") && tenant.metrics === "thanos") {
    const thanos = through("thanos-api", host("thanos"), { prometheusType: "Thanos", manageAlerts: false, httpMethod: "POST" });
    list.push({ name: "Metrics", uid: "metrics", type: "prometheus", isDefault: true, ...thanos });
  }
  if (tenant.apis.includes("logs")) {
    const manageAlerts = tenant.metrics === "cortex" && tenant.apis.includes("metrics");
    const loki = through("grafana-datasource-splitter-loki", host("loki"), {
      manageAlerts,
      ...(manageAlerts && { alertmanagerUid: "alertmanager" }),
    });
    list.push({ name: "Logs", uid: "logs", type: "loki", ...loki });
  }
  return { apiVersion: 1, prune: true, datasources: list };
}
