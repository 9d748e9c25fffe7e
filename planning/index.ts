import program from "../index";
import { devConfig } from "./dev";
import { providerOutputs } from "./outputs";
import { record, type Recording, type RecordOptions } from "./record";

export { devConfig } from "./dev";
export { compare, type Change } from "./compare";
export { record, type Recorded, type Recording, type RecordOptions } from "./record";

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
