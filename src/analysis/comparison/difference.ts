import { sampleVariance } from "simple-statistics";
import { type Interval, stretchedInterval } from "./bootstrap.ts";

/** A variant's interquartile mean with its bootstrap replicates. */
export interface Estimate {
  readonly iqm: number;
  readonly seeds: number;
  readonly replicates: Float64Array;
}

/**
 * The interval of first minus second. Degrees of freedom by Welch and Satterthwaite from the
 * variances of the replicates, so that neither equal spread nor equal numbers of seeds are
 * assumed. Both with at least 2 seeds.
 */
export function differenceInterval(first: Estimate, second: Estimate, level: number): Interval {
  const differences = first.replicates.map((value, index) => value - second.replicates[index]!);
  const variance = ({ replicates }: Estimate) => sampleVariance(Array.from(replicates));
  const error = variance(first) + variance(second);
  const share = error === 0 ? 0.5 : variance(first) / error;
  const degreesOfFreedom =
    1 / (share ** 2 / (first.seeds - 1) + (1 - share) ** 2 / (second.seeds - 1));
  return stretchedInterval(first.iqm - second.iqm, differences, degreesOfFreedom, level);
}
