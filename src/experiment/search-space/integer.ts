import type { Mistake } from "../../algorithm/problem.ts";
import { written } from "./declared.ts";
import { boundsOf, type DeclaredNumber, declareNumber, type NumericOptions } from "./numeric.ts";

interface IntegerOptions extends NumericOptions {
  /** Draws and moves on a log scale: 16, 32, 64 are equally far apart. */
  readonly log?: boolean;
}

/**
 * A whole number from `low` to `high`, both included. A factor multiplies it, and moves it by at
 * least one.
 */
export function integer(
  low: number,
  high: number,
  { log = false, bounds }: IntegerOptions = {},
): DeclaredNumber {
  const all = [
    low,
    high,
    ...boundsOf(bounds),
    high - low,
    boundsOf(bounds)[1] - boundsOf(bounds)[0],
  ];
  const mistakes: Mistake[] = all.every(
    (bound) => !Number.isFinite(bound) || Number.isSafeInteger(bound),
  )
    ? []
    : [
        {
          rule: "the bounds must be whole numbers below 2^53, and no further apart",
          remedy: "round them, or use uniform or logUniform",
        },
      ];
  return declareNumber({
    written: written("integer", [low, high], { log: log || undefined, bounds }),
    prior: {
      low,
      high,
      // Half a step beyond each end gives the ends their share of a log scale after rounding.
      draw: (random) =>
        log
          ? (low - 0.5) * ((high + 0.5) / (low - 0.5)) ** random.uniform()
          : low + random.integer(high - low + 1),
    },
    bounds,
    scale: log ? "log" : "linear",
    grid: 1,
    mistakes,
  });
}
