import * as kubernetes from "../../kubernetes/api";
import type * as pulumi from "@pulumi/pulumi";
import { systemNamespaces } from "../../../model/names";
import type { Tenant } from "../../../model/tenant";
import { serviceLevel } from "../../../model/tiers";
import { images } from "../../../model/versions";
import type { Address, SharedCluster } from "../../contracts";
import { container, managedBy, networkPolicy, podTemplate, resourceName, selector, service, tenantLabel } from "../../kubernetes";
import type { Arrow, ContainerArgs, Labels } from "../../kubernetes";
import { ports } from "../addresses";
import { frontendArgs, queryArgs } from "./query-config";
import { alive, component, partWith, bucketlessAccount, querierPorts, ready, sizes, uid } from "./parts";

const namespace = systemNamespaces.thanos;
const { http, grpc } = ports.thanos;

/** What of a tenant a querier of its own needs. */
export type QuerierOwner = Pick<Tenant, "name" | "storageId" | "tier" | "service">;
/** Declares a tenant's own querier and says where its gateway finds it. */
export type DedicatedQuerier = typeof dedicatedQuerier;

interface Part {
  readonly tenant: QuerierOwner;
  readonly name: "query" | "frontend";
  readonly role: Labels;
  readonly container: Omit<ContainerArgs, "name" | "image" | "ready" | "alive">;
  readonly from: Arrow;
  readonly to: Arrow;
}

/**
 * A querier and its front end for one tenant, with the tenant fixed and enforced in both. They live in namespace `thanos`, because
 * StoreAPI knows no tenancy and so must stay inside it; only this tenant's gateway reaches the front end, only the front end the querier.
 * @param cluster where the stores are; the namespace and the account `thanos-query` are the shared cluster's.
 * @returns the address for the gateway's `thanos.query`.
 */
export function dedicatedQuerier(tenant: QuerierOwner, cluster: SharedCluster, opts: pulumi.CustomResourceOptions): Address {
  const querier = declare(
    {
      tenant,
      name: "query",
      role: component.querier,
      container: {
        args: queryArgs(cluster.thanos.stores, { kind: "fixed", tenant: tenant.storageId }),
        ports: querierPorts,
        resources: sizes.querier,
      },
      from: { peer: { pods: podsOf(tenant, "frontend") }, ports: [http] },
      to: { peer: { pods: partWith(component.store) }, ports: [grpc] },
    },
    opts,
  );
  return declare(
    {
      tenant,
      name: "frontend",
      role: dedicatedFrontend,
      container: { args: frontendArgs(querier, tenant.storageId), ports: { http }, resources: sizes.frontend },
      from: { peer: { pods: selector("tenant", "gateway"), namespaces: { [tenantLabel]: tenant.name } }, ports: [http] },
      to: { peer: { pods: podsOf(tenant, "query") }, ports: [http] },
    },
    opts,
  );
}

/** Not the role of the shared front end: that one may ask the shared querier. */
const dedicatedFrontend: Labels = { "app.kubernetes.io/component": "dedicated-query-frontend" };

/** The name ends in the part, so tenants `a` and `a-query` cannot meet; `dedicated-` keeps it apart from the shared parts. */
const objectName = (tenant: QuerierOwner, part: Part["name"]) => `dedicated-${tenant.name}-${part}`;

const podsOf = (tenant: QuerierOwner, part: Part["name"]): Labels => ({
  ...selector("thanos", `dedicated-${part}`),
  [tenantLabel]: tenant.name,
});

/** Deployment, Service and NetworkPolicy of one part. */
function declare(part: Part, opts: pulumi.CustomResourceOptions): Address {
  const name = objectName(part.tenant, part.name);
  const pods = podsOf(part.tenant, part.name);
  const labels = { ...managedBy, ...pods };
  const logical = resourceName(part.tenant, `thanos-${part.name}`);
  new kubernetes.apps.v1.Deployment(
    logical,
    {
      metadata: { namespace, name, labels },
      spec: {
        replicas: 1,
        selector: { matchLabels: { ...pods } },
        template: podTemplate({
          labels: { ...labels, ...part.role },
          serviceAccount: bucketlessAccount,
          priorityClass: serviceLevel(part.tenant).priority.className,
          uid,
          graceSeconds: 120,
          containers: [container({ ...part.container, name: part.name, image: images.thanos, ready, alive })],
        }),
      },
    },
    opts,
  );
  service(`${logical}-service`, { namespace, name, labels, pods, ports: { http: { port: http, target: http } } }, opts);
  networkPolicy(`${logical}-policy`, { namespace, name, labels, pods, from: [part.from], to: [part.to] }, opts);
  return { host: `${name}.${namespace}.svc`, port: http };
}
