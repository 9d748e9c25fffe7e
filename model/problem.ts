/** One thing that is wrong with what a person wrote, said so that it can be mended without reading the code. */
export interface Problem {
  /** The file, relative to the project, e.g. `tenants/prod.yaml`. */
  readonly file: string;
  /** 1-based; 0 where the file as a whole is meant. */
  readonly line: number;
  /** 1-based; 0 where the file as a whole is meant. */
  readonly column: number;
  /** The place in the document, e.g. `limits.metrics.activeSeries`; empty for the whole file. */
  readonly path: string;
  /** What was found there, as written, shortened. Never a secret. */
  readonly value: string;
  /** The rule it breaks, e.g. `must be one of small, medium, large`. */
  readonly rule: string;
  /** What to do, e.g. `write tier: medium`. */
  readonly remedy: string;
}

/** Thrown with all problems of all files at once; callers print `report` and exit with 1. */
export class InputError extends Error {
  public constructor(public readonly problems: readonly Problem[]) {
    super(report(problems));
    this.name = "InputError";
  }
}

/** More at once say nothing more to a person. */
const mostShown = 100;

/** Two lines a problem: `file:line:column path: value` then rule and remedy. */
export function report(problems: readonly Problem[]): string {
  const lines = problems.slice(0, mostShown).map((p) => {
    const place = p.line > 0 ? `${p.file}:${p.line}:${p.column}` : p.file;
    const what = [p.path, p.value].filter((s) => s !== "").join(": ");
    return `${place}${what === "" ? "" : `  ${what}`}\n    ${p.rule}. ${p.remedy}`;
  });
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  if (problems.length > mostShown) lines.push(`and ${problems.length - mostShown} more`);
  return `${count}, nothing was changed:\n\n${lines.join("\n\n")}`;
}
