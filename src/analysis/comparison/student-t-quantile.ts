import { twoSidedP } from "../../algorithm/statistics/student-t.ts";

/**
 * The t with P(|T| <= t) = level, by bisection to a relative width of 1e-12; the degrees of
 * freedom need not be whole.
 */
export function studentTQuantile(level: number, degreesOfFreedom: number): number {
  let low = 0;
  let high = 1;
  while (twoSidedP(high, degreesOfFreedom) > 1 - level) high *= 2;
  while (high - low > high * 1e-12) {
    const middle = (low + high) / 2;
    if (twoSidedP(middle, degreesOfFreedom) > 1 - level) low = middle;
    else high = middle;
  }
  return high;
}
