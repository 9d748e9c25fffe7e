import * as pulumi from "@pulumi/pulumi";
import { record } from "../../planning/record";

const recording = (name: string, fails = false) => {
  const program = async () => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (fails) throw new Error(`${name} fails`);
    new pulumi.ComponentResource("a:b:C", name);
    return {};
  };
  return record(program, { config: {} }, () => ({}));
};

test("recordings that are asked for at once wait for one another, also for one that fails", async () => {
  const limit = Error.stackTraceLimit;
  const [one, two, failed, three] = await Promise.allSettled([
    recording("one"),
    recording("two"),
    recording("bad", true),
    recording("three"),
  ]);
  const names = [one, two, three].map((each) => each.status === "fulfilled" && each.value.resources.map((resource) => resource.name));
  expect(names).toEqual([
    ["one", "tenantstack-dev"],
    ["two", "tenantstack-dev"],
    ["three", "tenantstack-dev"],
  ]);
  expect(failed).toMatchObject({ status: "rejected", reason: { message: "bad fails" } });
  // Errors of what comes after have their stacks again.
  expect([Error.stackTraceLimit, new Error("with a stack").stack]).toEqual([limit, expect.stringContaining("recording.test.ts")]);
});
