import type * as pulumi from "@pulumi/pulumi";

/** The SDK, handed in: it loads on demand. */
export type Aws = typeof import("@pulumi/aws");

/** What every AWS part is declared with. */
export interface AwsRoom {
  readonly aws: Aws;
  readonly stack: string;
  readonly region: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly opts: pulumi.CustomResourceOptions & { readonly provider: pulumi.ProviderResource };
}

/** https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html */
export const podIdentityTrust = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { Service: "pods.eks.amazonaws.com" }, Action: ["sts:AssumeRole", "sts:TagSession"] }],
});
