"use strict";
// The entry of the Pulumi program (package.json `main`): no build step and no type check at run time.
// Every promise of the SDK captures a stack, which takes half of the time of a large stack. TENANTSTACK_STACK_TRACES=1 brings them back to look
// into an error of the program itself; what people write wrongly is reported without a stack in any case.
if (process.env.TENANTSTACK_STACK_TRACES !== "1") Error.stackTraceLimit = 0;
require("./hook.js");
const { lastUp } = require("./components/lastup.ts");

module.exports = async () => {
  const before = lastUp();
  // A failure is the program's to report, when it waits for the answer.
  before.catch(() => undefined);
  // Loading the rest takes all of this thread: first let the question out.
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  return require("./index.ts").default(before);
};
