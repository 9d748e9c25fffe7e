import type { Storage } from "../../components/contracts";
import { clusterAddresses } from "../../components/observability";
import { declareLoki } from "../../components/observability/loki";
import { declareSystem } from "../../components/observability/system";
import { planCapacity } from "../../model/capacity";
import { limitsFiles } from "../../model/limits";
import type { LimitsFile } from "../../model/limits";
import type { Tenant } from "../../model/tenant";
import { record } from "../../planning/record";
import type { Recorded } from "../../planning/record";
import { hardwareWith, objects, workloads } from "../unit/observability-kit";

export interface LokiOptions {
  readonly size: "single" | "distributed";
  readonly storage: Storage;
  /** Runtime files; default those of the tenants. */
  readonly limits?: readonly LimitsFile[];
  readonly tenants?: readonly Tenant[];
}

/** What the program declares for Loki alone, under mocks. */
export async function declaredLoki({
  size,
  storage,
  tenants = [],
  limits = limitsFiles(tenants, [], size).loki,
}: LokiOptions): Promise<readonly Recorded[]> {
  const settings = { stack: "dev", hardware: "existing" as const, cluster: { size }, s3: undefined, aws: undefined };
  const program = () => {
    const hardware = hardwareWith(storage);
    const plan = planCapacity(tenants, settings, { zones: 3 });
    const system = declareSystem("loki", { ...hardware, zones: ["a", "b", "c"] }, plan, { provider: hardware.provider });
    declareLoki(system, size, limits, clusterAddresses());
    return Promise.resolve({});
  };
  return (await record(program, { config: {} }, () => ({}))).resources;
}

/** One pod that the declared workloads make: what its process is started with. */
export interface LokiPod {
  readonly name: string;
  readonly part: string;
  readonly args: readonly string[];
  /** Values as text; secrets by what they hold; the pod's own name and address by `POD_NAME` and `POD_IP`. */
  readonly env: Readonly<Record<string, string>>;
  /** Whether anything is mounted at `/data`. */
  readonly hasData: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly serviceAccount: string;
}

interface EnvVar {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly secretKeyRef?: { readonly name: string; readonly key: string } };
}

/** The pods of each StatefulSet and one of each Deployment, of Loki's own image; memcached is no part of it. */
export function lokiPods(resources: readonly Recorded[]): LokiPod[] {
  const secrets = new Map(objects(resources, "Secret").map((secret) => [secret.metadata.name, secretData(secret.data)]));
  return workloads(resources)
    .filter((w) => !w.metadata.name.startsWith("memcached"))
    .flatMap((w) => {
      const container = w.template.spec.containers[0] as unknown as {
        args: string[];
        env?: EnvVar[];
        volumeMounts: { mountPath: string }[];
      };
      const value = ({ value, valueFrom }: EnvVar) =>
        value ?? secrets.get(valueFrom?.secretKeyRef?.name ?? "")?.[valueFrom?.secretKeyRef?.key ?? ""] ?? "";
      const names =
        w.kind === "StatefulSet"
          ? Array.from({ length: w.spec.replicas as number }, (_, i) => `${w.metadata.name}-${i}`)
          : [w.metadata.name];
      return names.map((name) => ({
        name,
        part: w.template.metadata.labels["app.kubernetes.io/name"] ?? "",
        args: container.args,
        env: Object.fromEntries((container.env ?? []).map((one) => [one.name, value(one)])),
        hasData: container.volumeMounts.some((m) => m.mountPath === "/data"),
        labels: w.template.metadata.labels,
        serviceAccount: w.template.spec.serviceAccountName as string,
      }));
    });
}

/** The data of a recorded Secret: it crosses the wire as the engine's secret. */
function secretData(data: unknown): Record<string, string> {
  const plain = (data as { value?: Record<string, string> }).value ?? (data as Record<string, string>);
  return Object.fromEntries(Object.entries(plain).map(([key, text]) => [key, Buffer.from(text, "base64").toString()]));
}

/** One key of a ConfigMap. */
export function fileOf(resources: readonly Recorded[], name: string, key: string): string {
  const text = objects(resources, "ConfigMap").find((one) => one.metadata.name === name)?.data[key];
  if (text === undefined) throw new Error(`no ${key} in ${name}`);
  return text;
}
