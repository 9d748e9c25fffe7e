import { singleSizes } from "../../../model/capacity";
import { serviceAccount } from "../system";
import type { System } from "../system";
import { compactors } from "./compactors";
import type { ThanosArgs } from "./index";
import { bucketlessAccount, sizes } from "./parts";
import { enforcingQuerier, frontend, operatorsQuerier, storesService } from "./query";
import { receiver } from "./receive";
import { store } from "./store";

/**
 * Thanos: one receiver, an enforcing querier with a front end for tenants, a querier of everything for operators, and where there is a bucket a
 * store gateway and the compactors. Without a bucket the receiver keeps all tenants' data equally long.
 */
export function declareSingle(system: System, { limits, classes, cluster }: ThanosArgs): void {
  const { stores } = cluster.thanos;
  serviceAccount(system, bucketlessAccount);
  receiver(system, limits, singleSizes.receive);
  if (system.storage.kind === "s3") {
    store(system, singleSizes.store);
    compactors(system, classes, singleSizes.compactor);
  }
  storesService(system);
  const querier = enforcingQuerier(system, stores, { resources: sizes.querier });
  frontend(system, querier, { resources: sizes.frontend });
  operatorsQuerier(system, stores, { resources: sizes.querier });
}
