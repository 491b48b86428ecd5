/** Where a program keeps its runs, and how it works on them: with workers in its own process. */
import type { CheckpointStore } from "../checkpoint-store/checkpoint-store.ts";
import { memoryCheckpointStore } from "../checkpoint-store/memory/memory-checkpoint-store.ts";
import type { Experiment } from "../experiment/experiment.ts";
import { memoryPopulationStore } from "../population-store/memory/memory-population-store.ts";
import type {
  PopulationStore,
  Run,
  RunId,
  WorkerId,
} from "../population-store/population-store.ts";
import { work } from "../worker/worker.ts";
import { type OptionName, requireOptions } from "./check-options.ts";
import { type RunSummary, summaryOf } from "./run-summary.ts";
import { type SessionOf, sessionInThisProcess } from "./session-in-this-process.ts";

export interface ProgramOptions {
  /** The store of the population (default: in memory). */
  readonly populationStore?: PopulationStore;
  /**
   * Makes the checkpoint store of a run (default: in memory). It is asked again when a model of a
   * run is read, or the run goes on, so it has to give the same place.
   */
  readonly checkpoints?: (run: RunId) => CheckpointStore | Promise<CheckpointStore>;
  /**
   * Workers in this process, which take turns (default: 1). More than 1 helps trainers that wait
   * for something.
   */
  readonly workers?: number;
  /**
   * Stops the work. Before a run exists the promise rejects with the signal's reason. Afterwards
   * what was published stays, and the result says "stopped".
   */
  readonly signal?: AbortSignal;
  /**
   * How long to wait without any success, in seconds (default: 600). With 0 every failure counts
   * at once.
   */
  readonly patienceSeconds?: number;
  /**
   * How trainers are driven (default: in this process, and in Node commands in processes of their
   * own).
   */
  readonly sessionOf?: SessionOf;
}

const programOptions = [
  "populationStore",
  "checkpoints",
  "workers",
  "signal",
  "patienceSeconds",
  "sessionOf",
] as const satisfies readonly OptionName[];

/** The options with every default filled in. */
export interface Program extends Required<Omit<ProgramOptions, "patienceSeconds">> {
  readonly patienceSeconds: number | undefined;
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
    signal = new AbortController().signal,
    sessionOf = sessionInThisProcess,
    patienceSeconds,
  } = options;
  return { populationStore, checkpoints, workers, signal, sessionOf, patienceSeconds };
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

/**
 * Works on a run until it has ended, or the program's signal aborts. That stops the run, unless
 * the program `leaves` it to other workers. Also resolves when every member failed. Rejects when a
 * store fails.
 */
export async function workInProgram(
  program: Program,
  run: Run,
  experiment: Experiment,
  { leaves = false }: { readonly leaves?: boolean } = {},
): Promise<RunSummary> {
  const { populationStore, checkpoints, workers, signal, patienceSeconds, sessionOf } = program;
  await using checkpointStore = await checkpoints(run.id);
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  // Another program may work on the same run.
  const id = Math.random().toString(36).slice(2, 8);
  const working = Array.from({ length: workers }, (_, index) =>
    work({
      worker: `program:0:${run.id}-${id}-${index}` as WorkerId,
      run,
      experiment,
      populationStore,
      checkpointStore,
      session: sessionOf(experiment.trainer, experiment),
      signal: stop,
      takesTurns: workers > 1,
      patienceMs: patienceSeconds === undefined ? undefined : 1000 * patienceSeconds,
    }).catch((error) => {
      failed.abort(error);
      throw error;
    }),
  );
  const outcomes = await Promise.allSettled(working);
  if (stop.aborted && !leaves) await populationStore.stop(run.id);
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  return await summaryOf(populationStore, run.id);
}
