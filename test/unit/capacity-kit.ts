import type { CapacitySettings } from "../../model/capacity";
import { good, minimal } from "./model-kit";

const s3 = { endpoint: "https://s3.example.com", region: "eu-west-1", bucketPrefix: "obs" };
/** Settings of a stack on existing hardware; without a bucket blocks stay on volumes. */
export const settings = (size: "single" | "distributed", bucket = true): CapacitySettings => ({
  stack: "dev",
  hardware: "existing",
  cluster: { size },
  s3: bucket ? s3 : undefined,
  aws: undefined,
});
/** A tenant out of the least text and what is added. */
export const tenant = (name: string, text = "") => good(minimal + text, name);
/** The tenants of docs/sizing.md. */
export const three = [
  tenant("prod", "tier: medium\napis: [metrics, logs, datadog]\n"),
  tenant("staging", "metrics: thanos\n"),
  tenant("system"),
];
/** The three, a large one, and one with a querier of its own. */
export const grown = [...three, tenant("shop", "tier: large\n"), tenant("vip", "metrics: thanos\nquerier: dedicated\n")];
