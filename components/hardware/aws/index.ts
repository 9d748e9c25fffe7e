import * as kubernetes from "../../kubernetes/api";
import type * as pulumi from "@pulumi/pulumi";
import type { NodePlan } from "../../../model/capacity";
import { InputError } from "../../../model/problem";
import type { Settings } from "../../../model/settings";
import type { Hardware } from "../../contracts";
import { declareCluster } from "./cluster";
import { declareNetwork } from "./network";
import type { Aws, AwsRoom } from "./room";
import { declareStorage } from "./storage";

/** A VPC over several zones, an EKS cluster with nodes in each, a key, and one private bucket per system. */
export async function declareAws(aws: Aws, settings: Pick<Settings, "stack" | "aws">, nodes: NodePlan): Promise<Hardware> {
  const asked = settings.aws;
  if (asked === undefined) throw new Error("parseSettings refuses hardware: aws without aws");
  const tags = { "tenantstack:stack": settings.stack };
  const provider = new aws.Provider("aws", { region: asked.region as never, defaultTags: { tags } });
  const room: AwsRoom = { aws, stack: settings.stack, region: asked.region, tags, opts: { provider } };

  const zones = await zoneNames(room, asked.zones);
  const key = encryptionKey(room);
  const network = declareNetwork(room, zones, asked.cidr);
  const cluster = declareCluster(room, network, key, nodes);
  const storage = declareStorage(room, cluster, key);

  return {
    provider: cluster.provider,
    clusterName: cluster.name,
    storage,
    storageClass: storageClass(cluster.provider, key.arn),
    zones,
    loadBalancerAnnotations: {
      "service.beta.kubernetes.io/aws-load-balancer-type": "nlb",
      "service.beta.kubernetes.io/aws-load-balancer-cross-zone-load-balancing-enabled": "true",
    },
    // Pod Identity binds by namespace and account name; annotations are the older way's.
    serviceAccountAnnotations: { cortex: {}, loki: {}, thanos: {} },
  };
}

/** The first zones of the region by name that every account may use, so that the same ones come out each time. */
async function zoneNames({ aws, opts, stack, region }: AwsRoom, count: number): Promise<string[]> {
  const filters = [{ name: "opt-in-status", values: ["opt-in-not-required"] }];
  const { names } = await aws.getAvailabilityZones({ state: "available", filters }, { provider: opts.provider });
  const sorted = [...names].sort();
  if (sorted.length >= count) return sorted.slice(0, count);
  throw new InputError([
    {
      file: `Pulumi.${stack}.yaml`,
      line: 0,
      column: 0,
      path: "aws.zones",
      value: String(count),
      rule: `${region} has ${sorted.length} zones (${sorted.join(", ")})`,
      remedy: `Write at most ${sorted.length}, or choose another region`,
    },
  ]);
}

/** One key for secrets in etcd, for volumes and for buckets. Losing it is losing all data, so it is neither deleted nor forgotten easily. */
function encryptionKey({ aws, opts, stack }: AwsRoom) {
  return new aws.kms.Key(
    "aws/key",
    { description: `tenantstack ${stack}: data at rest`, enableKeyRotation: true, deletionWindowInDays: 30 },
    { ...opts, protect: true, retainOnDelete: true },
  );
}

function storageClass(provider: kubernetes.Provider, kmsKeyId: pulumi.Input<string>): string {
  const name = "tenantstack";
  new kubernetes.storage.v1.StorageClass(
    "aws/storage-class",
    {
      metadata: { name },
      provisioner: "ebs.csi.aws.com",
      parameters: { type: "gp3", encrypted: "true", kmsKeyId },
      volumeBindingMode: "WaitForFirstConsumer",
      allowVolumeExpansion: true,
      // A deleted claim must not delete what an ingester has not shipped yet.
      reclaimPolicy: "Retain",
    },
    { provider },
  );
  return name;
}
