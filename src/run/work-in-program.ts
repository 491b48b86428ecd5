/** Workers of a program, which work in its own process on a run that exists. */
import { BadInputError } from "../algorithm/problem.ts";
import { show } from "../algorithm/show.ts";
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
import { type RunResult, resultOf } from "./run-result.ts";
import { type SessionOf, sessionInThisProcess } from "./session-in-this-process.ts";
import { type RunEvent, watch } from "./watch.ts";

/** Where a program keeps its runs, and how it works on them. */
export interface ProgramOptions {
  /** The store of the population (default: in memory). */
  readonly populationStore?: PopulationStore;
  /** Makes the checkpoint store of a run (default: in memory). */
  readonly checkpoints?: (run: RunId) => CheckpointStore | Promise<CheckpointStore>;
  /**
   * Workers in this process, which take turns. More than 1 helps trainers that wait for something.
   */
  readonly workers?: number;
  /** Stops the run. What was published stays, and the result says "stopped". */
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

/** The options with every default filled in. */
export interface Program
  extends Required<Omit<ProgramOptions, "patienceSeconds">>,
    Pick<ProgramOptions, "patienceSeconds"> {}

/** Throws a `BadInputError` for workers that are no number of workers. */
export function programOf({
  populationStore = memoryPopulationStore(),
  checkpoints = () => memoryCheckpointStore(),
  workers = 1,
  signal = new AbortController().signal,
  sessionOf = sessionInThisProcess,
  ...rest
}: ProgramOptions): Program {
  if (!Number.isSafeInteger(workers) || workers < 1) {
    const rule = "must be a whole number of at least 1";
    const remedy = "leave it out for one worker";
    throw new BadInputError([{ path: "workers", value: show(workers), rule, remedy }]);
  }
  return { populationStore, checkpoints, workers, signal, sessionOf, ...rest };
}

/**
 * Works on a run until it has ended, or the program's signal aborts, which stops the run. Resolves
 * its result, also when every member failed. Rejects when a store fails.
 */
export async function workInProgram(
  program: Program,
  run: Run,
  experiment: Experiment,
  onEvent?: (event: RunEvent) => void,
): Promise<RunResult> {
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
  const ended = new AbortController();
  const watching = onEvent && watchFor(populationStore, run.id, ended.signal, onEvent);
  const outcomes = await Promise.allSettled(working);
  if (stop.aborted) await populationStore.stop(run.id);
  ended.abort();
  await watching;
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  const result = await resultOf(populationStore, run.id);
  onEvent?.({ type: "result", result });
  return result;
}

async function watchFor(
  store: PopulationStore,
  id: RunId,
  ended: AbortSignal,
  onEvent: (event: RunEvent) => void,
): Promise<void> {
  for await (const event of watch(store, id, ended)) onEvent(event);
}
