"use strict";
// The entry of the Pulumi program (package.json `main`): no build step and no type check at run time.
// Every promise of the SDK captures a stack otherwise, which takes half of the time of a large stack. TENANTSTACK_STACK_TRACES=1 brings them back
// to look into an error of the program itself; what people write wrongly is reported without a stack in any case.
if (process.env.TENANTSTACK_STACK_TRACES !== "1") Error.stackTraceLimit = 0;
require("./hook.js");
module.exports = require("./index.ts").default;
