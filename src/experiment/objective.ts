import type { Direction } from "../algorithm/population.ts";

/** What a population is selected by. M are the metrics that it names. */
export interface Objective<M extends string = string> {
  readonly direction: Direction;
  /** The metric that steers selection. */
  readonly metric: M;
  /**
   * A held-out metric for the final choice of the best model. The trainer reports it once, in a
   * member's last evaluation. The chosen model's value is the best of many, so it is biased. For
   * an unbiased number let the trainer report one more metric.
   */
  readonly final?: M;
}

/** The more the better: `maximize("accuracy", { final: "heldOutAccuracy" })`. */
export function maximize<const M extends string, const F extends string = never>(
  metric: M,
  options: { final?: F } = {},
): Objective<M | F> {
  return { direction: "maximize", metric, ...options };
}

/** The less the better: `minimize("loss", { final: "heldOutLoss" })`. */
export function minimize<const M extends string, const F extends string = never>(
  metric: M,
  options: { final?: F } = {},
): Objective<M | F> {
  return { direction: "minimize", metric, ...options };
}
