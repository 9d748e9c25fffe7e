import { selector } from "../../kubernetes";
import type { Labels } from "../../kubernetes";
import { memcached } from "../memcached";
import { serviceAccount } from "../system";
import type { System } from "../system";
import { compactors } from "./compactors";
import type { ThanosArgs } from "./index";
import { bucketlessAccount, component, partWith } from "./parts";
import { caches, enforcingQuerier, frontend, operatorsQuerier, storesService } from "./query";
import { receivers } from "./receive";
import { ruler, rulers } from "./rule";
import { stores } from "./store";

/** Thanos's microservices: the write path, the bucket's readers and rewriters, and two ways to ask: tenants' with tenancy enforced, operators' without. */
export function declareDistributed(system: System, { limits, classes, shardSizes, cluster }: ThanosArgs): void {
  const endpoints = cluster.thanos.stores;
  const sizeOf = (part: string) => system.sizeOf(part);
  serviceAccount(system, bucketlessAccount);

  receivers(system, limits, shardSizes);
  stores(system, cache(system, caches.blocks, selector("thanos", "store")));
  const { resources, volume = "" } = sizeOf("compactor");
  compactors(system, classes, { resources, volume });
  storesService(system);

  const results = cache(system, caches.results, partWith(component.frontend));
  frontend(system, enforcingQuerier(system, endpoints, sizeOf("query")), sizeOf("query-frontend"), results);
  ruler(system, operatorsQuerier(system, endpoints, sizeOf("query-operators"), [rulers]));
}

/** Clients skip items above a megabyte; memcached adds a few bytes to each. */
const cache = (system: System, part: string, clients: Labels) =>
  memcached(system, { part, largestItem: "2m", clients: [{ pods: clients }], serviceAccount: bucketlessAccount });
