/** A run as a program sees it while it goes on. Also works in a browser. */
import { BadInputError } from "../algorithm/problem.ts";
import type { Hyperparameters } from "../algorithm/snapshot.ts";
import type { Experiment } from "../experiment/experiment.ts";
import { isCommand } from "../experiment/trainer.ts";
import type {
  PopulationStore,
  Run,
  RunId,
  StudyPlace,
} from "../population-store/population-store.ts";
import { requireRight } from "./check-options.ts";
import { createRun, newSeed } from "./create-run.ts";
import { type Manner, type Program, programOf, workInProgram } from "./program.ts";
import type { ProgramOptions } from "./program-options.ts";
import { runFailed } from "./run-failed-error.ts";
import { type RunResult, resultOf } from "./run-result.ts";
import { type RunSummary, summaryOf } from "./run-summary.ts";
import { requireNoThread } from "./threads/in-thread.ts";
import { tryTrainer } from "./try-trainer.ts";
import { eventsUntil, type RunEvent } from "./watch.ts";

/** How a program works on a run, and hears of it. */
export interface WorkOptions<H = Hyperparameters, M extends string = string>
  extends ProgramOptions {
  /**
   * Is told what happens, one event after another; a promise that it returns is awaited. What it
   * throws is printed once, and stops nothing.
   */
  readonly onEvent?: (event: RunEvent<H, M>) => unknown;
}

/** How a program starts a run, and works on it. */
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

/** The public `start`, on the host of the options. */
export async function start<H, M extends string, S, T>(
  experiment: Experiment<H, M, S, T>,
  options: RunOptions<H, M> = {},
): Promise<RunSession<H, M, S, T>> {
  requireRight("experiment", experiment);
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
      after: async (stoppable: Program) => {
        const origin = { controlOf: run.id };
        const { experiment, settings } = controlled;
        const second = await createRun(program.populationStore, experiment, seed, origin);
        await workInProgram(stoppable, second, experiment, { settings });
        return await endedWell(program, second, experiment);
      },
    }),
  });
  return session as unknown as RunSession<H, M, S, T>;
}

/** Before a run exists a signal ends the trial, even of a trainer that is never built. */
export async function tryInProgram(
  { sessionOf, signal, startThread, workers }: Program,
  experiment: Experiment,
  seed: number,
): Promise<void> {
  requireNoThread();
  if (startThread && isCommand(experiment.trainer)) {
    const rule = "are for trainers in JavaScript, and a command has a process of its own";
    const remedy = "use workers: as many as commands are to run at the same time";
    throw new BadInputError([{ path: "threads", value: String(workers), rule, remedy }]);
  }
  signal.throwIfAborted();
  const session = sessionOf(experiment.trainer, experiment);
  session.interruptWith(() => signal.throwIfAborted());
  await tryTrainer(experiment, seed, session);
  signal.throwIfAborted();
}

interface SessionManner extends Manner {
  /** What is done when the run is done, until the session is stopped. */
  readonly after?: (program: Program) => Promise<RunResult>;
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
    const stoppable = { ...program, signal };
    const working = workInProgram(stoppable, run, experiment, manner).finally(() =>
      this.#ended.abort(),
    );
    const told = onEvent && this.#tell(working, onEvent, signal);
    const result = async () => {
      try {
        await working;
      } finally {
        // A callback may be waiting for the result itself, after it has stopped the run.
        await Promise.race([told, aborted(signal)]);
      }
      const found = await endedWell(program, run, experiment);
      if (!after || found.state.kind !== "done" || signal.aborted) return found;
      // The run's own result stays, whatever becomes of the control.
      const control = await after(stoppable).catch((controlError) => ({ controlError }));
      return Object.assign(found, "controlError" in control ? control : { control });
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

  /** Never rejects. After a stop nothing is told but the result. */
  async #tell(
    working: Promise<RunSummary>,
    onEvent: NonNullable<WorkOptions["onEvent"]>,
    signal: AbortSignal,
  ): Promise<void> {
    let hasPrinted = false;
    const print = (error: unknown) => {
      if (!hasPrinted) console.error(`run ${this.id}: onEvent threw, and the run goes on:`, error);
      hasPrinted = true;
    };
    const tell = async (event: RunEvent) => {
      try {
        await onEvent(event);
      } catch (error) {
        print(error);
      }
    };
    try {
      for await (const event of eventsUntil(this.#store, this.id, this.#ended.signal)) {
        if (signal.aborted) break;
        await tell(event);
      }
    } catch {
      // The store fails, which the result says.
    }
    const result = await working.catch(() => undefined);
    if (result) await tell({ type: "result", result });
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

async function endedWell(program: Program, run: Run, experiment: Experiment): Promise<RunResult> {
  const result = await resultOf(program, run, experiment);
  if (result.state.kind === "failed") throw await runFailed(program.populationStore, run.id);
  return result;
}
