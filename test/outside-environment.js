"use strict";
// Unit tests share what they test: a worker loads the project's code, the Pulumi SDK and a few other packages once, by Node's own loader,
// and every test file of the worker gets the same modules. Under jest alone each file loads all of it anew (the SDK alone takes 0.7 s),
// and runs it in a context where every global costs a look-up. Test files and their kits stay jest's: each run of a file has its own.
// test/outside-transform.js puts `loadOutside(FILE)` in the place of the modules that test/jest.config.js names.
const { TestEnvironment } = require("jest-environment-node");
const asyncHooks = require("node:async_hooks");
const fs = require("node:fs");
const { SourceMap } = require("node:module");
const path = require("node:path");
const { runInContext } = require("node:vm");

const root = path.join(__dirname, "..") + path.sep;
const isOurs = (file) => file.startsWith(root) && !file.startsWith(path.join(root, "node_modules") + path.sep);

/** Set by the first load; not at the top, since jest has its own hooks in place while it reads this file. */
let transpile;

function loadOutside(file) {
  transpile ??= require("../hook.js").transpile;
  return require(file);
}

/**
 * Classes and objects that what is shared and a test must have in common, so that `instanceof` and equality of maps and sets hold
 * whoever made the value. `process` too: the shared code reads the environment variables that a test sets.
 */
const common = ["Error", "AggregateError", "RangeError", "SyntaxError", "TypeError", "Date", "Map", "Promise", "RegExp", "Set", "process"];

/** What would change the test's own copies and not what is shared. */
const ineffective = /\bjest\s*\.\s*(mock|doMock|unstable_mockModule|useFakeTimers)\s*\(/;

/** Jest's own storages of this file. It leaves them open, and every promise of the worker would pay for each of them. */
const storages = new Set();
class Storage extends asyncHooks.AsyncLocalStorage {
  constructor(...args) {
    super(...args);
    if (/[\\/]jest-circus[\\/]/.test(new Error().stack)) storages.add(this);
  }
}
asyncHooks.AsyncLocalStorage = Storage;

class OutsideEnvironment extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    const found = ineffective.exec(fs.readFileSync(context.testPath, "utf8"));
    if (found !== null)
      throw new Error(
        `${path.relative(root, context.testPath)}: jest.${found[1]} does not reach the code that unit tests share. Name the file in \`own\` of test/jest.config.js.`,
      );
    if (config.globalConfig.watch || config.globalConfig.watchAll) forget();
    this.before = { env: process.env, variables: { ...process.env }, exit: process.exit, limit: Error.stackTraceLimit };
    this.global.loadOutside = loadOutside;
    for (const name of common) this.global[name] = globalThis[name];
    // Plain objects that a test writes down count as of the same type as those of the shared code (toStrictEqual).
    runInContext("Object", this.context).prototype.constructor = Object;
  }

  async setup() {
    await super.setup();
    // Jest asks for 100 frames of every error, also of those that code makes and drops; Node's own number is plenty.
    Error.stackTraceLimit = 10;
  }

  /** Jest maps stacks of what it transforms itself; this does it for the shared files. */
  handleTestEvent(event) {
    if (event.name === "test_fn_failure" || event.name === "hook_failure") mapStack(event.error);
  }

  async teardown() {
    const { env, variables, exit, limit } = this.before;
    process.env = env;
    for (const name of Object.keys(env)) if (!(name in variables)) delete env[name];
    Object.assign(env, variables);
    process.exit = exit;
    Error.stackTraceLimit = limit;
    for (const storage of storages) storage.disable();
    storages.clear();
    await super.teardown();
  }
}

/** In watch mode files change between runs of one process. */
function forget() {
  for (const file of Object.keys(require.cache)) if (isOurs(file) && file.endsWith(".ts")) delete require.cache[file];
}

/** Puts lines and columns of the source in the place of those of the code that ran. */
function mapStack(error) {
  if (!(error instanceof Error) || typeof error.stack !== "string") return;
  error.stack = error.stack.replace(/([^\s()]+\.ts):(\d+):(\d+)/g, (place, file, line, column) => {
    if (!(file in require.cache)) return place;
    const map = transpile(file).match(/\/\/# sourceMappingURL=data:application\/json;[^,]*base64,(\S+)\s*$/);
    if (map === null) return place;
    const entry = new SourceMap(JSON.parse(Buffer.from(map[1], "base64").toString())).findEntry(line - 1, column - 1);
    return entry.originalLine === undefined ? place : `${file}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
  });
}

module.exports = OutsideEnvironment;
