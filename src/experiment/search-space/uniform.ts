import { written } from "./declared.ts";
import { type DeclaredNumber, declareNumber, type NumericOptions } from "./numeric.ts";

/**
 * A real number, equally likely anywhere from `low` to `high`. A factor multiplies it, and moves
 * it by at least what it does at a tenth of the range.
 */
export function uniform(
  low: number,
  high: number,
  { bounds }: NumericOptions = {},
): DeclaredNumber {
  return declareNumber({
    written: written("uniform", [low, high], { bounds }),
    prior: { low, high, draw: (random) => low + (high - low) * random.uniform() },
    bounds,
    scale: "linear",
  });
}
