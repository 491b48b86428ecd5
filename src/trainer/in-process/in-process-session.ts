import { CladeError } from "../../algorithm/clade-error.ts";
import { show } from "../../algorithm/show.ts";
import type { Hyperparameters } from "../../algorithm/snapshot.ts";
import { defaultStepTimeoutSeconds } from "../../experiment/command.ts";
import type {
  Evaluation,
  InProcessTrainerSource,
  Place,
  Trainer,
  TrainerContext,
} from "../../experiment/trainer.ts";
import { stepCountOf } from "../step-count.ts";
import { TrainerError, type TrainerSession, type Turn } from "../trainer-session.ts";
import { filesOf, stateOf } from "./state-files.ts";
import { Abandoned, withinLimit } from "./time-limit.ts";
import { trainSteps } from "./train-steps.ts";

export interface InProcessOptions {
  /** How long a call may wait; 600 s when left out. */
  readonly stepTimeoutSeconds?: number;
}

/** How long `dispose()` may wait. */
const disposeSeconds = 5;

/**
 * A trainer that lives in the worker's own process: an instance of the user's class. Fresh weights
 * get a new instance; restored weights reuse the old one.
 */
export function inProcessSession(
  source: InProcessTrainerSource,
  { stepTimeoutSeconds = defaultStepTimeoutSeconds }: InProcessOptions = {},
): TrainerSession {
  let trainer: Trainer | undefined;
  let check = () => {};
  let told: Omit<Place, "generation" | "step"> = { member: 0 };

  /** What every step of the next generation is told. */
  function begin({ member, place: { run, copied } = { generation: 0, step: 0 } }: Turn): void {
    told = { member, ...(run !== undefined && { run }), ...(copied !== undefined && { copied }) };
  }

  async function make(context: TrainerContext): Promise<Trainer> {
    await disposeOf();
    trainer = await called("constructor", () => madeTrainer(source, context));
    return trainer;
  }

  async function disposeOf(): Promise<void> {
    const old = trainer;
    trainer = undefined;
    const disposing = guarded("dispose()", () => old?.dispose?.());
    await orLeft(withinLimit("dispose()", disposing, disposeSeconds, () => {}));
  }

  function called<T>(call: string, work: () => T | Promise<T>): T | Promise<T> {
    const result = guardedSync(call, work);
    return isThenable(result)
      ? orLeft(withinLimit(call, result, stepTimeoutSeconds, check))
      : result;
  }

  /** A trainer in which a call still waits is never called again. */
  async function orLeft<T>(waiting: Promise<T>): Promise<T> {
    try {
      return await waiting;
    } catch (error) {
      if (!(error instanceof Abandoned)) throw error;
      void disposeOf().catch(() => {});
      throw error.cause;
    }
  }

  return {
    checkpoints: "files",
    hyperparameters: "with train",
    interruptWith(given) {
      check = given;
    },
    async start(turn) {
      begin(turn);
      await make(contextOf(turn));
    },
    async restore(checkpoint, turn) {
      if (!("files" in checkpoint))
        throw new Error("a trainer in this process takes files in memory");
      begin(turn);
      const context = contextOf(turn);
      const live = trainer ?? (await make(context));
      await called("restore()", () => live.restore(stateOf(checkpoint.files) as never, context));
    },
    async train(generation) {
      const live = trainer!;
      const { copied, ...same } = told;
      const place = {
        ...told,
        generation: generation.generation,
        stepCount: stepCountOf(generation),
      };
      // What comes after goes on with what it has.
      told = same;
      const step = (hyperparameters: Hyperparameters, number: number) =>
        called("step()", () => live.step(hyperparameters, { ...place, step: number }));
      const own = { ...generation, hyperparameters: frozen(generation.hyperparameters) };
      return await trainSteps(step, own, check);
    },
    async evaluate(final) {
      const evaluation = await called("evaluate()", () => trainer!.evaluate({ final }));
      return guardedSync("evaluate()", () => evaluationOf(evaluation));
    },
    async save() {
      const state = await called("save()", () => trainer!.save());
      return guardedSync("save()", () => ({ files: filesOf(state) }));
    },
    dispose: disposeOf,
  };
}

function evaluationOf(returned: unknown): Evaluation {
  if (typeof returned !== "object" || returned === null) {
    throw new CladeError(
      `${show(returned)}: must be an object of metrics; return for example { accuracy: 0.9 }`,
    );
  }
  const { samples } = returned as { samples?: unknown };
  if (samples === undefined || Array.isArray(samples)) return returned as Evaluation;
  throw new CladeError(
    `samples: ${show(samples)} - must be a list of numbers, the measurements behind the ` +
      "objective; give a metric another name",
  );
}

/** Nothing that a trainer is made from should depend on its member's number. */
function contextOf({ seed, hyperparameters }: Turn): TrainerContext {
  return { seed, hyperparameters: frozen(hyperparameters) };
}

/**
 * A snapshot records what the trainer was told, so a trainer that changed these values would train
 * with others.
 */
function frozen(hyperparameters: Hyperparameters): Hyperparameters {
  return Object.freeze({ ...hyperparameters });
}

/** A new trainer, from a class or a function. */
export function madeTrainer(
  source: InProcessTrainerSource,
  context: TrainerContext,
): Trainer | Promise<Trainer> {
  return isClass(source) ? new source(context) : source(context);
}

function isClass(
  source: InProcessTrainerSource,
): source is new (
  context: TrainerContext,
) => Trainer {
  return /^class\b/.test(Function.prototype.toString.call(source));
}

async function guarded<T>(call: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw failed(call, error);
  }
}

/** Steps are the hot path, so a synchronous step creates no promise. */
function guardedSync<T>(call: string, work: () => T | Promise<T>): T | Promise<T> {
  try {
    const result = work();
    return isThenable(result) ? guarded(call, () => result) : result;
  } catch (error) {
    throw failed(call, error);
  }
}

function failed(call: string, cause: unknown): TrainerError {
  const { message, stack } =
    cause instanceof Error ? cause : { message: String(cause), stack: undefined };
  return new TrainerError(`trainer ${call} failed: ${message}`, stack ?? message, {
    cause,
    kind: cause instanceof CladeError ? "contract" : "trainer",
  });
}

function isThenable(value: unknown): value is Promise<unknown> {
  return typeof (value as Promise<unknown> | undefined)?.then === "function";
}
