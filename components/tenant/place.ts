import type * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type * as tls from "@pulumi/tls";
import { tenantNamespace } from "../../model/names";
import type { Settings } from "../../model/settings";
import type { Tenant } from "../../model/tenant";
import { resourceName, tenantLabels, type Labels } from "../kubernetes";

/** Where a tenant's parts are declared: what every part function is given. */
export interface Place {
  readonly tenant: Tenant;
  readonly settings: Pick<Settings, "stack" | "zone" | "edge" | "cluster">;
  readonly namespace: string;
  /** Options of every Kubernetes object of the tenant: parent, provider, and after its Namespace. */
  readonly opts: pulumi.CustomResourceOptions;
  /** Options of key pairs and certificates. */
  readonly tls: pulumi.CustomResourceOptions;
}

/** Logical name of a part's resource. */
export function name(place: Place, part: string): string {
  return resourceName(place.tenant, part);
}

/** Metadata of an object of a part; every object has a fixed name. */
export function metadata(place: Place, part: string, objectName = part): { namespace: string; name: string; labels: Labels } {
  return { namespace: place.namespace, name: objectName, labels: tenantLabels(place.tenant, part) };
}

/** The place of a tenant under its component, before its Namespace exists. */
export function placeOf(
  tenant: Tenant,
  settings: Place["settings"],
  parent: pulumi.Resource,
  providers: { readonly kubernetes: kubernetes.Provider; readonly tls: tls.Provider },
): Place {
  return {
    tenant,
    settings,
    namespace: tenantNamespace(tenant.name),
    opts: { parent, provider: providers.kubernetes },
    tls: { parent, provider: providers.tls },
  };
}
