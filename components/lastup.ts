import * as pulumi from "@pulumi/pulumi";
import type { Before, TenantRecord } from "../model/guard";

/**
 * What the last successful `up` of this very stack declared, from its own outputs. `start.js` asks before it loads the rest of the program: the
 * engine looks its state up meanwhile.
 */
export async function lastUp(): Promise<Before> {
  const self = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
  const stack = new pulumi.StackReference("self", { name: self });
  const [states, records, readSharding, capacity] = await Promise.all(
    ["tenants", "records", "readSharding", "capacity"].map((name) => stack.getOutputDetails(name)),
  );
  return {
    states: (states?.value ?? {}) as Record<string, string>,
    records: (records?.value ?? {}) as Record<string, TenantRecord>,
    readSharding: readSharding?.value === true,
    capacity: capacity?.value as unknown,
  };
}
