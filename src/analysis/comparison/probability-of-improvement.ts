/**
 * P(X > Y) + P(X = Y) / 2: how likely a run of one variant does better than a run of the other
 * (Agarwal et al. 2021, section 4.3), as Mann and Whitney's U over the number of pairs.
 */
import type { Direction } from "../../algorithm/population.ts";
import type { Interval } from "./bootstrap.ts";

/** The standard normal quantile of 97.5%. */
const normal975 = 1.959963984540054;

export interface Improvement {
  readonly value: number;
  /** 95%. */
  readonly interval: Interval;
}

export function probabilityOfImprovement(
  values: readonly number[],
  baseline: readonly number[],
  direction: Direction,
): Improvement {
  const sign = direction === "maximize" ? 1 : -1;
  let wins = 0;
  for (const value of values)
    for (const other of baseline) wins += (1 + Math.sign(sign * (value - other))) / 2;
  const probability = wins / (values.length * baseline.length);
  return {
    value: probability,
    interval: scoreInterval(probability, values.length, baseline.length),
  };
}

/**
 * Newcombe's method 5 (2006, "Confidence intervals for an effect size measure based on the
 * Mann-Whitney statistic. Part 2", Statistics in Medicine 25): every p with |estimate - p| <= z *
 * sqrt(variance(p)), by Hanley and McNeil's variance with the mean of both numbers of seeds. A
 * bootstrap would say "100%, surely" whenever all seeds of one variant are better than all of the
 * other, however few they are. With 5 seeds that spread three times as wide as 20 others it holds
 * in 87% of studies only (`benchmarks/results/bootstrap-coverage.md`), one reason why verdicts
 * rest on the difference.
 */
function scoreInterval(estimate: number, first: number, second: number): Interval {
  const seeds = (first + second) / 2 - 1;
  const variance = (p: number) =>
    (p * (1 - p) * (1 + (seeds * (1 - p)) / (2 - p) + (seeds * p) / (1 + p))) / (first * second);
  const isIn = (p: number) => Math.abs(estimate - p) <= normal975 * Math.sqrt(variance(p));
  const bound = (outer: number) => {
    let outside = outer;
    let inside = estimate;
    for (let halving = 0; halving < 50; halving++) {
      const middle = (inside + outside) / 2;
      if (isIn(middle)) inside = middle;
      else outside = middle;
    }
    return inside;
  };
  return { low: bound(0), high: bound(1) };
}
