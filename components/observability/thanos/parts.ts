import { singleSizes } from "../../../model/capacity";
import type { ContainerArgs, Labels } from "../../kubernetes";
import { ports } from "../addresses";
import type { WorkloadArgs } from "../workload";

/** The image's own user, as kube-thanos runs it. */
export const uid = 65534;
/** Account of what only asks stores or hands samples on: it must not reach the bucket. */
export const bucketlessAccount = "thanos-query";

const label = "app.kubernetes.io/component";
/** Roles that network policies speak of, since several parts have the same one. */
export const component = {
  /** Speaks StoreAPI, which knows no tenants. */
  store: { [label]: "store" },
  /** May ask stores. */
  querier: { [label]: "querier" },
  /** May ask the queriers of all tenants, with a tenant's header. */
  frontend: { [label]: "query-frontend" },
  /** Deletes and rewrites blocks. */
  compactor: { [label]: "compactor" },
} as const satisfies Record<string, Labels>;

/** Pods of Thanos with a role. */
export function partWith(role: Labels): Labels {
  return { "app.kubernetes.io/part-of": "thanos", ...role };
}

export const ready: ContainerArgs["ready"] = { path: "/-/ready", port: "http" };
export const alive: NonNullable<ContainerArgs["alive"]> = { path: "/-/healthy", port: "http" };
export const querierPorts = { http: ports.thanos.http, grpc: ports.thanos.grpc };

export const sizes = {
  querier: singleSizes.querier.resources,
  frontend: singleSizes.frontend.resources,
};

/** How many pods of a part, and what each gets. */
export type Size = Pick<WorkloadArgs, "replicas"> & Pick<ContainerArgs, "resources">;

/** Seconds in which proxies learn that a pod goes, before it stops to listen. */
const drainSeconds = 10;
/** For parts with callers whose connections would otherwise be refused in that time. */
export const drain: Pick<ContainerArgs, "lifecycle"> = { lifecycle: { preStop: { sleep: { seconds: drainSeconds } } } };
