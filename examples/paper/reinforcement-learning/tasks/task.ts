/**
 * What a task is to the trainer: rules without any state of their own. The state of one copy is a
 * row of numbers that the trainer keeps, so that a checkpoint holds it as it is. The rules are
 * Gymnasium's (Towers et al. 2024, arXiv 2407.17032); tasks.test.ts compares trajectories.
 */
import type { Random } from "../../random.ts";

export interface Task {
  readonly name: string;
  readonly actions: Actions;
  readonly observationSize: number;
  readonly stateSize: number;
  /**
   * Steps until an episode is cut short. That is not an ending: what would have followed still
   * counts.
   */
  readonly episodeLimit: number;
  /** What a reward is worth one step later. */
  readonly discount: number;
  /**
   * The mean return of actions drawn uniformly, and of a policy that is called good: the 0 and the
   * 1 of the normalised score.
   */
  readonly returns: { readonly random: number; readonly reference: number };
  /** Draws the state in which an episode begins. */
  reset(state: Float64Array, random: Random): void;
  /**
   * Changes the state and gives the reward. A discrete action is one whole number; continuous ones
   * may lie outside of their range and are clipped.
   */
  step(state: Float64Array, action: Float32Array): number;
  /** Whether the episode has ended in this state, so that nothing more can be earned. */
  hasEnded(state: Float64Array): boolean;
  observe(state: Float64Array, observation: Float32Array): void;
}

export type Actions =
  | { readonly kind: "discrete"; readonly count: number }
  /** Each of `size` numbers is from -largest to largest. */
  | { readonly kind: "continuous"; readonly size: number; readonly largest: number };

/** 0 for the random policy, 1 for the reference: returns of different tasks can be averaged. */
export function normalisedScore(
  { returns: { random, reference } }: Task,
  episodeReturn: number,
): number {
  return (episodeReturn - random) / (reference - random);
}

export function clip(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
