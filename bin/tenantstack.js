#!/usr/bin/env node
"use strict";
// The operators' command: `npx tenantstack ...`.
process.argv.splice(2, 0, "cli/main.ts");
require("./run.js");
