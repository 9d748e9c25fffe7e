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

/** Name of a file's cache entry: path, size and time of change tell versions apart without reading the source. */
function entryOf(file) {
  salt ??= require("@swc/core/package.json").version + JSON.stringify(options);
  const { size, mtimeNs, ino } = fs.statSync(file, { bigint: true });
  return path.join(cache, `${createHash("sha256").update(`${salt}\n${file}\n${size}\n${mtimeNs}\n${ino}`).digest("hex")}.js`);
}

function transpile(file) {
  const entry = entryOf(file);
  try {
    return fs.readFileSync(entry, "utf8");
  } catch {
    // not cached yet
  }
  swc ??= require("@swc/core");
  const { code } = swc.transformSync(fs.readFileSync(file, "utf8"), { ...options, filename: file });
  try {
    // Written aside and renamed, so that a run killed half way leaves no half-made entry.
    fs.mkdirSync(cache, { recursive: true });
    const aside = `${entry}.${process.pid}`;
    fs.writeFileSync(aside, code);
    fs.renameSync(aside, entry);
  } catch {
    // A read-only checkout only costs time.
  }
  return code;
}

require.extensions[".ts"] = (module, file) => module._compile(transpile(file), file);

module.exports = { transpile };
