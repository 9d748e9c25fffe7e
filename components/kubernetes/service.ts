import * as kubernetes from "./api";
import type * as pulumi from "@pulumi/pulumi";
import type { Labels } from "./labels";

export interface ServiceArgs {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  /** The pods behind it. */
  readonly pods: Labels;
  /** Port names to the Service's port and the pods' port, by number or name. */
  readonly ports: Readonly<Record<string, { readonly port: number; readonly target: number | string }>>;
  /** One DNS record per pod instead of an address. */
  readonly headless?: boolean;
  /** Headless only: records of pods that are not ready too. */
  readonly unready?: boolean;
}

/**
 * A ClusterIP Service. Nobody waits for its endpoints: the workload behind it waits for its own pods, and the engine runs only four steps a core
 * at a time, so that Services which wait for pods can take every place that the pods' own workload needs (seen on two cores).
 */
export function service(logicalName: string, args: ServiceArgs, opts: pulumi.CustomResourceOptions): kubernetes.core.v1.Service {
  return new kubernetes.core.v1.Service(
    logicalName,
    {
      metadata: { namespace: args.namespace, name: args.name, labels: { ...args.labels }, annotations: { "pulumi.com/skipAwait": "true" } },
      spec: {
        type: "ClusterIP",
        ...(args.headless && { clusterIP: "None" }),
        ...(args.unready && { publishNotReadyAddresses: true }),
        selector: { ...args.pods },
        ports: Object.entries(args.ports).map(([name, p]) => ({ name, port: p.port, targetPort: p.target, protocol: "TCP" })),
      },
    },
    opts,
  );
}
