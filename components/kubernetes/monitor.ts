import * as kubernetes from "./api";
import type * as pulumi from "@pulumi/pulumi";
import type { Labels } from "./labels";

/** One step of Prometheus' relabelling, as the operator writes it. */
export interface Relabeling {
  readonly action?: "replace" | "keep" | "drop" | "labeldrop";
  readonly sourceLabels?: readonly string[];
  readonly regex?: string;
  readonly targetLabel?: string;
  readonly replacement?: string;
}

export interface PodEndpoint {
  readonly port: string;
  readonly path: string;
  readonly name?: string;
  /** Where a series has a label that its target has too, the series' own is kept. */
  readonly honorLabels?: boolean;
  /** Which series are kept, where it is not those of the other endpoints. */
  readonly metricRelabelings?: readonly Relabeling[];
}

export interface PodMonitorArgs {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  /** The pods it scrapes; more conditions in `except`. */
  readonly pods: Labels;
  /** Label -> values of pods that are not scraped although `pods` selects them. */
  readonly except?: Readonly<Record<string, readonly string[]>>;
  /** Default: pods of its own namespace. */
  readonly anyNamespace?: boolean;
  /** Named ports of the pods and the paths there. Two paths of one port need names, or their targets would have the same labels. */
  readonly endpoints: readonly PodEndpoint[];
  /** Labels of the target: `job` and others, from what discovery knows. */
  readonly relabelings: readonly Relabeling[];
  /** Which of the series are kept. */
  readonly metricRelabelings: readonly Relabeling[];
}

/** A PodMonitor of the Prometheus operator. Its Prometheus finds it by a label of its namespace. */
export function podMonitor(logicalName: string, args: PodMonitorArgs, opts: pulumi.CustomResourceOptions): void {
  const except = Object.entries(args.except ?? {}).map(([key, values]) => ({ key, operator: "NotIn", values }));
  new kubernetes.apiextensions.CustomResource(
    logicalName,
    {
      apiVersion: "monitoring.coreos.com/v1",
      kind: "PodMonitor",
      metadata: { namespace: args.namespace, name: args.name, labels: { ...args.labels } },
      spec: {
        selector: { matchLabels: { ...args.pods }, ...(except.length > 0 && { matchExpressions: except }) },
        ...(args.anyNamespace && { namespaceSelector: { any: true } }),
        podMetricsEndpoints: args.endpoints.map(({ port, path, name, honorLabels, metricRelabelings }) => ({
          port,
          path,
          interval: "30s",
          relabelings: [...args.relabelings, ...(name === undefined ? [] : [{ targetLabel: "endpoint", replacement: name }])],
          metricRelabelings: metricRelabelings ?? args.metricRelabelings,
          ...(honorLabels && { honorLabels }),
        })),
      },
    },
    opts,
  );
}

/** Rules of the Prometheus operator: the Prometheus of the same namespace evaluates them. */
export function prometheusRule(
  logicalName: string,
  args: { readonly namespace: string; readonly name: string; readonly labels: Labels; readonly spec: object },
  opts: pulumi.CustomResourceOptions,
): void {
  new kubernetes.apiextensions.CustomResource(
    logicalName,
    {
      apiVersion: "monitoring.coreos.com/v1",
      kind: "PrometheusRule",
      metadata: { namespace: args.namespace, name: args.name, labels: { ...args.labels } },
      spec: args.spec,
    },
    opts,
  );
}

/**
 * Labels of a gateway as a target, the same in every Prometheus. The tenant comes from the namespace, in which nobody but this program makes pods: a
 * label of the pod could be anybody's.
 */
export const gatewayTarget: readonly Relabeling[] = [
  { sourceLabels: ["__meta_kubernetes_namespace"], regex: "(.+)-tenant", targetLabel: "tenant", replacement: "$1" },
  { targetLabel: "job", replacement: "tenant/gateway" },
];
