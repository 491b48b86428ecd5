/**
 * Runs inside any program. What a run needs is loaded when the first one starts: a page shows
 * itself before, and a module that only declares an experiment does without.
 */
import type { replay as Replay } from "./replay.ts";
import type { join as Join, resume as Resume } from "./resume.ts";
import type { run as Run } from "./run.ts";
import type { start as Start } from "./start.ts";
import type { runStudy as RunStudy } from "./study/run-study.ts";

/**
 * Runs an experiment to the end of its budget, with workers in this process: the short form of
 * `start`. Rejects when it cannot be started, when a store fails, and with a `RunFailedError` when
 * every member failed.
 *
 * A call of the trainer that waits for longer than `stepTimeoutSeconds` costs its generation. A
 * call that never yields, such as an endless loop, blocks the whole program. Only `clade run` can
 * end such a call, from another process.
 */
export const run: typeof Run = async (experiment, options = {}) =>
  await (await import("./run.ts")).run(experiment, options);

/**
 * Starts a run with workers in this process. The session is there as soon as the trainer was tried
 * and the run exists. Rejects with a `BadInputError` for wrong options, with the trainer's error,
 * and with the reason of a signal that aborted before.
 */
export const start: typeof Start = async (experiment, options = {}) =>
  await (await import("./start.ts")).start(experiment, options);

/**
 * Goes on with a run, from what was published last: one that was stopped, that failed or was
 * interrupted, and one that is done, with a larger budget. Of the experiment only `budget`,
 * `ready`, `exploit`, `explore` and `exploreEvery` may have changed. Rejects with a `CladeError`
 * where nothing is left to do, and as `start` does.
 */
export const resume: typeof Resume = async (store, id, experiment, options = {}) =>
  await (await import("./resume.ts")).resume(store, id, experiment, options);

/**
 * Works on a run together with others, until it ends; `stop` leaves it to them. The experiment has
 * to be the run's. A run that is not running has nothing to do.
 */
export const join: typeof Join = async (store, id, experiment, options = {}) =>
  await (await import("./resume.ts")).join(store, id, experiment, options);

/**
 * Runs what a study consists of and is not done yet, one run after another: every variant with
 * every seed, among them the baselines. Runs of the study that the store has go on where they
 * were, also after `clade study`. Several programs may share one store, and then share its runs.
 *
 * A run in which every member failed is a result with the state "failed"; the next call tries it
 * again. Rejects with a `BadInputError` before the first run if a variant cannot be made, or if
 * the store has runs of the study with other settings, and otherwise as `run` does.
 */
export const runStudy: typeof RunStudy = async (study, options = {}) =>
  await (await import("./study/run-study.ts")).runStudy(study, options);

/**
 * Trains one fresh model along a recorded schedule, with the seeds of the members that trained it,
 * and resolves its last evaluation. Each generation is evaluated as in the run. So a deterministic
 * trainer that saves all of its state gives the run's score bit for bit.
 */
export const replay: typeof Replay = async (experiment, seed, schedule, sessionOf) => {
  const { replay } = await import("./replay.ts");
  return await replay(experiment, seed, schedule, sessionOf);
};
