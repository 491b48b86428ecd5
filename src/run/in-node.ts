/** Runs inside a Node program, where trainers may also be commands. */
import { sessionOf } from "../trainer/session-of.ts";
import { replay as replayWith } from "./replay.ts";
import { run as runWith } from "./run.ts";
import { runStudy as runStudyWith } from "./study/run-study.ts";

export const run: typeof runWith = (experiment, options = {}) =>
  runWith(experiment, { sessionOf, ...options });

export const runStudy: typeof runStudyWith = (study, options) =>
  runStudyWith(study, { sessionOf, ...options });

export const replay: typeof replayWith = (experiment, seed, schedule, sessions = sessionOf) =>
  replayWith(experiment, seed, schedule, sessions);
