/// <reference lib="dom" />
/** Runs inside a page. Other pages of the site see by a lock whether this one is still there. */
import type { PopulationStore, RunId } from "../population-store/population-store.ts";
import { type Host, onHost } from "./program-options.ts";
import type { join as Join, resume as Resume } from "./resume.ts";
import type { run as Run } from "./run.ts";
import type { start as Start } from "./start.ts";
import type { runStudy as RunStudy } from "./study/run-study.ts";

let known: Promise<Host> | undefined;

/** The first run of a page gives it a name. Where there are no locks, leases have to expire. */
function inPage(): Promise<Host> {
  known ??= (async () => {
    if (typeof navigator === "undefined" || !navigator.locks) return {};
    const workerName = `page-${Math.random().toString(36).slice(2, 12)}:0`;
    const isLocked = await new Promise<boolean>((resolve) => {
      const held = navigator.locks.request(lockOf(workerName), () => {
        resolve(true);
        // It is held for as long as the page is there.
        return new Promise(() => {});
      });
      // A frame without an origin may have none.
      held.catch(() => resolve(false));
    });
    return isLocked ? { workerName, releaseDead: releaseGonePages } : {};
  })();
  return known;
}

function lockOf(worker: string): string {
  return `clade ${worker.split(":")[0]}`;
}

/** Gives back what workers of pages hold that were closed. */
async function releaseGonePages(store: PopulationStore, run: RunId): Promise<void> {
  const leases = (await store.members(run)).flatMap(({ lease }) => (lease ? [lease.worker] : []));
  // Afterwards: who claims has its lock before.
  const { held = [] } = await navigator.locks.query();
  const locks = new Set(held.map(({ name }) => name));
  for (const worker of new Set(leases))
    if (worker.startsWith("page-") && !locks.has(lockOf(worker)))
      await store.releaseWorker(run, worker);
}

/**
 * Runs an experiment to the end of its budget, with workers in this page or in Web Workers, and
 * resolves its result, which has the model: the short form of `start`. Rejects when it cannot be
 * started, when a store fails, and with a `RunFailedError` when every member failed.
 */
export const run: typeof Run = async (experiment, options = {}) =>
  await (await import("./run.ts")).run(experiment, onHost(options, await inPage()));

/**
 * Starts a run, and resolves a session as soon as the trainer was tried and the run exists: its
 * events, its result, and a way to stop it. Rejects with a `BadInputError` for wrong options, with
 * the trainer's error, and with the reason of a signal that aborted before.
 */
export const start: typeof Start = async (experiment, options = {}) =>
  await (await import("./start.ts")).start(experiment, onHost(options, await inPage()));

/**
 * Goes on with a run, from what was published last: after a reload, or one that was stopped or
 * failed, or that is done, with a larger budget. What closed pages held is free at once. Of the
 * experiment only `budget`, `ready`, `exploit`, `explore` and `exploreEvery` may have changed.
 */
export const resume: typeof Resume = async (store, id, experiment, options = {}) =>
  await (await import("./resume.ts")).resume(
    store,
    id,
    experiment,
    onHost(options, await inPage()),
  );

/** Works on a run together with other pages, until it ends; `stop` leaves it to them. */
export const join: typeof Join = async (store, id, experiment, options = {}) =>
  await (await import("./resume.ts")).join(store, id, experiment, onHost(options, await inPage()));

/**
 * Runs what a study consists of and is not done yet, one run after another: every variant with
 * every seed, among them the baselines.
 */
export const runStudy: typeof RunStudy = async (study, options = {}) =>
  await (await import("./study/run-study.ts")).runStudy(study, onHost(options, await inPage()));
