"use strict";
// Lets Node load the project's .ts files: transpiled through @swc/core as they are required, never type-checked here
// (`npm run check` does that once). Kept apart from start.js because the command line, tests' plugins and the Pulumi program share it.
const { createHash } = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");

const options = {
  jsc: { parser: { syntax: "typescript" }, target: "es2022", keepClassNames: true },
  module: { type: "commonjs", ignoreDynamic: true, strict: true },
  sourceMaps: "inline",
  swcrc: false,
};

let swc;
let salt;
const cache = path.join(__dirname, "node_modules", ".cache", "tenantstack");

function transpile(file) {
  const source = fs.readFileSync(file, "utf8");
  salt ??= require("@swc/core/package.json").version + JSON.stringify(options);
  const key = path.join(cache, createHash("sha256").update(salt).update(file).update(source).digest("hex") + ".js");
  try {
    return fs.readFileSync(key, "utf8");
  } catch {
    // not cached yet
  }
  swc ??= require("@swc/core");
  const { code } = swc.transformSync(source, { ...options, filename: file });
  try {
    // Written aside and renamed, so that a run killed half way leaves no half-made entry.
    fs.mkdirSync(cache, { recursive: true });
    const aside = `${key}.${process.pid}`;
    fs.writeFileSync(aside, code);
    fs.renameSync(aside, key);
  } catch {
    // A read-only checkout only costs time.
  }
  return code;
}

require.extensions[".ts"] = (module, file) => module._compile(transpile(file), file);
