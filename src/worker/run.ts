/** A run inside a program, with the usual workers, in this process. Also works in a browser. */
import { CladeError } from "../algorithm/clade-error.ts";
import { initialSnapshots } from "../algorithm/population-based-training.ts";
import { randomStream } from "../algorithm/random.ts";
import type { CheckpointStore } from "../checkpoint-store/checkpoint-store.ts";
import { memoryCheckpointStore } from "../checkpoint-store/memory/memory-checkpoint-store.ts";
import { describeExperiment, type Experiment } from "../experiment/experiment.ts";
import { memoryPopulationStore } from "../population-store/memory/memory-population-store.ts";
import {
  type NewRun,
  type PopulationStore,
  type Run,
  RunExistsError,
  type RunId,
  type StudyPlace,
  type WorkerId,
} from "../population-store/population-store.ts";
import type { TrainerSession } from "../trainer/trainer-session.ts";
import { restoreFrom, saveTo } from "./checkpoints.ts";
import { requireMetric } from "./measurement.ts";
import { type SessionOf, sessionInThisProcess } from "./session-of.ts";
import { type RunEvent, type RunResult, resultOf, watch } from "./watch.ts";
import { work } from "./worker.ts";

export interface RunOptions {
  /** The store of the population (default: in memory). */
  readonly populationStore?: PopulationStore;
  /** Makes the checkpoint store of a run (default: in memory). */
  readonly checkpoints?: (run: RunId) => CheckpointStore | Promise<CheckpointStore>;
  /**
   * Workers in this process, which take turns. More than 1 helps trainers that wait for something.
   */
  readonly workers?: number;
  readonly seed?: number;
  /** Makes the run part of a study. */
  readonly study?: StudyPlace;
  /** Stops the run. What was published stays, and the result says "stopped". */
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: RunEvent) => void;
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

/**
 * Runs an experiment to the end of its budget. Rejects when it cannot be started, when a store
 * fails, or when every member failed.
 *
 * A call of the trainer that waits for longer than `stepTimeoutSeconds` costs its generation. A
 * call that never yields, such as an endless loop, blocks the whole program. Only `clade run` can
 * end such a call, from another process.
 */
export async function run(experiment: Experiment, options: RunOptions = {}): Promise<RunResult> {
  const {
    populationStore = memoryPopulationStore(),
    checkpoints = () => memoryCheckpointStore(),
  } = options;
  const { workers = 1, signal = new AbortController().signal, onEvent } = options;
  const { sessionOf = sessionInThisProcess } = options;
  const seed = options.seed ?? experiment.seed ?? newSeed();
  await tryTrainer(experiment, seed, sessionOf(experiment.trainer, experiment));
  const { study, patienceSeconds } = options;
  const created = await createRun(populationStore, experiment, seed, study && { study });
  await using checkpointStore = await checkpoints(created.id);

  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  const working = Array.from({ length: workers }, (_, index) =>
    work({
      worker: `program:0:${created.id}-${index}` as WorkerId,
      run: created,
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
  const watching = onEvent
    ? watchFor(populationStore, created.id, ended.signal, onEvent)
    : undefined;
  const outcomes = await Promise.allSettled(working);
  if (signal.aborted || failed.signal.aborted) await populationStore.stop(created.id);
  ended.abort();
  await watching;
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  const result = await resultOf(populationStore, created.id);
  onEvent?.({ type: "result", result });
  if (result.state.kind === "failed") throw await allFailed(populationStore, created.id);
  return result;
}

/**
 * Publishes a new run with its initial members, after its preparation. Throws `RunExistsError` if
 * its id is already taken.
 */
export async function createRun(
  store: PopulationStore,
  experiment: Experiment,
  seed: number,
  origin: Partial<Omit<NewRun, "seed" | "experiment">> = {},
  prepare: (id: RunId) => Promise<void> = async () => {},
): Promise<Run> {
  const { strategies, population, initial } = experiment;
  const roots = initialSnapshots(strategies.space, population, seed, initial);
  const description = describeExperiment(experiment);
  for (;;) {
    try {
      const id = origin.id ?? newRunId(experiment.name);
      await prepare(id);
      return await store.createRun({ ...origin, id, seed, experiment: description }, roots);
    } catch (error) {
      if (!(error instanceof RunExistsError) || origin.id !== undefined) throw error;
    }
  }
}

/**
 * Starts a trainer, and evaluates, saves and restores once, so that a mistake is found before a
 * run exists. Disposes the session.
 */
export async function tryTrainer(
  experiment: Experiment,
  seed: number,
  session: TrainerSession,
  checkpoints: CheckpointStore = memoryCheckpointStore(),
): Promise<void> {
  const hyperparameters = experiment.strategies.space.sample(randomStream(seed, "try"));
  const turn = { member: 0, seed, hyperparameters };
  try {
    await session.start(turn);
    requireMetric(await session.evaluate(false), experiment.objective.metric);
    const id = await saveTo(checkpoints, session, async () => {});
    await restoreFrom(checkpoints, session, id, turn);
  } finally {
    await session.dispose();
  }
}

/** The error of a run in which every member failed, with the last member's error. */
export async function allFailed(store: PopulationStore, id: RunId): Promise<CladeError> {
  const { failures } = await store.changes(id, {
    snapshots: Number.MAX_SAFE_INTEGER,
    decisions: Number.MAX_SAFE_INTEGER,
    failures: 0,
  });
  const last = failures.at(-1);
  return new CladeError(
    `run ${id}: every member failed; the last error was: ${last?.message ?? "nothing"}\n` +
      `${last?.stack ?? ""}`,
  );
}

export function newSeed(): number {
  return Math.floor(Math.random() * 2 ** 31);
}

/**
 * The experiment's name and four letters, so that runs of one experiment have different names, and
 * the name of a removed run is not used again.
 */
function newRunId(name: string): RunId {
  const letters = "abcdefghjkmnpqrstuvwxyz23456789";
  const suffix = Array.from(
    { length: 4 },
    () => letters[Math.floor(Math.random() * letters.length)],
  ).join("");
  return `${name}-${suffix}` as RunId;
}

async function watchFor(
  store: PopulationStore,
  id: RunId,
  ended: AbortSignal,
  onEvent: (event: RunEvent) => void,
): Promise<void> {
  for await (const event of watch(store, id, ended)) onEvent(event);
}
