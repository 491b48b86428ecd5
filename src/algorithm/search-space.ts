/**
 * What the algorithm needs of a search space. The kinds of hyperparameters are in
 * `experiment/search-space/`.
 */
import type { Random } from "./random.ts";
import type { Hyperparameters, HyperparameterValue } from "./snapshot.ts";

/** One dimension of a search space. Every value that it returns is admitted by it. */
export interface Hyperparameter<T extends HyperparameterValue = HyperparameterValue> {
  /** A draw from the prior. */
  sample(random: Random): T;
  /**
   * A neighbour of the value: further from zero, or the next in an order, for a factor above 1.
   * Kinds without an order return the value itself.
   */
  perturb(value: T, factor: number): T;
  admits(value: unknown): value is T;
  /**
   * The place of a value among all of its kind; absent for numbers, which have one by themselves,
   * and for kinds without an order.
   */
  order?(value: T): number;
  /** The admitted value nearest to a number; the value itself where it is admitted already. */
  nearest(value: unknown): T | undefined;
}

export interface SearchSpace {
  /**
   * Every hyperparameter, conditional ones included, in the order in which conditions can be
   * decided.
   */
  readonly names: readonly string[];
  hyperparameter(name: string): Hyperparameter;
  sample(random: Random): Hyperparameters;
  /**
   * Hyperparameters that belong to the space: every value brought to the nearest that is admitted,
   * conditional ones drawn where they now apply and dropped where they no longer do. Throws
   * `BadInputError` for a value that has no nearest, such as NaN.
   */
  settle(hyperparameters: Hyperparameters, random: Random): Hyperparameters;
}
