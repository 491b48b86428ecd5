import { written } from "./declared.ts";
import { type DeclaredNumber, declareNumber, type NumericOptions } from "./numeric.ts";

/**
 * A positive number whose logarithm is uniform, such as a learning rate. A factor multiplies it.
 */
export function logUniform(
  low: number,
  high: number,
  { bounds }: NumericOptions = {},
): DeclaredNumber {
  return declareNumber({
    written: written("logUniform", [low, high], { bounds }),
    prior: { low, high, draw: (random) => low * (high / low) ** random.uniform() },
    bounds,
    scale: "log",
  });
}
