import type { Command } from "commander";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { capacitySteps, readCapacity } from "../model/capacity-record";
import type { Change, Recording } from "../planning";
import { UserError } from "./errors";
import { root } from "./paths";

/** Registers `plan`: what the files of this checkout would change against a commit, in seconds and without any cluster or credentials. */
export function register(program: Command): void {
  program
    .command("plan")
    .description("Say what the tenant files here would change against a commit: no cluster, no credentials, for pull requests")
    .option("--base <commit>", "what to compare with", "HEAD")
    .action(async (options: { base: string }) => {
      const before = filesOf(options.base);
      try {
        // Loaded here: the SDK takes half a second that the other commands need not pay.
        // eslint-disable-next-line @typescript-eslint/no-require-imports
        const { compare, recordProgram } = require("../planning") as typeof import("../planning");
        const [now, after] = [await recordProgram(before), await recordProgram(path.join(root, "tenants"))];
        process.stdout.write(`${table(compare(now, after), options.base)}\n${steps(now, after)}`);
      } finally {
        fs.rmSync(path.dirname(before), { recursive: true, force: true });
      }
    });
}

/** The tenants folder of a commit, in a temporary folder of its own that the caller removes. Throws UserError when git does not know the commit. */
export function filesOf(base: string): string {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "tenantstack-plan-"));
  fs.mkdirSync(path.join(dir, "tenants"));
  let archive: Buffer;
  try {
    archive = execFileSync("git", ["archive", "--format=tar", base, "tenants"], {
      cwd: root,
      timeout: 30_000,
      maxBuffer: 256 << 20,
      stdio: ["ignore", "pipe", "pipe"],
    });
  } catch (error) {
    fs.rmSync(dir, { recursive: true, force: true });
    const said = (error as { stderr?: Buffer }).stderr?.toString().trim() ?? "";
    throw new UserError(
      `--base ${base}: the tenants folder of this commit could not be read (${said || "git failed"}). Name a commit or branch that git knows here.`,
    );
  }
  execFileSync("tar", ["-x", "-C", dir], { input: archive, timeout: 30_000 });
  return path.join(dir, "tenants");
}

function table(changes: readonly Change[], base: string): string {
  if (changes.length === 0) return `Nothing changes against ${base}.`;
  const sign = { create: "+", update: "~", delete: "-" };
  const count = (kind: Change["kind"]) => changes.filter((c) => c.kind === kind).length;
  const rows = changes.map((c) => {
    const [type = "", name = ""] = c.urn.split("::");
    return ` ${sign[c.kind]} ${name.padEnd(36)} ${(type.split(":").at(-1) ?? type).padEnd(22)} ${c.paths.join(", ")}`.trimEnd();
  });
  return [...rows, "", `Against ${base}: ${count("create")} to create, ${count("update")} to change, ${count("delete")} to delete.`].join(
    "\n",
  );
}

/** Replicas of the shared cluster that come and go, apart from the objects; nothing when none do. */
function steps(before: Recording, files: Recording): string {
  const [now, after] = [readCapacity(before.outputs.capacity), readCapacity(files.outputs.capacity)];
  const found = now === undefined || after === undefined ? [] : capacitySteps(now, after);
  return found.length === 0 ? "" : `\n${["Capacity steps:", ...found].join("\n")}\n`;
}
