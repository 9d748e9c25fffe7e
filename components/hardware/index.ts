import type { NodePlan } from "../../model/capacity";
import type { Hardware } from "../contracts";
import { declareAws } from "./aws";
import { existingHardware } from "./existing";
import type { Credentials, HardwareSettings } from "./existing";

export type { Credentials, HardwareSettings } from "./existing";

/**
 * The cluster and storage that the settings name. Loads only the SDK that is needed: `aws` costs 135 ms and is not loaded for `existing`.
 * @param nodes what the capacity plan counts; only hardware that makes nodes reads it.
 * @param credentials static keys of the S3 endpoint of `existing` hardware, from the stack's secrets; undefined: workload identity.
 * @throws InputError naming the setting that is missing.
 */
export async function hardware(settings: HardwareSettings, nodes: NodePlan, credentials?: Credentials): Promise<Hardware> {
  if (settings.hardware === "existing") return existingHardware(settings, credentials);
  const aws = await import("@pulumi/aws");
  // A CommonJS package: its lazily defined members are on `default` only.
  return declareAws(aws.default, settings, nodes);
}
