import { written } from "./declared.ts";
import { type DeclaredNumber, declareNumber, type NumericOptions, scales } from "./numeric.ts";

const { placeOf, at } = scales.nearOne;

/**
 * A number below 1 whose distance to 1 is log-uniform, such as a momentum or a discount: 0.9, 0.99
 * and 0.999 are equally far apart. A factor divides the distance.
 */
export function nearOne(
  low: number,
  high: number,
  { bounds }: NumericOptions = {},
): DeclaredNumber {
  return declareNumber({
    written: written("nearOne", [low, high], { bounds }),
    prior: {
      low,
      high,
      draw: (random) => at(placeOf(low) + (placeOf(high) - placeOf(low)) * random.uniform()),
    },
    bounds,
    scale: "nearOne",
  });
}
