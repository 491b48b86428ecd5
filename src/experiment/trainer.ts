/**
 * What a user's trainer is: one model in memory that can be trained, scored, saved, and made to
 * hold another model's state.
 */
import type { Hyperparameters } from "../algorithm/snapshot.ts";
import type { CommandTrainer } from "./command.ts";

export interface Trainer<H = Hyperparameters> {
  /**
   * One training step with the hyperparameters of this moment, which cannot be changed. They may
   * differ from those of the step before.
   */
  step(hyperparameters: H): void | Promise<void>;
  /**
   * Metrics by name, among them the objective. `final` is true for a member's last evaluation,
   * when a held-out metric may be added.
   */
  evaluate(context: { readonly final: boolean }): Evaluation | Promise<Evaluation>;
  /** Everything that the next step depends on: weights, the optimiser's state, random state. */
  save(): TrainerState | Promise<TrainerState>;
  /**
   * Makes this trainer hold a state that `save` gave, here or in another process, of this member
   * or another. The context is that of the member that goes on from it: random draws that follow
   * from its seed and a counter in the state go on for the member itself, and are fresh for one
   * that has copied another.
   */
  restore(state: never, context: TrainerContext<H>): void | Promise<void>;
  dispose?(): void | Promise<void>;
}

/** What to do about files that are not closed when `save` is answered. */
export const closedFilesRemedy =
  "wait for asynchronous writers before answering, such as with thread.join(), result() of " +
  "torch.distributed.checkpoint's async_save, or wait_until_finished() of orbax";

export interface TrainerContext<H = Hyperparameters> {
  /**
   * A whole number from 0 to 2^31 - 1 that belongs to the member. Initial weights and random
   * choices should follow from it alone.
   */
  readonly seed: number;
  readonly hyperparameters: H;
}

/** A class of trainers, or a function that makes one: a trainer in the worker's own process. */
export type InProcessTrainerSource<H = Hyperparameters> =
  | (new (
      context: TrainerContext<H>,
    ) => Trainer<H>)
  | ((context: TrainerContext<H>) => Trainer<H> | Promise<Trainer<H>>);

export type TrainerSource<H = Hyperparameters> = InProcessTrainerSource<H> | CommandTrainer;

/** True for what `command()` makes, whether or not its options are right. */
export function isCommand(source: unknown): source is CommandTrainer {
  return typeof source === "object" && source !== null && "command" in source;
}

/**
 * Numbers by metric name. `samples` are independent measurements of the objective, newest last,
 * for the t-test.
 */
export type Evaluation = {
  readonly [metric: string]: number | undefined | readonly number[];
  readonly samples?: readonly number[];
};

/**
 * By name: typed arrays (each becomes a NumPy file), bytes (a file as they are), and anything that
 * JSON can say.
 */
export type TrainerState = object;
