import * as kubernetes from "../kubernetes/api";
import type { SharedCluster } from "../contracts";
import { metadata, name, type Place } from "./place";

/** The name by which the field knows a tenant's Alertmanager; it is Cortex's, which needs the tenant header that only the gateway sets. */
export function alerting(place: Place, cluster: SharedCluster): void {
  if (place.tenant.metrics !== "cortex" || !place.tenant.apis.includes("metrics")) return;
  new kubernetes.core.v1.Service(
    name(place, "cortex-alertmanager"),
    {
      metadata: metadata(place, "alerting", "cortex-alertmanager"),
      spec: { type: "ExternalName", externalName: `${cluster.cortex.alertmanager.host}.cluster.local` },
    },
    place.opts,
  );
}
