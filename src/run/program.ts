/** Where a program keeps its runs, and how it works on them: with workers in its own process. */

import { BadInputError } from "../algorithm/problem.ts";
import { show } from "../algorithm/show.ts";
import type { CheckpointStore } from "../checkpoint-store/checkpoint-store.ts";
import { memoryCheckpointStore } from "../checkpoint-store/memory/memory-checkpoint-store.ts";
import type { Experiment } from "../experiment/experiment.ts";
import type { Settings } from "../experiment/settings.ts";
import { memoryPopulationStore } from "../population-store/memory/memory-population-store.ts";
import type {
  PopulationStore,
  Run,
  RunId,
  WorkerId,
} from "../population-store/population-store.ts";
import { type WorkerOptions, work } from "../worker/worker.ts";
import { type OptionName, requireOptions } from "./check-options.ts";
import type { Host, ProgramOptions } from "./program-options.ts";
import { type RunSummary, summaryOf } from "./run-summary.ts";
import { type SessionOf, sessionInThisProcess } from "./session-in-this-process.ts";
import { type Thread, webThread } from "./threads/web-thread.ts";

const programOptions = [
  "populationStore",
  "checkpoints",
  "workers",
  "threads",
  "module",
  "startThread",
  "signal",
  "patienceSeconds",
  "host",
] as const satisfies readonly OptionName[];

/** The options with every default filled in. */
export interface Program {
  readonly populationStore: PopulationStore;
  readonly checkpoints: NonNullable<ProgramOptions["checkpoints"]>;
  readonly signal: AbortSignal;
  readonly sessionOf: SessionOf;
  readonly patienceSeconds: number | undefined;
  readonly workerName: string;
  readonly releaseDead: NonNullable<Host["releaseDead"]>;
  /** How many workers, in this thread or each in one of its own. */
  readonly workers: number;
  readonly startThread: (() => Thread) | undefined;
}

/**
 * Throws a `BadInputError` for wrong options. `others` are names that the caller knows besides,
 * which are checked, too.
 */
export function programOf(options: ProgramOptions, others: readonly OptionName[] = []): Program {
  requireOptions(options, [...programOptions, ...others]);
  const {
    populationStore = memoryPopulationStore(),
    checkpoints = (run: RunId) => checkpointsInMemory(populationStore, run),
    workers = 1,
    threads,
    signal = new AbortController().signal,
    patienceSeconds,
    host = {},
  } = options;
  const {
    sessionOf = sessionInThisProcess,
    workerName = "program:0",
    releaseDead = async () => {},
  } = host;
  const shared = {
    populationStore,
    checkpoints,
    signal,
    sessionOf,
    patienceSeconds,
    workerName,
    releaseDead,
  };
  if (threads === undefined) return { ...shared, workers, startThread: undefined };
  return { ...shared, workers: threads, startThread: threadStarter(options) };
}

function threadStarter(options: ProgramOptions): () => Thread {
  const { threads, workers, module, startThread, host: { threadOf } = {} } = options;
  const bad = (rule: string, remedy: string) =>
    new BadInputError([{ path: "threads", value: show(threads), rule, remedy }]);
  if (workers !== undefined) throw bad("cannot be given together with workers", "leave out one");
  if (startThread) return () => webThread(startThread());
  if (module !== undefined && threadOf) return () => threadOf(module);
  throw threadOf
    ? bad(
        "need the module that exports the experiment",
        'give module: new URL("./experiment.ts", import.meta.url)',
      )
    : bad("need a way to start one", "give startThread, which returns a Web Worker");
}

/** As long as a population store is in use, the models of its runs are. */
const inMemory = new WeakMap<PopulationStore, Map<RunId, CheckpointStore>>();

function checkpointsInMemory(store: PopulationStore, run: RunId): CheckpointStore {
  const ofRuns = inMemory.get(store) ?? new Map<RunId, CheckpointStore>();
  inMemory.set(store, ofRuns);
  const known = ofRuns.get(run) ?? memoryCheckpointStore();
  ofRuns.set(run, known);
  return known;
}

export interface Manner {
  /** The run is left to its other workers when this program stops. */
  readonly leaves?: boolean;
  /** What the experiment changes in the one that threads load. */
  readonly settings?: Settings;
}

/**
 * Works on a run until it has ended, or the program's signal aborts. That stops the run, unless
 * the program `leaves` it to other workers. Also resolves when every member failed. Rejects when a
 * store fails.
 */
export async function workInProgram(
  program: Program,
  run: Run,
  experiment: Experiment,
  { leaves = false, settings = {} }: Manner = {},
): Promise<RunSummary> {
  const { populationStore, checkpoints, signal, workers, startThread } = program;
  await using checkpointStore = await opened(checkpoints, run.id).catch(async (error) => {
    if (!leaves) await populationStore.stop(run.id);
    throw error;
  });
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  // Another program may work on the same run.
  const id = Math.random().toString(36).slice(2, 8);
  const patienceMs = inMilliseconds(program.patienceSeconds);
  const stores = { run, populationStore, checkpointStore, signal: stop };
  // A thread that blocks does not see that others have ended the run.
  const ended = new AbortController();
  const lookForEnd = async () => {
    if ((await populationStore.run(run.id)).state.kind !== "running") ended.abort();
  };
  const shared = { settings, patienceMs, ended: ended.signal };
  const threads = startThread ? await import("./threads/threads.ts") : undefined;
  const working = Array.from({ length: workers }, (_, index) => {
    const worker = `${program.workerName}:${run.id}-${id}-${index}`;
    const done = threads
      ? threads
          .workInThread({ ...stores, ...shared, start: startThread! }, worker)
          .then(lookForEnd)
      : workHere(program, { ...stores, experiment }, worker);
    return done.catch((error) => {
      failed.abort(error);
      throw error;
    });
  });
  const outcomes = await Promise.allSettled(working);
  if (stop.aborted && !leaves) await populationStore.stop(run.id);
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  return await summaryOf(populationStore, run.id);
}

async function opened(checkpoints: Program["checkpoints"], id: RunId): Promise<CheckpointStore> {
  const store = await checkpoints(id);
  await store.own?.(id);
  return store;
}

async function workHere(
  { workers, sessionOf, patienceSeconds }: Program,
  given: Pick<
    WorkerOptions,
    "run" | "experiment" | "populationStore" | "checkpointStore" | "signal"
  >,
  worker: string,
): Promise<void> {
  const { experiment } = given;
  await work({
    ...given,
    worker: worker as WorkerId,
    session: sessionOf(experiment.trainer, experiment),
    takesTurns: workers > 1,
    patienceMs: inMilliseconds(patienceSeconds),
  });
}

function inMilliseconds(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : 1000 * seconds;
}
