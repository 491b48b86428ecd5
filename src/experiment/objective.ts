import type { Direction } from "../algorithm/population.ts";

export interface Objective {
  readonly direction: Direction;
  /** The metric that steers selection. */
  readonly metric: string;
  /**
   * A held-out metric for the final choice of the best model. The trainer reports it once, in a
   * member's last evaluation. The chosen model's value is the best of many, so it is biased. For
   * an unbiased number let the trainer report one more metric.
   */
  readonly final?: string;
}

export function maximize(metric: string, options: { final?: string } = {}): Objective {
  return { direction: "maximize", metric, ...options };
}

export function minimize(metric: string, options: { final?: string } = {}): Objective {
  return { direction: "minimize", metric, ...options };
}
