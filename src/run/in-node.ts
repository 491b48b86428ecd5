/** Runs inside a Node program, where trainers may also be commands. */
import { onHost } from "./program-options.ts";
import type { replay as Replay } from "./replay.ts";
import type { join as Join, resume as Resume } from "./resume.ts";
import type { run as Run } from "./run.ts";
import type { start as Start } from "./start.ts";
import type { runStudy as RunStudy } from "./study/run-study.ts";

const host = async () => (await import("./node-host.ts")).host;

/**
 * Runs an experiment to the end of its budget, with workers in this process or in threads of it,
 * and resolves its result, which has the model: the short form of `start`. Rejects when it cannot
 * be started, when a store fails, and with a `RunFailedError` when every member failed.
 */
export const run: typeof Run = async (experiment, options = {}) =>
  await (await import("./run.ts")).run(experiment, onHost(options, await host()));

/**
 * Starts a run, and resolves a session as soon as the trainer was tried and the run exists: its
 * events, its result, and a way to stop it. Rejects with a `BadInputError` for wrong options, with
 * the trainer's error, and with the reason of a signal that aborted before.
 */
export const start: typeof Start = async (experiment, options = {}) =>
  await (await import("./start.ts")).start(experiment, onHost(options, await host()));

/**
 * Goes on with a run, from what was published last: one that was stopped, that failed or was
 * interrupted, and one that is done, with a larger budget. Of the experiment only `budget`,
 * `ready`, `exploit`, `explore` and `exploreEvery` may have changed.
 */
export const resume: typeof Resume = async (store, id, experiment, options = {}) =>
  await (await import("./resume.ts")).resume(store, id, experiment, onHost(options, await host()));

/** Works on a run together with others, until it ends; `stop` leaves it to them. */
export const join: typeof Join = async (store, id, experiment, options = {}) =>
  await (await import("./resume.ts")).join(store, id, experiment, onHost(options, await host()));

/**
 * Runs what a study consists of and is not done yet, one run after another: every variant with
 * every seed, among them the baselines.
 */
export const runStudy: typeof RunStudy = async (study, options = {}) =>
  await (await import("./study/run-study.ts")).runStudy(study, onHost(options, await host()));

/**
 * Trains one fresh model along a recorded schedule, with the seeds of the members that trained it,
 * and resolves its last evaluation.
 */
export const replay: typeof Replay = async (experiment, seed, schedule, sessionOf) => {
  const { replay } = await import("./replay.ts");
  return await replay(experiment, seed, schedule, sessionOf ?? (await host()).sessionOf);
};
