import fc from "fast-check";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { planCapacity } from "../../model/capacity";
import { capacityRecord, readCapacity } from "../../model/capacity-record";
import { keptNotice, keptReplicas } from "../../model/scalein";
import type { Tenant } from "../../model/tenant";
import { recordProgram } from "../../planning";
import { anyTenants, settings, tenant } from "./capacity-kit";

/** Cortex' ingesters do not go by themselves: not with a tenant, not with a limit. */

const ingesters = (plan: ReturnType<typeof planCapacity>) =>
  plan.components.find((one) => `${one.system} ${one.name}` === "cortex ingester")!.replicas;
const on = settings("distributed");
const asked = (tenants: readonly Tenant[]) => readCapacity(capacityRecord(planCapacity(tenants, on)));

test("whatever the tenants were and are, ingesters never get fewer, everything else is as it would be, and it is said exactly when it matters", () => {
  fc.assert(
    fc.property(anyTenants, anyTenants, (before, tenants) => {
      const needed = planCapacity(tenants, on);
      const plan = planCapacity(tenants, on, { atLeast: keptReplicas(asked(before), on.cluster) });
      expect(ingesters(plan)).toBe(Math.max(ingesters(needed), ingesters(planCapacity(before, on))));
      const others = (of: typeof plan) => of.components.filter((one) => one.name !== "ingester" || one.system !== "cortex");
      expect(others(plan)).toEqual(others(needed));
      expect(keptNotice(needed, plan) !== undefined).toBe(ingesters(plan) > ingesters(needed));
    }),
  );
});

test("they go when an operator says so; a first up and size single know none", () => {
  const before = asked([tenant("huge", "limits: {metrics: {activeSeries: 30M}}\n")]);
  expect(keptReplicas(before, { size: "distributed" })).toEqual(new Map([["cortex ingester", 27]]));
  expect(keptReplicas(before, { size: "distributed", fewerIngesters: true })).toEqual(new Map());
  expect(keptReplicas(before, { size: "single" })).toEqual(new Map());
  expect(keptReplicas(undefined, { size: "distributed" })).toEqual(new Map());
});

test("the program declares as many as the last up, and nodes' capacity for them", async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "tenantstack-unit-"));
  try {
    fs.writeFileSync(path.join(folder, "small.yaml"), "owner: a@example.com\ndescription: A tenant\nkeys: [2026-11]\n");
    const config = {
      "tenantstack:cluster": '{"size":"distributed"}',
      "tenantstack:s3": '{"endpoint":"https://s3.eu-west-1.amazonaws.com","region":"eu-west-1","bucketPrefix":"example"}',
    };
    const capacity = capacityRecord(planCapacity([tenant("huge", "limits: {metrics: {activeSeries: 30M}}\n")], on));
    const { resources, outputs } = await recordProgram(folder, { config, before: { capacity } });
    const sets = resources.filter((one) => /^cortex\/ingester-zone-.$/.test(one.name) && one.type.endsWith(":StatefulSet"));
    expect(sets.map((one) => (one.inputs.spec as { replicas: number }).replicas)).toEqual([9, 9, 9]);
    expect((outputs.capacity as Record<string, string>)["cortex ingester"]).toMatch(/^27 pods/);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
});
