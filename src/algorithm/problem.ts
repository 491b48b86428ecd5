import { CladeError } from "./clade-error.ts";
import { legibleLine } from "./legible.ts";

/**
 * One mistake in what a user declared: where it is, what was found, which rule it breaks and what
 * to do.
 */
export interface Problem {
  readonly path: string;
  readonly value: string;
  readonly rule: string;
  readonly remedy: string;
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

function shortened(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most)}... (${text.length} characters)`;
}

/**
 * The problem with its path placed below a parent, as `exploit` and `fraction` make
 * `exploit.fraction`.
 */
export function below(parent: string, problem: Problem): Problem {
  return { ...problem, path: problem.path === "" ? parent : `${parent}.${problem.path}` };
}
