/** Runs inside a Node program, where trainers may also be commands. */
import { hostname } from "node:os";
import { releaseDeadWorkers } from "../processes/dead-workers.ts";
import { sessionOf } from "../trainer/session-of.ts";
import { replay as replayWith } from "./replay.ts";
import { join as joinWith, resume as resumeWith } from "./resume.ts";
import { run as runWith } from "./run.ts";
import { start as startWith } from "./start.ts";
import { runStudy as runStudyWith } from "./study/run-study.ts";
import { nodeThread } from "./threads/node-threads.ts";

/** Other processes of this machine see by the name whether a worker is still alive. */
const inNode = {
  sessionOf,
  threadOf: nodeThread,
  releaseDead: releaseDeadWorkers,
  workerName: `${hostname()}:${process.pid}`,
};

export const run: typeof runWith = (experiment, options = {}) =>
  runWith(experiment, { ...inNode, ...options });

export const start: typeof startWith = (experiment, options = {}) =>
  startWith(experiment, { ...inNode, ...options });

export const resume: typeof resumeWith = (store, id, experiment, options = {}) =>
  resumeWith(store, id, experiment, { ...inNode, ...options });

export const join: typeof joinWith = (store, id, experiment, options = {}) =>
  joinWith(store, id, experiment, { ...inNode, ...options });

export const runStudy: typeof runStudyWith = (study, options = {}) =>
  runStudyWith(study, { ...inNode, ...options });

export const replay: typeof replayWith = (experiment, seed, schedule, sessions = sessionOf) =>
  replayWith(experiment, seed, schedule, sessions);
