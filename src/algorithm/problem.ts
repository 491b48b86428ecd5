import { CladeError } from "./clade-error.ts";
import { legibleLine } from "./legible.ts";

/** The rule that is broken, and what to do about it. */
export interface Mistake {
  readonly rule: string;
  readonly remedy: string;
}

/** One mistake in what a user declared: where it is, and what was found there. */
export interface Problem extends Mistake {
  readonly path: string;
  readonly value: string;
}

/** Bad input. Carries every problem that was found, not only the first. */
export class BadInputError extends CladeError {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join("\n"));
    this.problems = problems;
  }
}

function formatProblem({ path, value, rule, remedy }: Problem): string {
  const place = path === "" ? "" : `${shortened(legibleLine(path), 300)}: `;
  const end = remedy.endsWith("?") ? "" : ".";
  return `${place}${shortened(legibleLine(value), 1000)} - ${rule}; ${remedy}${end}`;
}

function shortened(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max)}... (${text.length} characters)`;
}

/**
 * The problem with its path placed below a parent, as `exploit` and `fraction` make
 * `exploit.fraction`.
 */
export function below(parent: string, problem: Problem): Problem {
  return { ...problem, path: problem.path === "" ? parent : `${parent}.${problem.path}` };
}
