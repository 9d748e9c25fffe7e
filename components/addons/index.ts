import type { helm } from "@pulumi/kubernetes";
import * as kubernetes from "../kubernetes/api";
import type * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../../model/settings";
import { charts } from "../../model/versions";
import type { Hardware } from "../contracts";
import { managedBy } from "../kubernetes";

interface Chart {
  readonly repository: string;
  readonly name: string;
  readonly version: string;
}

/** What of the platform this stack brought, for `dependsOn`; undefined: the cluster has it already, or nothing needs it. */
export interface Addons {
  readonly certManager: pulumi.Resource | undefined;
  readonly prometheusOperator: pulumi.Resource | undefined;
  readonly envoyGateway: pulumi.Resource | undefined;
}

/**
 * Pinned charts, each only where the settings ask for it. `Release` and not `Chart`: Envoy Gateway and the operator make their webhook
 * certificates in hooks, which templating drops.
 */
export function addons(settings: Pick<Settings, "addons">, hardware: Pick<Hardware, "provider">): Addons {
  const { certManager, prometheusOperator, envoyGateway } = settings.addons;
  const opts = { provider: hardware.provider };
  return {
    certManager: certManager ? release({ name: "cert-manager", chart: charts.certManager, values: certManagerValues }, opts) : undefined,
    prometheusOperator: prometheusOperator
      ? release({ name: "prometheus-operator", chart: charts.prometheusOperator, values: operatorValues }, opts)
      : undefined,
    envoyGateway: envoyGateway ? release({ name: "envoy-gateway-system", chart: charts.envoyGateway, values: {} }, opts) : undefined,
  };
}

const certManagerValues = {
  // Removing the release must not remove tenants' Certificates with their definition.
  crds: { enabled: true, keep: true },
  // A split view of DNS would show the private zone; public resolvers show what Let's Encrypt sees.
  extraArgs: ["--dns01-recursive-nameservers-only", "--dns01-recursive-nameservers=1.1.1.1:53,8.8.8.8:53"],
};

/** The operator and its definitions only: every Prometheus and Grafana belongs to a tenant. */
const operatorValues = {
  crds: { enabled: true },
  alertmanager: { enabled: false },
  defaultRules: { create: false },
  grafana: { enabled: false },
  kubeStateMetrics: { enabled: false },
  kubernetesServiceMonitors: { enabled: false },
  nodeExporter: { enabled: false },
  prometheus: { enabled: false },
  prometheusOperator: { kubeletService: { enabled: false } },
};

/** A chart in a namespace of its own, both named alike. */
function release(
  { name, chart, values }: { name: string; chart: Chart; values: Record<string, unknown> },
  opts: pulumi.CustomResourceOptions,
): helm.v3.Release {
  // Loaded here: Helm's part of the SDK is a fifth of it, and most stacks install no add-on.
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const { Release } = require("@pulumi/kubernetes/helm/v3") as typeof helm.v3;
  const metadata = { name, labels: { ...managedBy } };
  const room = new kubernetes.core.v1.Namespace(`addons/${name}-namespace`, { metadata }, opts);
  const oci = chart.repository.startsWith("oci://");
  return new Release(
    `addons/${name}`,
    {
      name,
      namespace: name,
      chart: oci ? `${chart.repository}/${chart.name}` : chart.name,
      version: chart.version,
      ...(!oci && { repositoryOpts: { repo: chart.repository } }),
      values,
      // A failed upgrade goes back to what ran.
      atomic: true,
      timeout: 600,
    },
    { ...opts, dependsOn: [room] },
  );
}
