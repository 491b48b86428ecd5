import { BadInputError, type Problem } from "../../algorithm/problem.ts";
import type { Experiment } from "../experiment.ts";
import type { PlannedVariant } from "./plan.ts";

/**
 * Throws a `BadInputError` with every mistake of every variant, except in what followers take from
 * other variants.
 */
export function requirePlan(plan: readonly PlannedVariant[], experiment: Experiment): void {
  const problems = new Map<string, Problem>();
  for (const variant of plan) {
    try {
      variant.settings(experiment);
    } catch (error) {
      if (!(error instanceof BadInputError)) throw error;
      // A wrong setting of all variants is reported once, not for each of them.
      for (const problem of error.problems) problems.set(JSON.stringify(problem), problem);
    }
  }
  if (problems.size > 0) throw new BadInputError([...problems.values()]);
}
