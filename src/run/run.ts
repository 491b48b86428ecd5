/** A run inside a program, with the usual workers, in this process. Also works in a browser. */
import type { Experiment } from "../experiment/experiment.ts";
import type { StudyPlace } from "../population-store/population-store.ts";
import { createRun, newSeed } from "./create-run.ts";
import { allFailed, type RunResult } from "./run-result.ts";
import { tryTrainer } from "./try-trainer.ts";
import type { RunEvent } from "./watch.ts";
import { type ProgramOptions, programOf, workInProgram } from "./work-in-program.ts";

export interface RunOptions extends ProgramOptions {
  readonly seed?: number;
  /** Makes the run part of a study. */
  readonly study?: StudyPlace;
  readonly onEvent?: (event: RunEvent) => void;
}

/**
 * Runs an experiment to the end of its budget. Rejects when it cannot be started, when a store
 * fails, or when every member failed.
 *
 * A call of the trainer that waits for longer than `stepTimeoutSeconds` costs its generation. A
 * call that never yields, such as an endless loop, blocks the whole program. Only `clade run` can
 * end such a call, from another process.
 */
export async function run(experiment: Experiment, options: RunOptions = {}): Promise<RunResult> {
  const { seed = experiment.seed ?? newSeed(), study, onEvent, ...rest } = options;
  const program = programOf(rest);
  const { populationStore, sessionOf } = program;
  await tryTrainer(experiment, seed, sessionOf(experiment.trainer, experiment));
  const created = await createRun(populationStore, experiment, seed, study && { study });
  const result = await workInProgram(program, created, experiment, onEvent);
  if (result.state.kind === "failed") throw await allFailed(populationStore, created.id);
  return result;
}
