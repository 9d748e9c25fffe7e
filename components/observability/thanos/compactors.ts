import type * as kubernetes from "../../kubernetes/api";
import { blockRules, type RetentionClass } from "../../../model/retention";
import { toYaml } from "../../../model/text";
import { images } from "../../../model/versions";
import type { ContainerArgs } from "../../kubernetes";
import { ports } from "../addresses";
import { policy, toStorage } from "../policies";
import type { System } from "../system";
import { configMap, statefulSet } from "../workload";
import { compactorArgs } from "./bucket-config";
import { tenantLabelName } from "./flags";
import { alive, component, partWith, ready, uid } from "./parts";

const { http } = ports.thanos;
const selectorPath = "/etc/thanos-selector";
const selectorFile = "blocks.yaml";

export type CompactorSize = Pick<ContainerArgs, "resources"> & { readonly volume: string };

const nameOf = (one: RetentionClass) => `compactor-${one.name}`;

/**
 * One compactor for each class of retention. Two that see the same block corrupt it, so whenever the partition changes every compactor
 * whose blocks change must have ended before any of them starts again. The engine keeps that order: selectors are immutable objects, a compactor is
 * deleted (and its pod with it) before its own is, and made anew only after all selectors are as they shall be. Where a class comes or goes,
 * the list of classes changes and all are deleted first, so that one which is not coming back does not outlive its successors' start.
 * A compactor loses only the work under way: what is in the bucket is as it was before it.
 */
export function compactors(system: System, classes: readonly RetentionClass[], size: CompactorSize): void {
  const list = configMap(system, "thanos-compactors", { classes: classes.map((one) => `${one.name}\n`).join("") }, { isImmutable: true });
  const selectors = new Map(classes.map((one) => [one, selector(system, one, classes, list)]));
  for (const one of classes) {
    const own = selectors.get(one);
    compactor(system, one, size, { before: [list, ...selectors.values()], own: own === undefined ? [list] : [list, own] });
  }
  policy(system, { part: "compactor", pods: partWith(component.compactor), metrics: http, to: toStorage(system.storage) });
}

function selector(system: System, one: RetentionClass, all: readonly RetentionClass[], list: kubernetes.core.v1.ConfigMap) {
  const data = { [selectorFile]: toYaml(blockRules(one, all, tenantLabelName)) };
  return configMap(system, nameOf(one), data, { isImmutable: true, dependsOn: [list] });
}

interface Order {
  /** Selectors of all classes and their list: no compactor starts before all of them are in place. */
  readonly before: kubernetes.core.v1.ConfigMap[];
  /** Its own selector and the list: it ends before either is replaced. */
  readonly own: kubernetes.core.v1.ConfigMap[];
}

function compactor(system: System, one: RetentionClass, { volume, resources }: CompactorSize, order: Order): void {
  const part = nameOf(one);
  statefulSet(system, {
    part,
    uid,
    serviceAccount: system.name,
    graceSeconds: 120,
    podLabels: component.compactor,
    // What it works on it can fetch again.
    scratch: true,
    volume,
    container: {
      image: images.thanos,
      args: compactorArgs(system.storage, one, `${selectorPath}/${selectorFile}`),
      env: system.storageEnv,
      ports: { http },
      resources,
      ready,
      alive,
      mounts: [{ name: "selector", mountPath: selectorPath, readOnly: true }],
    },
    volumes: [{ name: "selector", configMap: { name: part } }],
    dependsOn: order.before,
    replaceWith: order.own,
  });
}
