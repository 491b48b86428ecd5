/**
 * Whether identical runs gave the same results, and whether another run differs from them by more
 * than chance.
 */
import { twoSidedP } from "../algorithm/statistics/student-t.ts";
import type { Evaluation } from "../experiment/trainer.ts";

/** Relative: the error of 32-bit sums in another order. */
const rounding = 1e-6;

/** A difference that chance produces less often than this counts as real. */
const significance = 1e-3;

export function isSame(
  one: number | undefined,
  other: number | undefined,
  relative = rounding,
): boolean {
  if (Object.is(one, other)) return true;
  if (one === undefined || other === undefined) return false;
  return Math.abs(one - other) <= relative * Math.max(Math.abs(one), Math.abs(other));
}

/** The numbers of an evaluation by name. */
export function numbersOf(evaluation: Evaluation): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(evaluation).filter(
      (entry): entry is [string, number] => typeof entry[1] === "number",
    ),
  );
}

/**
 * The metrics that are the same in both. Metrics that depend on time or on a process are not among
 * them.
 */
export function sameMetrics(one: Evaluation, other: Evaluation): string[] {
  const [left, right] = [numbersOf(one), numbersOf(other)];
  return Object.keys(left).filter((name) => name in right && isSame(left[name], right[name]));
}

/** The largest distance between two values. NaN if only some are numbers. */
export function spread(values: readonly number[]): number {
  if (values.every(Number.isNaN)) return 0;
  return Math.max(...values) - Math.min(...values);
}

/**
 * How a value compares to repeats that should be the same. If the repeats differ, the prediction
 * interval of one more repeat decides (Student's t with n - 1 degrees of freedom, s * sqrt(1 +
 * 1/n)).
 */
export function standing(
  value: number,
  repeats: readonly number[],
): "same" | "within noise" | "different" {
  if (repeats.some((repeat) => isSame(value, repeat))) return "same";
  if (repeats.every((repeat) => Object.is(repeat, repeats[0]))) return "different";
  const all = [value, ...repeats];
  if (!all.every(Number.isFinite)) return "within noise";
  const mean = repeats.reduce((sum, repeat) => sum + repeat, 0) / repeats.length;
  const variance =
    repeats.reduce((sum, repeat) => sum + (repeat - mean) ** 2, 0) /
    Math.max(1, repeats.length - 1);
  const t = (value - mean) / Math.sqrt(variance * (1 + 1 / repeats.length));
  return twoSidedP(t, Math.max(1, repeats.length - 1)) < significance
    ? "different"
    : "within noise";
}
