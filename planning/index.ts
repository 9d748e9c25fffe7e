import program from "../index";
import { providerOutputs } from "./outputs";
import { record, type Recording, type RecordOptions } from "./record";

export { compare, type Change } from "./compare";
export { record, type Recorded, type Recording, type RecordOptions } from "./record";

/** Settings of stack dev (Pulumi.dev.yaml) in the form of `RecordOptions.config`. */
export const devConfig: Readonly<Record<string, string>> = {
  "tenantstack:zone": "obs.localhost",
  "tenantstack:hardware": "existing",
  "tenantstack:dns": "none",
  "tenantstack:certificates": "private-ca",
  "tenantstack:edge": "none",
  "tenantstack:cluster": JSON.stringify({ size: "single" }),
};

/** Records what this project's program declares for a folder of tenants. Throws RunError as the engine would print it. */
export function recordProgram(tenants: string, options: Partial<RecordOptions> = {}): Promise<Recording> {
  return record(
    program,
    { config: { ...devConfig, "tenantstack:tenants": tenants, ...options.config }, ...without(options) },
    providerOutputs,
  );
}

function without(options: Partial<RecordOptions>): Omit<Partial<RecordOptions>, "config"> {
  const { config: _, ...rest } = options;
  return rest;
}
