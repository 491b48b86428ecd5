/**
 * The interquartile mean (IQM): the mean of the middle half of a sample, which one lucky or one
 * diverged seed moves less than the mean, and which wastes less than the median (Agarwal et al.
 * 2021, "Deep Reinforcement Learning at the Edge of the Statistical Precipice", section 4.3).
 *
 * Of n values in order, the i-th stands for the share [(i - 1) / n, i / n] of the sample and
 * weighs what of it lies in [1/4, 3/4], twice. So the IQM is defined for every n: the mean for n =
 * 1 and 2, weights 0.3, 0.4, 0.3 of the middle three for n = 5. Where 4 divides n it is
 * `scipy.stats.trim_mean(values, 0.25)`; elsewhere SciPy drops whole values only, and keeps more
 * than half.
 */
export function interquartileMean(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const cumulative = cumulativeWeights(sorted.length);
  // Summed as differences from the smallest, so that equal values have exactly themselves as their
  // mean.
  const origin = sorted[0]!;
  return sorted.reduce(
    (sum, value, index) => sum + (cumulative[index + 1]! - cumulative[index]!) * (value - origin),
    origin,
  );
}

/** The weight of the k lowest of n values together, for k = 0..n. */
export function cumulativeWeights(n: number): Float64Array {
  return Float64Array.from(
    { length: n + 1 },
    (_, k) => 2 * (Math.min(0.75, Math.max(0.25, k / n)) - 0.25),
  );
}
