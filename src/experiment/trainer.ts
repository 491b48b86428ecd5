/**
 * A user's trainer: one model in memory that can be trained, scored and saved, and can take over
 * another model's state.
 */
import type { Hyperparameters } from "../algorithm/snapshot.ts";
import type { CommandTrainer } from "./command.ts";

/**
 * One model in memory that can be trained, scored and saved, and can take over another model's
 * state. H are its hyperparameters, E what it evaluates to, and S is what it saves.
 */
export interface Trainer<
  H = Hyperparameters,
  E extends object = object,
  S extends TrainerState = TrainerState,
> {
  /**
   * One training step with these hyperparameters, which are read-only. They may differ from those
   * of the step before. `place` says which step it is, for a schedule.
   */
  step(hyperparameters: H, place: Place): void | Promise<void>;
  /**
   * Metrics by name, among them the objective. `final` is true for a member's last evaluation,
   * when a held-out metric may be added.
   */
  evaluate(context: { readonly final: boolean }): E | Promise<E>;
  /** Everything that the next step depends on: weights, the optimiser's state, random state. */
  save(): S | Promise<S>;
  /**
   * Takes over a state that `save` gave, here or in another process, for this member or another.
   * The context is that of the member that continues. Random draws that follow from its seed and a
   * counter in the state continue for the same member, and are fresh for one that has copied.
   */
  restore(state: never, context: TrainerContext<H>): void | Promise<void>;
  dispose?(): void | Promise<void>;
}

/** What to do about files that are still open when `save` returns. */
export const closedFilesRemedy =
  "wait for asynchronous writers before answering, for example with thread.join(), result() of " +
  "torch.distributed.checkpoint's async_save, or wait_until_finished() of orbax";

/** What a trainer is told when it is made, and when it takes over a state. */
export interface TrainerContext<H = Hyperparameters> {
  /**
   * A whole number from 0 to 2^31 - 1 that belongs to the member. Initial weights and random
   * choices should follow from it alone.
   */
  readonly seed: number;
  readonly hyperparameters: H;
}

/** Where a step is in its run. */
export interface Place {
  /** The run; absent where a trainer is only tried. */
  readonly run?: string;
  readonly member: number;
  /** How many generations are over. */
  readonly generation: number;
  /** How many steps the weights have had, across their copies: 0 at the first. */
  readonly step: number;
  /** How many steps the generation has, where that is known before it begins. */
  readonly stepCount?: number | undefined;
  /** The member whose weights were copied for this generation. */
  readonly copied?: number | undefined;
}

/** A class of trainers, or a function that makes one: a trainer in the worker's own process. */
export type InProcessTrainerSource<H = Hyperparameters, T = Trainer<H>> =
  | (new (
      context: TrainerContext<H>,
    ) => T)
  | ((context: TrainerContext<H>) => T | Promise<T>);

/** What `trainer` of an experiment may be: a class, a function that makes one, or a command. */
export type TrainerSource<H = Hyperparameters> = InProcessTrainerSource<H> | CommandTrainer;

/** True for what `command()` makes, even with wrong options. */
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
 * By name: typed arrays (each becomes a NumPy file), bytes (kept as a file), buffers, and any JSON
 * value. Objects and lists may hold arrays, bytes and buffers, too.
 */
export type TrainerState = object;
