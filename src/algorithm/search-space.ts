/**
 * What the algorithm needs of a search space. The kinds of hyperparameters are in
 * `experiment/search-space/`.
 */
import type { Random } from "./random.ts";
import type { Hyperparameters, HyperparameterValue } from "./snapshot.ts";

/** One dimension of a search space. It admits every value that it returns. */
export interface Hyperparameter<T extends HyperparameterValue = HyperparameterValue> {
  /** A draw from the prior. */
  sample(random: Random): T;
  /**
   * A neighbour of the value. A factor above 1 moves away from zero, or to the next in an order.
   * Kinds without an order return the value itself.
   */
  perturb(value: T, factor: number): T;
  /**
   * How many times the lowest the highest is, where a factor multiplies: values on a log scale, or
   * distances to 1. Absent for other kinds.
   */
  readonly span?: number;
  /**
   * Whether it belongs to the weights, such as the width of a network: it is drawn once for each
   * member, never moved, and copied along with weights, never without them.
   */
  readonly inherited?: boolean;
  admits(value: unknown): value is T;
  /**
   * The place of a value on the scale of its kind, from 0 for the lowest to 1. Absent for kinds
   * without an order.
   */
  order?(value: T): number;
  /** The admitted value nearest to a number; the value itself where it is admitted already. */
  nearest(value: unknown): T | undefined;
}

/** The values that belong to the weights which these hyperparameters have trained. */
export function inheritedOf(space: SearchSpace, trainedWith: Hyperparameters): Hyperparameters {
  const names = space.names.filter(
    (name) => space.hyperparameter(name).inherited && trainedWith[name] !== undefined,
  );
  return Object.fromEntries(names.map((name) => [name, trainedWith[name]!]));
}

/** All hyperparameters of an experiment, as strategies see them. */
export interface SearchSpace {
  /**
   * All hyperparameters, with conditional ones, in an order in which conditions can be decided.
   */
  readonly names: readonly string[];
  hyperparameter(name: string): Hyperparameter;
  /** A draw from the prior of all, among those that satisfy the conditions of the space. */
  sample(random: Random): Hyperparameters;
  /** Whether all conditions hold that hyperparameters have to satisfy together. */
  satisfies(hyperparameters: Hyperparameters): boolean;
  /**
   * Hyperparameters that belong to the space. Each value becomes the nearest admitted one. A
   * conditional hyperparameter is drawn where it now applies, and dropped where it no longer does.
   * Throws `BadInputError` for a value that has no nearest, such as NaN.
   */
  settle(hyperparameters: Hyperparameters, random: Random): Hyperparameters;
}
