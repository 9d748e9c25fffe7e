import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { recipes } from "../embedded/toolchain";
import { storeRecipes } from "../embedded/toolchain/recipes-stores";

/**
 * `npm test [-- STAGE...]`: runs the stages in order, prints the time of each, and ends with one line `N passed, N failed`.
 * Every stage runs even if one before it failed, so that one run tells everything.
 */
const root = path.join(__dirname, "..");

interface Counts {
  readonly passed: number;
  readonly failed: number;
}

interface Stage {
  readonly name: string;
  readonly about: string;
  run(): Promise<Counts>;
}

/** A single command that passes or fails as a whole. */
function command(name: string, about: string, argv: readonly string[], limitSeconds: number): Stage {
  return {
    name,
    about,
    run: async () => ((await execute(argv, limitSeconds)) === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }),
  };
}

/** A folder of tests under jest; counted one by one. A suite that could not run counts as failed, and so does a run that found no test. */
function tests(name: string, about: string, extra: readonly string[], limitSeconds: number): Stage {
  return {
    name,
    about,
    run: async () => {
      const report = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "tenantstack-test-")), "report.json");
      const argv = [
        "node",
        // A larger young generation: a recording makes much and keeps little.
        "--max-semi-space-size=64",
        "--experimental-vm-modules",
        "node_modules/jest/bin/jest.js",
        "-c",
        "test/jest.config.js",
        `test/${name}/`,
        "--json",
        `--outputFile=${report}`,
        ...extra,
      ];
      const code = await execute(argv, limitSeconds, { NODE_NO_WARNINGS: "1" });
      const counts = countsOf(report);
      fs.rmSync(path.dirname(report), { recursive: true, force: true });
      return code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
    },
  };
}

function countsOf(report: string): Counts {
  try {
    const read = JSON.parse(fs.readFileSync(report, "utf8")) as {
      numPassedTests: number;
      numFailedTests: number;
      numRuntimeErrorTestSuites: number;
    };
    return { passed: read.numPassedTests, failed: read.numFailedTests + read.numRuntimeErrorTestSuites };
  } catch {
    return { passed: 0, failed: 1 };
  }
}

function execute(argv: readonly string[], limitSeconds: number, env: NodeJS.ProcessEnv = {}): Promise<number> {
  const [program = "", ...args] = argv;
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, stdio: ["ignore", "ignore", "inherit"], env: { ...process.env, ...env } });
    const timer = setTimeout(() => {
      process.stderr.write(`${argv.join(" ")} took more than ${limitSeconds} s and was ended\n`);
      child.kill("SIGKILL");
    }, limitSeconds * 1000);
    child.on("error", (error) => process.stderr.write(`${program}: ${error.message}\n`));
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve(code ?? 1);
    });
  });
}

const bin = (name: string, script: string) => ["node", `node_modules/${name}/${script}`];

const check: readonly Stage[] = [
  command("types", "the type checker", [...bin("typescript", "bin/tsc"), "--noEmit", "-p", "."], 300),
  command("lint", "lint rules, the one-way arrows among them", [...bin("eslint", "bin/eslint.js"), "--max-warnings", "0", "."], 300),
  command("format", "Prettier", [...bin("prettier", "bin/prettier.cjs"), "--check", "--log-level", "warn", "."], 120),
  command("generated", "schema and reference pages are those of the code", ["node", "bin/run.js", "cli/generate.ts", "--check"], 60),
];
/** Some of them wait for other processes, so a third worker keeps two cores busy. */
const unit = tests("unit", "pure logic and the program under mocks; no tool chain", ["--maxWorkers=3"], 300);
const inputs = tests(
  "inputs",
  "bad tenant files and settings by the thousand, hostile YAML, properties of names; no tool chain",
  ["--maxWorkers=2"],
  300,
);
const tools = (name: string, wanted: readonly string[]) =>
  command(name, "the tool chain is there, or is made", ["node", "bin/run.js", "embedded/toolchain/main.ts", ...wanted], 75 * 60);
/** Prometheus scrapes them. */
const storeTools = [...Object.keys(storeRecipes), "prometheus"];
const otherTools = Object.keys(recipes).filter((name) => !storeTools.includes(name));
const engine = tests("engine", "the real engine, API server and Envoy", ["--maxWorkers=2"], 1500);
/** Apart from `npm test`: they start dozens of processes of the real stores. */
const stores = tests(
  "stores",
  "the real Cortex, Loki and Thanos: configurations, data paths, limits",
  // Half of the time they wait for reloads and for what stores do at intervals.
  ["--maxWorkers=3"],
  1500,
);
/** Apart from `npm test`: every attack on every route, and a gateway for each part that one may lack. */
const attacks = tests("attacks", "attacks on the real gateway, and gateways that lack a part each", ["--maxWorkers=2"], 900);
/** Kills, full disks, wrong clocks, upgrades: apart from `npm test`, as each start takes its time. All moments of all kills, which `npm run crashes` asks for, take an hour. */
const crashes = tests(
  "crashes",
  "kills, troubles of the machine and an upgrade in the middle of npm start",
  // They wait for other processes much of the time.
  ["--maxWorkers=3"],
  process.env["TENANTSTACK_CRASHES"] === "all" ? 7200 : 1200,
);
/** Alone, since it measures. */
const bench = tests("bench", "ratios, each within one run", ["--runInBand"], 600);
/** `npm test` is unit and engine, which fit into five minutes; the others are asked for by name (`npm test -- inputs`, `npm run check`, ...); CI asks for all. */
const groups: Readonly<Record<string, readonly Stage[]>> = {
  check,
  unit: [unit],
  inputs: [inputs],
  engine: [tools("tools", otherTools), engine],
  stores: [tools("storetools", storeTools), stores],
  attacks: [tools("attacktools", Object.keys(recipes)), attacks],
  crashes: [tools("tools", otherTools), crashes],
  bench: [tools("benchtools", ["pulumi", "cortex", "loki", "thanos"]), bench],
};
const usual = ["unit", "engine"];

async function main(): Promise<number> {
  const asked = process.argv.slice(2);
  const unknown = asked.filter((name) => !(name in groups));
  if (unknown.length > 0) {
    process.stderr.write(`There is no stage ${unknown.join(", ")}. Stages: ${Object.keys(groups).join(", ")}.\n`);
    return 1;
  }
  const stages = (asked.length > 0 ? asked : usual).flatMap((name) => groups[name] ?? []);
  const lines: string[] = [];
  let total: Counts = { passed: 0, failed: 0 };
  for (const stage of stages) {
    process.stderr.write(`\n== ${stage.name}: ${stage.about}\n`);
    const began = Date.now();
    const counts = await stage.run();
    const line = `${stage.name.padEnd(10)} ${((Date.now() - began) / 1000).toFixed(1).padStart(7)} s   ${counts.passed} passed, ${counts.failed} failed`;
    process.stderr.write(`-- ${line}\n`);
    lines.push(line);
    total = { passed: total.passed + counts.passed, failed: total.failed + counts.failed };
  }
  process.stdout.write(`\n${lines.join("\n")}\n\n${total.passed} passed, ${total.failed} failed\n`);
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  },
);
