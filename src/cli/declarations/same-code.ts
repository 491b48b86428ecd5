import type { Experiment } from "../../experiment/experiment.ts";
import type { Run } from "../../population-store/population-store.ts";
import { codeOf, differences } from "./code.ts";
import { DifferentCodeError } from "./different-code-error.ts";
import { experimentDifferences, indented } from "./run-source.ts";

/**
 * The differences between a run's experiment and code and those in a file here, in words. Throws
 * `DifferentCodeError` unless differences are allowed.
 */
export function requireSameCode(
  run: Run,
  experiment: Experiment,
  file: string,
  isAllowed = false,
): readonly string[] {
  const different = experimentDifferences(run, experiment);
  if (run.code) different.push(...differences(run.code, codeOf(file, experiment)));
  if (different.length === 0 || isAllowed) return different;
  const remedy =
    "bring back the same files, start a new run, or allow it with --allow-different-code";
  throw new DifferentCodeError(
    `run ${run.id}: the experiment or its code is not what the run began with; ` +
      `${remedy}:${indented(different)}`,
  );
}
