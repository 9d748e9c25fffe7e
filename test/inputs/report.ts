import type { Problem } from "../../model/problem";
import type { Mutant } from "./mutations";

/** What keeps a problem from being a clear report: nothing for a good one. Whatever was written in the file, the report stays short and on its lines. */
export function unclear(problem: Problem): string[] {
  const said: string[] = [];
  const texts = [problem.file, problem.path, problem.value, problem.rule, problem.remedy];
  if (problem.file === "" || problem.rule === "" || problem.remedy === "") said.push("lacks a file, a rule or a remedy");
  if (texts.some((text) => /\p{C}|\u2028|\u2029/u.test(text))) said.push("holds characters that a terminal obeys");
  if (texts.some((text) => text.length > 400)) said.push("is longer than a person reads");
  if (/\bat .+:\d+:\d+|TypeError|RangeError|undefined|\[object/.test(`${problem.rule} ${problem.remedy}`))
    said.push("speaks of the program");
  if (problem.line < 0 || problem.column < 0 || !Number.isSafeInteger(problem.line + problem.column)) said.push("has no good place");
  return said;
}

/** What is wrong with the report of a mutant, in words; undefined when it is refused at its line, and clearly. */
export function complaintOf(mutant: Mutant, file: string, read: () => readonly Problem[]): string | undefined {
  let problems: readonly Problem[];
  try {
    problems = read();
  } catch (error) {
    return `crashed: ${String(error)}`;
  }
  if (problems.length === 0) return "was accepted";
  const poor = problems.flatMap((problem) => unclear(problem));
  if (poor.length > 0) return `a problem ${poor.join(", ")}`;
  const here = problems.filter((problem) => problem.file === file && problem.line === mutant.line);
  const places = problems.map((problem) => `${problem.file}:${problem.line} ${problem.path} ${problem.rule}`).join("; ");
  if (here.length === 0) return `line ${mutant.line} was not reported, but ${places}`;
  const named =
    mutant.path === undefined || here.some((problem) => isNamed(problem.path.replace(/^(config\.)?tenantstack:/, ""), mutant.path ?? ""));
  return named ? undefined : `line ${mutant.line} was reported without ${mutant.path}: ${places}`;
}

/** Long keys are shortened in reports; an item or a member of the key means it as well. */
function isNamed(reported: string, key: string): boolean {
  return key.length > 57 ? reported.startsWith(key.slice(0, 40)) : reported === key || /^[.[]/.test(reported.replace(key, ""));
}
