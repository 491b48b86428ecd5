import type { Mistake } from "../../algorithm/problem.ts";
import { written } from "./declared.ts";
import { boundsOf, type DeclaredNumber, declareNumber } from "./numeric.ts";

/**
 * A normal number, truncated to its bounds. A factor multiplies it, and moves it by at least what
 * it does at one standard deviation.
 */
export function normal(
  mean: number,
  standardDeviation: number,
  options: { readonly bounds: readonly [low: number, high: number] },
): DeclaredNumber {
  const bounds = boundsOf(options?.bounds);
  const [low, high] = bounds;
  const mistakes: Mistake[] = [];
  if (!Number.isFinite(mean)) {
    mistakes.push({ rule: "the mean must be a number", remedy: "give the mean of the values" });
  } else if (!(standardDeviation > 0)) {
    mistakes.push({
      rule: "the standard deviation must be above 0",
      remedy: `use constant(${mean}) or a positive one`,
    });
  } else if (!Number.isFinite(10 * standardDeviation)) {
    mistakes.push({
      rule: "the standard deviation is too large for a number",
      remedy: "give a smaller one",
    });
  } else if (mean < low || mean > high) {
    mistakes.push({
      rule: "the mean must lie within the bounds",
      remedy: "move the bounds or the mean",
    });
  } else if (high - low < standardDeviation / 10) {
    mistakes.push({
      rule: "the bounds must be at least a tenth of a standard deviation apart",
      remedy: `use uniform(${low}, ${high})`,
    });
  }
  return declareNumber({
    written: written("normal", [mean, standardDeviation], { bounds: options?.bounds }),
    prior: {
      low,
      high,
      draw(random) {
        for (;;) {
          const value = mean + standardDeviation * random.normal();
          if (value >= low && value <= high) return value;
        }
      },
    },
    bounds,
    scale: "linear",
    width: 10 * standardDeviation,
    mistakes,
  });
}
