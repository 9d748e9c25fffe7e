import type { iam, kms } from "@pulumi/aws";
import * as kubernetes from "../../kubernetes/api";
import * as pulumi from "@pulumi/pulumi";
import { providerFlags } from "../provider";
import type { NodePlan } from "../../../model/capacity";
import type { Network } from "./network";
import { podIdentityTrust } from "./room";
import type { AwsRoom } from "./room";

export interface Cluster {
  readonly name: pulumi.Output<string>;
  readonly provider: kubernetes.Provider;
}

/** Minor version of EKS; upgrades go one minor at a time. */
const version = "1.34";

/** An EKS cluster with private nodes, one node group per zone (volumes are zonal), encrypted secrets, and network policies that are enforced. */
export function declareCluster(room: AwsRoom, network: Network, key: kms.Key, plan: NodePlan): Cluster {
  const { aws, opts } = room;
  const controlPlane = role(room, "cluster", "eks.amazonaws.com", ["AmazonEKSClusterPolicy"]);
  const eks = new aws.eks.Cluster(
    "aws/cluster",
    {
      version,
      roleArn: controlPlane.role.arn,
      accessConfig: { authenticationMode: "API", bootstrapClusterCreatorAdminPermissions: true },
      vpcConfig: {
        subnetIds: [...network.privateSubnets, ...network.publicSubnets].map((s) => s.id),
        endpointPrivateAccess: true,
        endpointPublicAccess: true,
      },
      encryptionConfig: { provider: { keyArn: key.arn }, resources: ["secrets"] },
      enabledClusterLogTypes: ["api", "audit", "authenticator"],
      bootstrapSelfManagedAddons: false,
    },
    { ...opts, protect: true, dependsOn: controlPlane.policies },
  );
  // Network first: nodes become ready only with it. Isolation between tenants rests on enforced network policies.
  const networkAddon = addon(room, eks.name, "vpc-cni", { configurationValues: JSON.stringify({ enableNetworkPolicy: "true" }) });
  const nodes = nodeGroups(room, eks.name, network, plan, [networkAddon]);
  addons(room, eks.name, key, nodes);
  const provider = new kubernetes.Provider(
    "kubernetes",
    { ...providerFlags, clusterIdentifier: eks.arn, kubeconfig: kubeconfig(room.region, eks) },
    { dependsOn: nodes },
  );
  return { name: eks.name, provider };
}

/** As many nodes as the capacity plan counts: a step of the plan shows in the preview as one of `scalingConfig`, beside the replicas that need it. */
function nodeGroups(
  room: AwsRoom,
  clusterName: pulumi.Output<string>,
  network: Network,
  { node: planned, totals, zones }: NodePlan,
  after: pulumi.Resource[],
): pulumi.Resource[] {
  const perZone = Math.ceil(totals.nodes / zones);
  const node = role(room, "node", "ec2.amazonaws.com", [
    "AmazonEKSWorkerNodePolicy",
    "AmazonEKS_CNI_Policy",
    "AmazonEC2ContainerRegistryReadOnly",
  ]);
  return network.privateSubnets.map(
    (subnet, zone) =>
      new room.aws.eks.NodeGroup(
        `aws/nodes-${zone}`,
        {
          clusterName,
          nodeRoleArn: node.role.arn,
          subnetIds: [subnet.id],
          instanceTypes: [planned.type],
          amiType: "AL2023_x86_64_STANDARD",
          diskSize: 50,
          // The program decides the number, so there is no autoscaler to disagree with; one more lets an operator add a node by hand.
          scalingConfig: { minSize: perZone, desiredSize: perZone, maxSize: perZone + 1 },
          updateConfig: { maxUnavailable: 1 },
        },
        { ...room.opts, dependsOn: [...node.policies, ...after] },
      ),
  );
}

function addons(room: AwsRoom, cluster: pulumi.Output<string>, key: kms.Key, nodes: pulumi.Resource[]): void {
  const { aws, opts } = room;
  const after = { dependsOn: nodes };
  for (const name of ["kube-proxy", "coredns", "eks-pod-identity-agent"]) addon(room, cluster, name, {}, after);
  const disks = new aws.iam.Role("aws/role-disks", { assumeRolePolicy: podIdentityTrust }, opts);
  new aws.iam.RolePolicyAttachment(
    "aws/role-disks-driver",
    { role: disks.name, policyArn: "arn:aws:iam::aws:policy/service-role/AmazonEBSCSIDriverPolicy" },
    opts,
  );
  const policy = pulumi.jsonStringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: ["kms:Decrypt", "kms:GenerateDataKeyWithoutPlaintext", "kms:CreateGrant"], Resource: key.arn }],
  });
  new aws.iam.RolePolicy("aws/role-disks-key", { role: disks.name, policy }, opts);
  const identity = [{ roleArn: disks.arn, serviceAccount: "ebs-csi-controller-sa" }];
  addon(room, cluster, "aws-ebs-csi-driver", { podIdentityAssociations: identity }, after);
}

interface AddonArgs {
  readonly configurationValues?: string;
  readonly podIdentityAssociations?: { roleArn: pulumi.Input<string>; serviceAccount: string }[];
}

function addon(
  { aws, opts }: AwsRoom,
  clusterName: pulumi.Output<string>,
  name: string,
  args: AddonArgs,
  more: pulumi.CustomResourceOptions = {},
) {
  const settings = { clusterName, addonName: name, resolveConflictsOnUpdate: "OVERWRITE", ...args };
  return new aws.eks.Addon(`aws/addon-${name}`, settings, { ...opts, ...more });
}

function role({ aws, opts }: AwsRoom, name: string, service: string, managed: string[]): { role: iam.Role; policies: pulumi.Resource[] } {
  const assumeRolePolicy = JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: service }, Action: ["sts:AssumeRole"] }],
  });
  const made = new aws.iam.Role(`aws/role-${name}`, { assumeRolePolicy }, opts);
  const policies = managed.map(
    (policy) =>
      new aws.iam.RolePolicyAttachment(
        `aws/role-${name}-${policy}`,
        { role: made.name, policyArn: `arn:aws:iam::aws:policy/${policy}` },
        opts,
      ),
  );
  return { role: made, policies };
}

/** Credentials are asked for at each use (`aws eks get-token`), so the state holds none. */
function kubeconfig(
  region: string,
  eks: { name: pulumi.Output<string>; endpoint: pulumi.Output<string>; certificateAuthority: pulumi.Output<{ data: string }> },
): pulumi.Output<string> {
  return pulumi.all([eks.name, eks.endpoint, eks.certificateAuthority]).apply(([name, server, authority]) =>
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      "current-context": name,
      clusters: [{ name, cluster: { server, "certificate-authority-data": authority.data } }],
      contexts: [{ name, context: { cluster: name, user: name } }],
      users: [
        {
          name,
          user: {
            exec: {
              apiVersion: "client.authentication.k8s.io/v1beta1",
              command: "aws",
              args: ["--region", region, "eks", "get-token", "--cluster-name", name],
              interactiveMode: "Never",
            },
          },
        },
      ],
    }),
  );
}
