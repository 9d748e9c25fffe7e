import type * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { PlatformFacts } from "../../model/monitoring";
import type { InternalClient } from "../../model/tokens";
import type { Tenant } from "../../model/tenant";

/** Where the parts of monitoring are declared. */
export interface Platform {
  /** Tenant `system`. */
  readonly tenant: Tenant;
  readonly zone: string;
  /** Label `cluster` of every series: the stack. */
  readonly cluster: string;
  readonly facts: PlatformFacts;
  /** PEM; undefined where public roots sign. */
  readonly certificateAuthority: pulumi.Output<string> | undefined;
  /** A token of the tenant for a client inside the cluster. */
  readonly token: (client: InternalClient) => pulumi.Output<string>;
  /** Priority class of the shared systems' pods. */
  readonly priorityClass: string;
  readonly opts: Omit<pulumi.CustomResourceOptions, "dependsOn"> & {
    readonly dependsOn: pulumi.Resource[];
    readonly provider: kubernetes.Provider;
  };
}
