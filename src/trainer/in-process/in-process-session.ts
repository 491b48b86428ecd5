import { CladeError } from "../../algorithm/clade-error.ts";
import { show } from "../../algorithm/strategy.ts";
import type { Evaluation, Trainer, TrainerContext, TrainerSource } from "../../experiment/trainer.ts";
import { TrainerError, type TrainerSession } from "../trainer-session.ts";
import { filesOf, stateOf } from "./state-files.ts";

/** A trainer that lives in the worker's own process: an instance of the user's class, made anew for fresh weights and reused for restored ones. */
export function inProcessSession(source: TrainerSource): TrainerSession {
  let trainer: Trainer | undefined;

  async function make(context: TrainerContext): Promise<Trainer> {
    await disposeOf();
    trainer = await guarded("constructor", () => (isClass(source) ? new source(context) : source(context)));
    return trainer!;
  }

  async function disposeOf(): Promise<void> {
    const old = trainer;
    trainer = undefined;
    await guarded("dispose()", () => old?.dispose?.());
  }
  return {
    async start(context) {
      await make(context);
    },
    async restore(files, context) {
      const live = trainer ?? (await make(context));
      await guarded("restore()", () => live.restore(stateOf(files) as never, context));
    },
    step(hyperparameters) {
      return guardedSync("step()", () => trainer!.step(hyperparameters));
    },
    evaluate: (final) =>
      guarded("evaluate()", async () => {
        const evaluation: unknown = await trainer!.evaluate({ final });
        if (typeof evaluation === "object" && evaluation !== null) return evaluation as Evaluation;
        throw new CladeError(
          `${show(evaluation)}: must be an object of metrics; return for example { accuracy: 0.9 }`,
        );
      }),
    save: () => guarded("save()", async () => filesOf(await trainer!.save())),
    dispose: disposeOf,
  };
}

function isClass(source: TrainerSource): source is new (context: TrainerContext) => Trainer {
  return /^class\b/.test(Function.prototype.toString.call(source));
}

async function guarded<T>(call: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new TrainerError(call, error);
  }
}

/** Steps are the hot path: a synchronous one makes no promise. */
function guardedSync<T>(call: string, work: () => T | Promise<T>): T | Promise<T> {
  try {
    const result = work();
    return isThenable(result) ? guarded(call, () => result) : result;
  } catch (error) {
    throw new TrainerError(call, error);
  }
}

function isThenable(value: unknown): value is Promise<unknown> {
  return typeof (value as Promise<unknown> | undefined)?.then === "function";
}
