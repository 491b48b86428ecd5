import { twoSidedP } from "./student-t.ts";

export interface TTest {
  /**
   * Positive when the first mean is the larger. Infinite when both samples are constant and
   * differ.
   */
  readonly t: number;
  /** Two-sided. */
  readonly p: number;
  readonly degreesOfFreedom: number;
}

/** Welch's t-test for unequal variances (Welch 1947), each sample with at least 2 values. */
export function welchTTest(first: readonly number[], second: readonly number[]): TTest {
  const a = meanAndError(first);
  const b = meanAndError(second);
  const error = a.squaredError + b.squaredError;
  if (error === 0) {
    const degreesOfFreedom = first.length + second.length - 2;
    if (a.mean === b.mean) return { t: 0, p: 1, degreesOfFreedom };
    return { t: a.mean > b.mean ? Infinity : -Infinity, p: 0, degreesOfFreedom };
  }
  const t = (a.mean - b.mean) / Math.sqrt(error);
  // Welch and Satterthwaite's formula in shares of the error, whose squares neither vanish nor
  // overflow.
  const share = a.squaredError / error;
  const degreesOfFreedom =
    1 / (share ** 2 / (first.length - 1) + (1 - share) ** 2 / (second.length - 1));
  return { t, p: twoSidedP(t, degreesOfFreedom), degreesOfFreedom };
}

function meanAndError(values: readonly number[]): { mean: number; squaredError: number } {
  // Summed as differences from the first value, so that constant samples have exactly that mean
  // and no variance.
  const origin = values[0]!;
  const mean = origin + values.reduce((sum, value) => sum + (value - origin), 0) / values.length;
  const variance =
    values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { mean, squaredError: variance / values.length };
}
