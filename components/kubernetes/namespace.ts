import * as kubernetes from "./api";
import type * as pulumi from "@pulumi/pulumi";
import type { Labels } from "./labels";

/** A namespace in which the API server itself refuses any pod that is not Pod Security `restricted`. */
export function restrictedNamespace(
  logicalName: string,
  args: { name: string; labels: Labels; annotations?: Labels },
  opts: pulumi.CustomResourceOptions,
): kubernetes.core.v1.Namespace {
  return new kubernetes.core.v1.Namespace(
    logicalName,
    {
      metadata: {
        name: args.name,
        labels: {
          ...args.labels,
          "pod-security.kubernetes.io/enforce": "restricted",
          "pod-security.kubernetes.io/enforce-version": "latest",
        },
        annotations: { ...args.annotations },
      },
    },
    opts,
  );
}
