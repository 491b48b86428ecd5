/** Runs inside a Node program, where trainers may also be commands. */
import { hostname } from "node:os";
import { releaseDeadWorkers } from "../processes/dead-workers.ts";
import { sessionOf } from "../trainer/session-of.ts";
import { type Host, onHost } from "./program.ts";
import { replay as replayWith } from "./replay.ts";
import { join as joinWith, resume as resumeWith } from "./resume.ts";
import { run as runWith } from "./run.ts";
import { start as startWith } from "./start.ts";
import { runStudy as runStudyWith } from "./study/run-study.ts";
import { nodeThread } from "./threads/node-threads.ts";

/** Other processes of this machine see by the name whether a worker is still alive. */
const host: Host = {
  sessionOf,
  threadOf: nodeThread,
  releaseDead: releaseDeadWorkers,
  workerName: `${hostname()}:${process.pid}`,
};

/**
 * Runs an experiment to the end of its budget, with workers in this process or in threads of it,
 * and resolves its result, which has the model: the short form of `start`. Rejects when it cannot
 * be started, when a store fails, and with a `RunFailedError` when every member failed.
 */
export const run: typeof runWith = (experiment, options = {}) =>
  runWith(experiment, onHost(options, host));

/**
 * Starts a run, and resolves a session as soon as the trainer was tried and the run exists: its
 * events, its result, and a way to stop it. Rejects with a `BadInputError` for wrong options, with
 * the trainer's error, and with the reason of a signal that aborted before.
 */
export const start: typeof startWith = (experiment, options = {}) =>
  startWith(experiment, onHost(options, host));

/**
 * Goes on with a run, from what was published last: one that was stopped, that failed or was
 * interrupted, and one that is done, with a larger budget. Of the experiment only `budget`,
 * `ready`, `exploit`, `explore` and `exploreEvery` may have changed.
 */
export const resume: typeof resumeWith = (store, id, experiment, options = {}) =>
  resumeWith(store, id, experiment, onHost(options, host));

/** Works on a run together with others, until it ends; `stop` leaves it to them. */
export const join: typeof joinWith = (store, id, experiment, options = {}) =>
  joinWith(store, id, experiment, onHost(options, host));

/**
 * Runs what a study consists of and is not done yet, one run after another: every variant with
 * every seed, among them the baselines.
 */
export const runStudy: typeof runStudyWith = (study, options = {}) =>
  runStudyWith(study, onHost(options, host));

/**
 * Trains one fresh model along a recorded schedule, with the seeds of the members that trained it,
 * and resolves its last evaluation.
 */
export const replay: typeof replayWith = (experiment, seed, schedule, sessions = sessionOf) =>
  replayWith(experiment, seed, schedule, sessions);
