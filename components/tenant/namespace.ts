import * as kubernetes from "../kubernetes/api";
import { defaultDeny, restrictedNamespace, scrapedBy, tenantLabels } from "../kubernetes";
import { metadata, name, type Place } from "./place";

/**
 * The tenant's namespace with its quota and default-deny policy; returns the place with every later object declared after the Namespace.
 * Only the Namespace is protected, and only while the tenant is not retired: the engine refuses to lose it, and nothing else inherits that.
 */
export function namespace(place: Place): Place {
  const { tenant } = place;
  const ns = restrictedNamespace(
    name(place, "namespace"),
    {
      name: place.namespace,
      labels: { ...tenantLabels(tenant, "namespace"), [scrapedBy]: tenant.name },
      annotations: { "tenantstack.dev/owner": tenant.owner, "tenantstack.dev/description": tenant.description },
    },
    { ...place.opts, protect: tenant.state !== "retired" },
  );
  const inside: Place = { ...place, opts: { ...place.opts, dependsOn: [ns] } };
  if (tenant.state === "retired") return inside;
  quota(inside);
  defaultDeny(name(inside, "default-deny"), { namespace: place.namespace, labels: tenantLabels(tenant, "policy") }, inside.opts);
  return inside;
}

/** Bounds on what the namespace can take from the cluster: a few times what this program declares there, so that a runaway stays the tenant's own. */
function quota(place: Place): void {
  new kubernetes.core.v1.ResourceQuota(
    name(place, "quota"),
    {
      metadata: metadata(place, "quota", "tenant"),
      spec: {
        hard: {
          pods: "30",
          services: "20",
          "services.loadbalancers": "0",
          "services.nodeports": "0",
          persistentvolumeclaims: "4",
          "requests.cpu": "32",
          "requests.memory": "64Gi",
          "requests.storage": "500Gi",
        },
      },
    },
    place.opts,
  );
  // Containers that others add to our pods (the operator's configuration reloader) get requests and limits too.
  new kubernetes.core.v1.LimitRange(
    name(place, "limit-range"),
    {
      metadata: metadata(place, "quota", "tenant"),
      spec: { limits: [{ type: "Container", default: { cpu: "100m", memory: "64Mi" }, defaultRequest: { cpu: "10m", memory: "64Mi" } }] },
    },
    place.opts,
  );
}
