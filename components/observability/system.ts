import * as kubernetes from "../kubernetes/api";
import type { types } from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { quorumZones } from "../../model/capacity-figures";
import type { QuorumZone } from "../../model/capacity-figures";
import type { CapacityPlan } from "../../model/capacity";
import { systemNamespaces } from "../../model/names";
import { partSize } from "../../model/partsize";
import type { PartSize } from "../../model/partsize";
import type { Hardware, Storage } from "../contracts";
import { defaultDeny, managedBy, restrictedNamespace, scrapedBy, systemLabels } from "../kubernetes";
import { platformTenant } from "../../model/names";

export type SystemName = keyof typeof systemNamespaces;

/** One system's room in the cluster: its namespace, and what each of its objects is declared with. */
export interface System {
  readonly name: SystemName;
  readonly namespace: string;
  readonly storage: Storage;
  readonly storageClass: string | undefined;
  /** Parent, provider, and the namespace as a dependency. */
  readonly opts: Omit<pulumi.CustomResourceOptions, "dependsOn"> & { readonly dependsOn: pulumi.Resource[] };
  /** Environment that names the bucket; empty with storage on volumes. */
  readonly storageEnv: types.input.core.v1.EnvVar[];
  readonly zones: readonly Zone[];
  /** Replicas, resources and volume of a part in size distributed. */
  readonly sizeOf: (part: string) => PartSize;
}

/** One of the groups of replicas that may fail as a whole, and the availability zone it is kept in; undefined where the hardware has too few of them. */
export interface Zone {
  readonly name: QuorumZone;
  readonly availabilityZone: string | undefined;
}

/** The quorum's zones on this hardware: with fewer than three availability zones, replicas are only kept on different nodes. */
export function zonesOn(hardware: Pick<Hardware, "zones">): Zone[] {
  const real = [...hardware.zones].sort();
  const enough = real.length >= quorumZones.length;
  return quorumZones.map((name, i) => ({ name, availabilityZone: enough ? real[i] : undefined }));
}

/** Shared pods come before those of any tenant when a node is short: `priority` in model/tiers.ts stays far below. */
export const sharedPriority = { className: "tenantstack-shared", value: 1_000_000 };

/** Namespace (restricted), default deny, the service account that may reach the bucket, and the bucket's coordinates. */
export function declareSystem(name: SystemName, hardware: Hardware, plan: CapacityPlan, opts: pulumi.CustomResourceOptions): System {
  const namespace = systemNamespaces[name];
  const labels = { ...managedBy, [scrapedBy]: platformTenant };
  const room = restrictedNamespace(`${name}/namespace`, { name: namespace, labels }, opts);
  const inside = { ...opts, dependsOn: [room] };
  defaultDeny(`${name}/default-deny`, { namespace, labels: systemLabels(name, name) }, inside);
  const storage = hardware.storage[name];
  const sizeOf = (part: string) => partSize(plan, name, part);
  const system = { name, namespace, storage, storageClass: hardware.storageClass, opts: inside, zones: zonesOn(hardware), sizeOf };
  serviceAccount(system, name, hardware.serviceAccountAnnotations[name]);
  return { ...system, storageEnv: storageEnv(system) };
}

type Bare = Omit<System, "storageEnv">;

/** A service account without a token: none of the systems calls the Kubernetes API. */
export function serviceAccount(
  system: Bare,
  name: string,
  annotations: Readonly<Record<string, pulumi.Input<string>>> = {},
): kubernetes.core.v1.ServiceAccount {
  return new kubernetes.core.v1.ServiceAccount(
    `${system.name}/service-account-${name}`,
    {
      metadata: { namespace: system.namespace, name, labels: systemLabels(system.name, name), annotations: { ...annotations } },
      automountServiceAccountToken: false,
    },
    system.opts,
  );
}

/**
 * The bucket's coordinates as environment, so that configuration text stays plain (the bucket's name may be known only after `up`)
 * and static keys stay in a Secret. Without keys the system's own AWS client finds workload identity by itself.
 */
function storageEnv(system: Bare): types.input.core.v1.EnvVar[] {
  const s = system.storage;
  if (s.kind === "volume") return [];
  const coordinates = [
    { name: "S3_BUCKET", value: s.bucket },
    { name: "S3_ENDPOINT", value: s.endpoint },
    { name: "S3_REGION", value: s.region },
  ];
  if (!s.credentials) return coordinates;
  const name = `${system.name}-storage`;
  const data = { AWS_ACCESS_KEY_ID: base64(s.credentials.accessKeyId), AWS_SECRET_ACCESS_KEY: base64(s.credentials.secretAccessKey) };
  new kubernetes.core.v1.Secret(
    `${system.name}/storage`,
    { metadata: { namespace: system.namespace, name, labels: systemLabels(system.name, system.name) }, type: "Opaque", data },
    system.opts,
  );
  const keys = Object.keys(data).map((key) => ({ name: key, valueFrom: { secretKeyRef: { name, key } } }));
  return [...coordinates, ...keys];
}

/** What a Secret holds is a secret for the engine too: the SDK marks `data`. */
const base64 = (value: pulumi.Input<string>): pulumi.Output<string> =>
  pulumi.output(value).apply((text) => Buffer.from(text).toString("base64"));
