import { execFile } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { ensureTools } from "../../embedded/toolchain";
import { ruleFile, type RuleGroup } from "../../model/monitoring/rule";
import { toYaml } from "../../model/text";

/** What promtool said, and whether it was content. */
export interface Verdict {
  readonly ok: boolean;
  readonly text: string;
}

/** Prometheus' own tool, in a folder of its own. */
export class Promtool {
  private readonly dir = fs.mkdtempSync(path.join(os.tmpdir(), "tenantstack-rules-"));
  private constructor(private readonly program: string) {}

  public static async find(): Promise<Promtool> {
    const step = () => ({ done() {}, fail() {}, progress() {} });
    const tool = (await ensureTools(["promtool"], { report: { step, note() {} } })).get("promtool");
    if (tool === undefined) throw new Error("the tool chain gave no promtool");
    return new Promtool(tool.path);
  }

  public remove(): void {
    fs.rmSync(this.dir, { recursive: true, force: true });
  }

  /** Every complaint is an error. */
  public check(name: string, groups: readonly RuleGroup[]): Promise<Verdict> {
    return this.run("check", "rules", "--lint=all", "--lint-fatal", this.write(`${name}.yaml`, ruleFile(groups)));
  }

  /** Runs unit tests over rules; each entry is a file of its own. `everyMinutes` is how often rules are evaluated, whatever their groups say. */
  public test(
    entries: readonly { name: string; groups: readonly RuleGroup[]; everyMinutes: number; tests: readonly object[] }[],
  ): Promise<Verdict> {
    const files = entries.map(({ name, groups, everyMinutes, tests }) => {
      const rules = this.write(`${name}-rules.yaml`, ruleFile(groups));
      return this.write(`${name}-tests.yaml`, toYaml({ rule_files: [rules], evaluation_interval: `${everyMinutes}m`, tests }));
    });
    return this.run("test", "rules", ...files);
  }

  private write(name: string, text: string): string {
    fs.writeFileSync(path.join(this.dir, name), text);
    return name;
  }

  private run(...args: string[]): Promise<Verdict> {
    return new Promise((resolve) =>
      execFile(this.program, args, { cwd: this.dir, timeout: 120_000, maxBuffer: 16 << 20 }, (error, out, err) =>
        resolve({ ok: error === null, text: `${out}${err}` }),
      ),
    );
  }
}
