import { sampleVariance } from "simple-statistics";
import type { Random } from "../../algorithm/random.ts";
import { type Interval, jointReplicates, stretchedInterval } from "./bootstrap.ts";

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

/** The scores of a variant and of its baseline with one seed. */
export type Pair = readonly [variant: number, baseline: number];

/**
 * The interval of the same difference from runs that come in pairs, such as those that begin with
 * the same draws. What is luck of a seed cancels out. At least 2 pairs.
 */
export function pairedInterval(
  difference: number,
  pairs: readonly Pair[],
  random: Random,
  level: number,
  resamples?: number,
): Interval {
  const lists = [0, 1].map((side) => pairs.map((pair) => pair[side]!));
  const [first, second] = jointReplicates(lists, random, resamples) as [
    Float64Array,
    Float64Array,
  ];
  const differences = first.map((value, index) => value - second[index]!);
  return stretchedInterval(difference, differences, pairs.length - 1, level);
}
