"use strict";
/** @type {import("jest").Config} */
module.exports = {
  rootDir: "..",
  // Only tests are looked for; without this jest lists all of node_modules at each start.
  roots: ["<rootDir>/test"],
  testSequencer: "<rootDir>/test/sequencer.js",
  testEnvironment: "node",
  testMatch: ["<rootDir>/test/**/*.test.ts"],
  transform: {
    "^.+\\.ts$": [
      "@swc/jest",
      {
        jsc: { parser: { syntax: "typescript" }, target: "es2022", keepClassNames: true },
        module: { type: "commonjs", ignoreDynamic: true },
        sourceMaps: "inline",
        swcrc: false,
      },
    ],
  },
  // ESM-only packages reach tests through child processes or dynamic import; nothing in node_modules needs a transform.
  transformIgnorePatterns: ["/node_modules/"],
  modulePathIgnorePatterns: ["<rootDir>/.embedded"],
};
