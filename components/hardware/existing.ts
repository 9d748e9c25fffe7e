import * as kubernetes from "../kubernetes/api";
import type { Settings } from "../../model/settings";
import type { Hardware, Storage } from "../contracts";
import { providerFlags } from "./provider";

/** What of the settings hardware is made of. */
export type HardwareSettings = Pick<Settings, "stack" | "hardware" | "cluster" | "kubeconfig" | "context" | "s3" | "aws">;

/** Static keys of an S3 endpoint. */
export type Credentials = NonNullable<Extract<Storage, { kind: "s3" }>["credentials"]>;

/** Any cluster that a kubeconfig file names, and any S3 endpoint or none. Declares nothing but the provider. */
export function existingHardware(settings: HardwareSettings, credentials?: Credentials): Hardware {
  const provider = new kubernetes.Provider("kubernetes", {
    ...providerFlags,
    // A file with new credentials or another address is the same cluster: only another name is another cluster.
    clusterIdentifier: settings.context ?? settings.stack,
    ...(settings.kubeconfig !== undefined && { kubeconfig: settings.kubeconfig }),
    ...(settings.context !== undefined && { context: settings.context }),
  });
  return {
    provider,
    storage: {
      cortex: storage(settings, "cortex", credentials),
      loki: storage(settings, "loki", credentials),
      thanos: storage(settings, "thanos", credentials),
    },
    storageClass: undefined,
    zones: ["a"],
    loadBalancerAnnotations: {},
    serviceAccountAnnotations: { cortex: {}, loki: {}, thanos: {} },
  };
}

function storage(settings: HardwareSettings, system: string, credentials: Credentials | undefined): Storage {
  if (settings.s3 === undefined) return { kind: "volume" };
  const { endpoint, region, bucketPrefix } = settings.s3;
  return {
    kind: "s3",
    bucket: `${bucketPrefix}-${system}`,
    endpoint: endpoint.replace(/^https?:\/\//, "").replace(/\/$/, ""),
    region,
    insecure: endpoint.startsWith("http://"),
    credentials,
  };
}
