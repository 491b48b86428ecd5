/** Statistics that a few wild values do not spoil. */

/** Of at least one value. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((first, second) => first - second);
  const half = sorted.length >>> 1;
  const upper = sorted[half]!;
  return sorted.length % 2 === 1 ? upper : (sorted[half - 1]! + upper) / 2;
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * Brought to within three standard deviations: a member that explored too far falls and comes
 * back, and that is not noise.
 */
export function withoutOutliers(values: readonly number[]): readonly number[] {
  if (values.length === 0) return values;
  const middle = median(values);
  const bound = 3 * deviationOf(values);
  if (bound === 0) return values;
  return values.map((value) => Math.min(middle + bound, Math.max(middle - bound, value)));
}

/** The standard deviation of normal values, from the median of their distances to the median. */
function deviationOf(values: readonly number[]): number {
  const middle = median(values);
  return 1.4826 * median(values.map((value) => Math.abs(value - middle)));
}
