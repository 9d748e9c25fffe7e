"use strict";
// node bin/run.js FILE [ARGS]: runs one of the project's TypeScript files from a bare clone. Installs the locked packages first when they
// are missing or not those of package-lock.json, so that `npm start` and `npm test` need nothing but Node.
const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");

const root = path.join(__dirname, "..");
const major = Number(process.versions.node.split(".")[0]);
if (major < 20) {
  console.error(`tenantstack needs Node 20 or later; this is ${process.version}. Install it from https://nodejs.org and try again.`);
  process.exit(1);
}

function packagesAreCurrent() {
  try {
    const wanted = fs.statSync(path.join(root, "package-lock.json")).mtimeMs;
    return fs.statSync(path.join(root, "node_modules", ".tenantstack-installed")).mtimeMs >= wanted;
  } catch {
    return false;
  }
}

if (!packagesAreCurrent()) {
  console.error("Installing the locked npm packages (about 40 s, once per clone) ...");
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const done = spawnSync(npm, ["ci", "--loglevel=error"], { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
  if (done.error || done.status !== 0) {
    console.error(
      `npm ci failed${done.error ? `: ${done.error.message}` : ""}. Nothing else was changed; repair the network or the npm settings and run the same command again.`,
    );
    process.exit(1);
  }
  fs.writeFileSync(path.join(root, "node_modules", ".tenantstack-installed"), "");
}

require("../hook.js");
const [file, ...rest] = process.argv.slice(2);
process.argv.splice(1, process.argv.length, path.resolve(root, file), ...rest);
require(path.resolve(root, file));
