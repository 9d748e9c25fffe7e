import fc from "fast-check";
import type { CapacitySettings } from "../../model/capacity";
import type { Tenant } from "../../model/tenant";
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

const base = tenant("any");
const limits = fc.record({
  metrics: fc.record({ activeSeries: fc.integer({ min: 1, max: 40_000_000 }), samplesPerSecond: fc.integer({ min: 1, max: 4_000_000 }) }),
  logs: fc.record({ megabytesPerSecond: fc.double({ min: 0.001, max: 300, noNaN: true }), streams: fc.integer({ min: 1, max: 500_000 }) }),
  queries: fc.record({ parallelism: fc.integer({ min: 1, max: 500 }), lookback: fc.constant(86_400) }),
});
/** Fields of any tenant that the plan depends on. */
export const anyTenant: fc.Arbitrary<Omit<Tenant, "name">> = fc
  .record({
    tier: fc.constantFrom("small" as const, "medium" as const, "large" as const),
    metrics: fc.constantFrom("cortex" as const, "thanos" as const),
    apis: fc.constantFrom(["logs", "metrics"] as const, ["logs"] as const, ["metrics"] as const, ["datadog", "logs", "metrics"] as const),
    state: fc.constantFrom("active" as const, "active" as const, "suspended" as const, "retired" as const),
    querier: fc.constantFrom("shared" as const, "dedicated" as const),
    retention: fc.record({ metrics: fc.constantFrom(1, 30, 395).map((days) => days * 86_400), logs: fc.constant(86_400) }),
    limits,
  })
  .map((fields) => ({ ...base, ...fields }));
const named = (tenants: readonly Omit<Tenant, "name">[]): Tenant[] => tenants.map((one, i) => ({ ...one, name: `t-${i}` }));
export const anyTenants = fc.array(anyTenant, { maxLength: 8 }).map(named);
