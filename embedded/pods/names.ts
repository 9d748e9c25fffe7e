import type { V1Service } from "@kubernetes/client-node";
import { selected, type PlannedPod } from "./plan";
import { keyOf } from "./world";

/** What a name of the cluster stands for on this machine. */
export interface Target {
  /** Never empty; several only for a headless Service, which the cluster's DNS answers with all its pods. */
  readonly addresses: readonly string[];
  /** The pods' port behind a port of the Service. */
  readonly port: (port: number) => number;
}

/** The addresses of this machine in place of the cluster's names. */
export class Names {
  private readonly services: ReadonlyMap<string, V1Service>;

  /**
   * @param addressOf where each pod is.
   * @param nobody an address where nobody listens: for Services whose pods do not run here.
   * @param outside hosts that are no Service of the cluster, such as `s3.storage.svc`.
   */
  public constructor(
    services: readonly V1Service[],
    private readonly pods: readonly PlannedPod[],
    private readonly addressOf: (pod: string) => string,
    private readonly nobody: string,
    private readonly outside: Readonly<Record<string, string>> = {},
  ) {
    this.services = new Map(services.map((service) => [keyOf(service), service]));
  }

  /**
   * Resolves what stands before `.svc`: `distributor.cortex`, or `cortex-0.cortex-pods.cortex` for one pod of a headless Service. Undefined
   * where the cluster knows no such name.
   */
  public resolve(name: string): Target | undefined {
    const outside = this.outside[`${name}.svc`];
    if (outside !== undefined) return { addresses: [outside], port: (port) => port };
    const labels = name.split(".");
    const [namespace = "", service = "", pod] = labels.reverse();
    const found = this.services.get(`${namespace}/${service}`);
    if (found === undefined || labels.length > 3) return undefined;
    return pod === undefined ? this.ofService(found) : this.ofPod(found, pod);
  }

  private ofService(service: V1Service): Target {
    const elsewhere = service.spec?.externalName?.replace(/\.svc(\.cluster\.local)?\.?$/, "");
    if (service.spec?.type === "ExternalName" && elsewhere !== undefined)
      return this.resolve(elsewhere) ?? { addresses: [this.nobody], port: (port) => port };
    const pods = selected(service, this.pods);
    const addresses = pods.map((pod) => this.addressOf(pod.key));
    const headless = service.spec?.clusterIP === "None";
    const shown = headless ? addresses : addresses.slice(0, 1);
    return { addresses: shown.length > 0 ? shown : [this.nobody], port: (port) => podPort(service, pods[0], port) };
  }

  private ofPod(service: V1Service, name: string): Target | undefined {
    const pod = selected(service, this.pods).find((one) => one.name === name);
    return pod && { addresses: [this.addressOf(pod.key)], port: (port) => port };
  }
}

/** Follows a port of a Service to the number that the pod listens on. Headless Services have no ports of their own: DNS gives addresses only. */
function podPort(service: V1Service, pod: PlannedPod | undefined, port: number): number {
  if (service.spec?.clusterIP === "None") return port;
  const target = service.spec?.ports?.find((one) => one.port === port)?.targetPort ?? port;
  if (typeof target === "number") return target;
  const named = (pod?.template.spec?.containers ?? []).flatMap((container) => container.ports ?? []).find((one) => one.name === target);
  return named?.containerPort ?? port;
}
