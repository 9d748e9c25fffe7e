"use strict";
const path = require("node:path");

/** Unit tests that replace what the code sees (fake timers, mocked modules) and so need a copy of it of their own. */
const own = ["toolchain-console"];
/** Packages that unit tests share besides the project's own code: those that carry it, and those that take long to load. */
const sharedPackages = "(@pulumi|@grpc|google-protobuf|yaml|fast-check)";

const rootDir = path.join(__dirname, "..");
const root = rootDir.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
const typescript = {
  "^.+\\.ts$": [
    "@swc/jest",
    {
      jsc: { parser: { syntax: "typescript" }, target: "es2022", keepClassNames: true },
      module: { type: "commonjs", ignoreDynamic: true },
      sourceMaps: "inline",
      swcrc: false,
    },
  ],
};
const common = {
  rootDir,
  modulePathIgnorePatterns: ["<rootDir>/.embedded"],
  // Jest would take apart, after each file, the classes and objects that the files of a worker share.
  testEnvironmentOptions: { globalsCleanup: "off" },
};

/** @type {import("jest").Config} */
module.exports = {
  rootDir,
  testSequencer: "<rootDir>/test/sequencer.js",
  // Machines of CI may be busy: a test that says no limit of its own is stuck after half a minute, not after five seconds.
  testTimeout: 30_000,
  projects: [
    {
      ...common,
      // Only tests are looked for; without this jest lists all of node_modules at each start.
      roots: ["<rootDir>/test/unit"],
      testMatch: ["<rootDir>/test/unit/**/*.test.ts", ...own.map((name) => `!**/${name}.test.ts`)],
      testEnvironment: "<rootDir>/test/outside-environment.js",
      transform: {
        [`^${root}/(?!node_modules/|test/).*\\.ts$`]: "<rootDir>/test/outside-transform.js",
        [`/node_modules/${sharedPackages}/.*\\.js$`]: "<rootDir>/test/outside-transform.js",
        ...typescript,
      },
      transformIgnorePatterns: [`/node_modules/(?!${sharedPackages}/)`],
    },
    {
      ...common,
      roots: ["<rootDir>/test"],
      testEnvironment: "node",
      testMatch: ["<rootDir>/test/!(unit)/**/*.test.ts", ...own.map((name) => `<rootDir>/test/unit/${name}.test.ts`)],
      transform: typescript,
      // ESM-only packages reach tests through child processes or dynamic import; nothing in node_modules needs a transform.
      transformIgnorePatterns: ["/node_modules/"],
    },
  ],
};
