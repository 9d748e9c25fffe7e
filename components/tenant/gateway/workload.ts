import * as kubernetes from "../../kubernetes/api";
import type { types } from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { serviceLevel } from "../../../model/tiers";
import { images } from "../../../model/versions";
import { container, podTemplate, selector, tenantLabels } from "../../kubernetes";
import { metadata, name, type Place } from "../place";
import { files, podPlaces, ports } from "./input";

/** User of the image `distroless-*` (gcr.io/distroless, nonroot). */
const uid = 65532;
/**
 * Seconds between a pod's end being decided and Envoy being told: Services and the edge have forgotten it by then, and requests under way are
 * done. Envoy leaves at once on SIGTERM, and a distroless image has no shell for a drain command, so the kubelet waits (`sleep`, Kubernetes 1.30).
 */
const drainSeconds = 25;

/** Envoy's Deployment. `configHash` is of what Envoy reads only at start. */
export function deployment(
  place: Place,
  tlsSecret: string,
  configHash: string,
  dependsOn: pulumi.Resource[],
): kubernetes.apps.v1.Deployment {
  const { gateway, priority } = serviceLevel(place.tenant);
  const labels = selector("tenant", "gateway");
  return new kubernetes.apps.v1.Deployment(
    name(place, "gateway"),
    {
      metadata: metadata(place, "gateway"),
      spec: {
        // Under an autoscaler the number is the autoscaler's.
        ...(gateway.max > 1 ? {} : { replicas: 1 }),
        // A new pod first, so that no moment is without one.
        strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
        selector: { matchLabels: { ...labels } },
        template: podTemplate({
          labels: tenantLabels(place.tenant, "gateway"),
          annotations: { "tenantstack.dev/config": configHash },
          serviceAccount: "gateway",
          priorityClass: priority.className,
          uid,
          graceSeconds: drainSeconds + 10,
          containers: [envoy(place)],
          volumes: volumes(tlsSecret),
          ...(gateway.max > 1 && { spread: { pods: labels, nodes: "preferred" } }),
        }),
      },
    },
    { ...place.opts, dependsOn: [...own(place.opts.dependsOn), ...dependsOn] },
  );
}

function own(dependsOn: pulumi.CustomResourceOptions["dependsOn"]): pulumi.Resource[] {
  if (dependsOn === undefined) return [];
  return Array.isArray(dependsOn) ? (dependsOn as pulumi.Resource[]) : [dependsOn as pulumi.Resource];
}

function envoy(place: Place): types.input.core.v1.Container {
  const { requests, limits } = serviceLevel(place.tenant).resources.gateway;
  const { folders } = podPlaces;
  return container({
    name: "envoy",
    image: images.envoy,
    args: [
      "--config-path",
      `${folders.config}/${files.bootstrap}`,
      "--concurrency",
      String(Math.max(1, Math.ceil(cores(limits.cpu)))),
      // A pod is one process; hot restart would want shared memory.
      "--disable-hot-restart",
      "--log-level",
      "warning",
    ],
    ports: { ...ports },
    resources: { requests: { ...requests }, limits: { ...limits } },
    ready: { path: "/ready", port: "health" },
    alive: { path: "/ready", port: "health" },
    // Whole folders: a single file mounted by subPath never changes again.
    mounts: [
      ...Object.entries(folders).map(([volume, mountPath]) => ({ name: volume, mountPath, readOnly: true })),
      { name: "run", mountPath: "/run/gateway" },
    ],
    lifecycle: { preStop: { sleep: { seconds: drainSeconds } } },
  });
}

function volumes(tlsSecret: string): types.input.core.v1.Volume[] {
  const map = (volume: string) => ({ name: volume, configMap: { name: `gateway-${volume}` } });
  return [
    map("config"),
    map("routes"),
    map("keys"),
    { name: "tls", secret: { secretName: tlsSecret, defaultMode: 0o440 } },
    // Envoy's admin socket.
    { name: "run", emptyDir: { medium: "Memory", sizeLimit: "1Mi" } },
  ];
}

/** Autoscaler and disruption budget, where there may be more than one pod. */
export function scaling(place: Place, target: kubernetes.apps.v1.Deployment): void {
  const { gateway } = serviceLevel(place.tenant);
  if (gateway.max === 1) return;
  const opts = { ...place.opts, dependsOn: [...own(place.opts.dependsOn), target] };
  new kubernetes.autoscaling.v2.HorizontalPodAutoscaler(
    name(place, "gateway"),
    {
      metadata: metadata(place, "gateway"),
      spec: {
        scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "gateway" },
        minReplicas: gateway.min,
        maxReplicas: gateway.max,
        metrics: [{ type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 70 } } }],
      },
    },
    opts,
  );
  new kubernetes.policy.v1.PodDisruptionBudget(
    name(place, "gateway"),
    {
      metadata: metadata(place, "gateway"),
      spec: { maxUnavailable: 1, selector: { matchLabels: { ...selector("tenant", "gateway") } } },
    },
    opts,
  );
}

const units: Readonly<Record<string, number>> = { Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 };

/** Bytes of a Kubernetes quantity such as `256Mi`. */
export function bytes(quantity: string): number {
  const [, number, unit] = /^(\d+)(Ki|Mi|Gi)$/.exec(quantity) ?? [];
  const factor = units[unit ?? ""];
  if (number === undefined || factor === undefined) throw new Error(`memory ${quantity}: expected a whole number with Ki, Mi or Gi`);
  return Number(number) * factor;
}

/** Cores of a Kubernetes quantity such as `500m` or `2`. */
export function cores(quantity: string): number {
  return quantity.endsWith("m") ? Number(quantity.slice(0, -1)) / 1000 : Number(quantity);
}
