import { CladeError } from "../../algorithm/clade-error.ts";
import type { Experiment } from "../../experiment/experiment.ts";
import type { Run } from "../../population-store/population-store.ts";
import { changesSince } from "../../run/changes-since.ts";
import type { Context } from "../context.ts";
import { loadExperiment } from "./load-experiment.ts";

/** The experiment file of a run. */
export function sourceOf(run: Run): NonNullable<Run["source"]> {
  if (run.source) return run.source;
  throw new CladeError(
    `run ${run.id}: was started by a program and has no experiment file; go on with it in that ` +
      `program, with resume(store, "${run.id}", experiment), or help it with join`,
  );
}

/**
 * The experiment of a run, from its file or from another one. Throws `BadInputError` for every
 * mistake in it, and if the file is gone.
 */
export function experimentOf(
  context: Context,
  run: Run,
  { file, settings }: NonNullable<Run["source"]>,
): Promise<Experiment> {
  const remedy = "the run needs its experiment; put the file back";
  return loadExperiment(context, file, settings, remedy, run.experiment);
}

/** The differences between an experiment and the run's declaration, in words. */
export function experimentDifferences(run: Run, experiment: Experiment): string[] {
  return changesSince(run, experiment).map(
    ({ key, before, now }) => `${key}: ${before} in the run, ${now} in the file`,
  );
}

/**
 * The experiment file may have been edited since the run began. Then members would be trained by
 * different rules.
 */
export function requireSameExperiment(
  run: Run,
  experiment: Experiment,
  remedy = "undo the change, or start a new run",
): void {
  const different = experimentDifferences(run, experiment);
  if (different.length === 0) return;
  throw new CladeError(
    `run ${run.id}: the experiment file has changed since the run began; ` +
      `${remedy}:${indented(different)}`,
  );
}

export function indented(lines: readonly string[]): string {
  return lines.map((line) => `\n  ${line}`).join("");
}
