/** A run as a program sees it while it goes on. Also works in a browser. */
import type { Hyperparameters } from "../algorithm/snapshot.ts";
import type { Experiment } from "../experiment/experiment.ts";
import type {
  PopulationStore,
  Run,
  RunId,
  StudyPlace,
} from "../population-store/population-store.ts";
import { requireExperiment } from "./check-options.ts";
import { createRun, newSeed } from "./create-run.ts";
import {
  type Manner,
  type Program,
  type ProgramOptions,
  programOf,
  workInProgram,
} from "./program.ts";
import { runFailed } from "./run-failed-error.ts";
import { type RunResult, resultOf } from "./run-result.ts";
import { type RunSummary, summaryOf } from "./run-summary.ts";
import { requireNoThread } from "./threads/in-thread.ts";
import { tryTrainer } from "./try-trainer.ts";
import { eventsUntil, type RunEvent } from "./watch.ts";

export interface WorkOptions<H = Hyperparameters, M extends string = string>
  extends ProgramOptions {
  /**
   * Is told what happens, one event after another; a promise that it returns is awaited. What it
   * throws is printed once, and stops nothing.
   */
  readonly onEvent?: (event: RunEvent<H, M>) => unknown;
}

export interface RunOptions<H = Hyperparameters, M extends string = string>
  extends WorkOptions<H, M> {
  /** Default: the experiment's, or one that is drawn. */
  readonly seed?: number;
  /** Makes the run part of a study. */
  readonly study?: StudyPlace;
  /**
   * Afterwards runs this with the same seed and budget, for `result.control`: "random-search",
   * "selection-only", or another baseline of studies.
   */
  readonly control?: string;
}

/** Types are as of `Experiment`. */
export interface RunSession<H = Hyperparameters, M extends string = string, S = object, T = object>
  extends AsyncIterable<RunEvent<H, M>>,
    AsyncDisposable {
  readonly id: RunId;
  readonly seed: number;
  /** Rejects when a store fails, and with a `RunFailedError` when every member failed. */
  readonly result: Promise<RunResult<H, M, S, T>>;
  /**
   * Stops the work in good order, and resolves the result. What was published stays, and `resume`
   * goes on from it. A session of `join` leaves the run to its other workers.
   */
  stop(): Promise<RunResult<H, M, S, T>>;
  /**
   * Everything from the beginning, for any number of consumers. A consumer that stops, or throws,
   * does not touch the run. Throws what `result` rejects with.
   */
  [Symbol.asyncIterator](): AsyncIterator<RunEvent<H, M>>;
  /** Stops what has not ended. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts a run with workers in this process. The session is there as soon as the trainer was tried
 * and the run exists. Rejects with a `BadInputError` for wrong options, with the trainer's error,
 * and with the reason of a signal that aborted before.
 */
export async function start<H, M extends string, S, T>(
  experiment: Experiment<H, M, S, T>,
  options: RunOptions<H, M> = {},
): Promise<RunSession<H, M, S, T>> {
  requireExperiment(experiment);
  const plain = experiment as unknown as Experiment;
  const program = programOf(options, ["seed", "study", "control", "onEvent"]);
  const { seed = experiment.seed ?? newSeed(), study, control } = options;
  // Loaded where they are needed, as is all that a page need not load.
  const controlled =
    control !== undefined && (await import("./control.ts")).controlOf(plain, control);
  await tryInProgram(program, plain, seed);
  const run = await createRun(program.populationStore, plain, seed, study && { study });
  const session = new ProgramSession(program, run, plain, options as WorkOptions, {
    ...(controlled && {
      after: async () => {
        const origin = { controlOf: run.id };
        const { experiment, settings } = controlled;
        const second = await createRun(program.populationStore, experiment, seed, origin);
        await workInProgram(program, second, experiment, { settings });
        return await endedWell(program, second, experiment);
      },
    }),
  });
  return session as unknown as RunSession<H, M, S, T>;
}

/** Before a run exists a signal ends the trial, even of a trainer that is never built. */
export async function tryInProgram(
  { sessionOf, signal }: Program,
  experiment: Experiment,
  seed: number,
): Promise<void> {
  requireNoThread();
  signal.throwIfAborted();
  const session = sessionOf(experiment.trainer, experiment);
  session.interruptWith(() => signal.throwIfAborted());
  await tryTrainer(experiment, seed, session);
  signal.throwIfAborted();
}

interface SessionManner extends Manner {
  /** What is done when the run is done. */
  readonly after?: () => Promise<RunResult>;
}

export class ProgramSession implements RunSession {
  readonly id: RunId;
  readonly seed: number;
  readonly result: Promise<RunResult>;
  readonly #store: PopulationStore;
  readonly #stopped = new AbortController();
  readonly #ended = new AbortController();

  constructor(
    program: Program,
    run: Run,
    experiment: Experiment,
    { onEvent }: WorkOptions,
    { after, ...manner }: SessionManner = {},
  ) {
    this.id = run.id;
    this.seed = run.seed;
    this.#store = program.populationStore;
    const signal = AbortSignal.any([program.signal, this.#stopped.signal]);
    const working = workInProgram({ ...program, signal }, run, experiment, manner).finally(() =>
      this.#ended.abort(),
    );
    const told = onEvent && this.#tell(working, onEvent);
    const result = async () => {
      try {
        await working;
      } finally {
        await told;
      }
      const found = await endedWell(program, run, experiment);
      const control = found.state.kind === "done" ? await after?.() : undefined;
      return control ? Object.assign(found, { control }) : found;
    };
    this.result = result();
    // A program may look at the events alone, which throw the same.
    this.result.catch(() => {});
  }

  async stop(): Promise<RunResult> {
    this.#stopped.abort();
    return await this.result;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<RunEvent> {
    yield* eventsUntil(this.#store, this.id, this.#ended.signal);
    await this.result;
    yield { type: "result", result: await summaryOf(this.#store, this.id) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop().catch(() => {});
  }

  async #tell(
    working: Promise<RunSummary>,
    onEvent: NonNullable<WorkOptions["onEvent"]>,
  ): Promise<void> {
    let hasThrown = false;
    const tell = async (event: RunEvent) => {
      try {
        await onEvent(event);
      } catch (error) {
        if (!hasThrown)
          console.error(`run ${this.id}: onEvent threw, and the run goes on:`, error);
        hasThrown = true;
      }
    };
    for await (const event of eventsUntil(this.#store, this.id, this.#ended.signal))
      await tell(event);
    const result = await working.catch(() => undefined);
    if (result) await tell({ type: "result", result });
  }
}

async function endedWell(program: Program, run: Run, experiment: Experiment): Promise<RunResult> {
  const result = await resultOf(program, run, experiment);
  if (result.state.kind === "failed") throw await runFailed(program.populationStore, run.id);
  return result;
}
