import type { kms, s3 } from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { bucketSuffixes, systemNamespaces } from "../../../model/names";
import type { Hardware, Storage } from "../../contracts";
import type { Cluster } from "./cluster";
import { podIdentityTrust } from "./room";
import type { AwsRoom } from "./room";

type SystemName = keyof typeof bucketSuffixes;

/** One private, encrypted, versioned bucket per system, and for each system a role that reaches its own buckets only. */
export function declareStorage(room: AwsRoom, cluster: Cluster, key: kms.Key): Hardware["storage"] {
  // Bucket names are global, and Cortex' second one derives from the first: so the account makes them unique, not a random suffix.
  const account = room.aws.getCallerIdentityOutput({}, { provider: room.opts.provider }).accountId;
  const storage = (system: SystemName): Storage => {
    const bucket = pulumi.interpolate`tenantstack-${room.stack}-${account}-${system}`;
    const buckets = bucketSuffixes[system].map((suffix) =>
      declareBucket(room, `${system}${suffix}`, pulumi.interpolate`${bucket}${suffix}`, key),
    );
    grant(room, system, cluster, buckets, key);
    return {
      kind: "s3",
      bucket,
      endpoint: `s3.${room.region}.amazonaws.com`,
      region: room.region,
      insecure: false,
      credentials: undefined,
    };
  };
  return { cortex: storage("cortex"), loki: storage("loki"), thanos: storage("thanos") };
}

function declareBucket({ aws, opts }: AwsRoom, name: string, bucket: pulumi.Input<string>, key: kms.Key): s3.Bucket {
  // `destroy` must not be a way to lose tenants' data.
  const made = new aws.s3.Bucket(`aws/bucket-${name}`, { bucket, forceDestroy: false }, { ...opts, protect: true, retainOnDelete: true });
  const of = { bucket: made.bucket };
  new aws.s3.BucketPublicAccessBlock(
    `aws/bucket-${name}-private`,
    { ...of, blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true },
    { ...opts, retainOnDelete: true },
  );
  new aws.s3.BucketServerSideEncryptionConfiguration(
    `aws/bucket-${name}-encryption`,
    {
      ...of,
      rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: key.arn }, bucketKeyEnabled: true }],
    },
    { ...opts, retainOnDelete: true },
  );
  const versioning = new aws.s3.BucketVersioning(
    `aws/bucket-${name}-versions`,
    { ...of, versioningConfiguration: { status: "Enabled" } },
    { ...opts, retainOnDelete: true },
  );
  // Compaction deletes all the time: old versions are a week's way back from a mistake, not an archive.
  const rules = [
    {
      id: "old-versions",
      status: "Enabled",
      filter: { prefix: "" },
      noncurrentVersionExpiration: { noncurrentDays: 7 },
      abortIncompleteMultipartUpload: { daysAfterInitiation: 2 },
    },
  ];
  new aws.s3.BucketLifecycleConfiguration(
    `aws/bucket-${name}-lifecycle`,
    { ...of, rules },
    { ...opts, retainOnDelete: true, dependsOn: [versioning] },
  );
  return made;
}

/** The role of a system's service account, by Pod Identity: no keys anywhere. */
function grant({ aws, opts }: AwsRoom, system: SystemName, cluster: Cluster, buckets: s3.Bucket[], key: kms.Key): void {
  const role = new aws.iam.Role(`aws/role-${system}`, { assumeRolePolicy: podIdentityTrust }, opts);
  const arns = buckets.map((b) => b.arn);
  const policy = pulumi.jsonStringify({
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Action: ["s3:ListBucket", "s3:GetBucketLocation"], Resource: arns },
      {
        Effect: "Allow",
        Action: ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"],
        Resource: arns.map((arn) => pulumi.interpolate`${arn}/*`),
      },
      { Effect: "Allow", Action: ["kms:Decrypt", "kms:GenerateDataKey"], Resource: key.arn },
    ],
  });
  new aws.iam.RolePolicy(`aws/role-${system}-buckets`, { role: role.name, policy }, opts);
  new aws.eks.PodIdentityAssociation(
    `aws/identity-${system}`,
    { clusterName: cluster.name, namespace: systemNamespaces[system], serviceAccount: system, roleArn: role.arn },
    opts,
  );
}
