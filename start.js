"use strict";
// The entry of the Pulumi program (package.json `main`): no build step and no type check at run time.
require("./hook.js");
module.exports = require("./index.ts").default;
