"use strict";
// node launch.js NAME [ARGS of the engine]: runs the stand-in NAME. The engine's plugin folder holds only a two-line script that comes here,
// so that a plugin is always the code of this checkout.
Error.stackTraceLimit = 0; // every promise would capture one; nothing here prints them
require("../../hook.js");
const [name] = process.argv.splice(2, 1);
require(`./${name}/main.ts`);
