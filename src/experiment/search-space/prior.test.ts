import {
  choice,
  type Declared,
  integer,
  logUniform,
  nearOne,
  normal,
  ordinal,
  quantized,
  randomStream,
  uniform,
} from "clade";
import { describe, expect, test } from "vitest";

describe("the prior", () => {
  /**
   * The largest distance between the empirical and the given distribution function, times the root
   * of the count.
   */
  function kolmogorovSmirnov(
    declared: Declared<number>,
    distribution: (value: number) => number,
  ): number {
    const count = 20_000;
    const random = randomStream("prior", declared.written);
    const values = Array.from({ length: count }, () => declared.sample(random)).sort(
      (a, b) => a - b,
    );
    const gaps = values.map((value, index) => {
      const expected = distribution(value);
      return Math.max(expected - index / count, (index + 1) / count - expected);
    });
    return Math.sqrt(count) * Math.max(...gaps);
  }
  /** Abramowitz and Stegun 7.1.26, good to 1.5e-7. */
  function standardNormal(x: number): number {
    const t = 1 / (1 + (0.3275911 * Math.abs(x)) / Math.SQRT2);
    const polynomial =
      ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) *
      t;
    const tail = (polynomial * Math.exp((-x * x) / 2)) / 2;
    return x > 0 ? 1 - tail : tail;
  }
  const truncated = (low: number, high: number) => (value: number) =>
    (standardNormal(value) - standardNormal(low)) / (standardNormal(high) - standardNormal(low));

  // 1.95 is the 99.9% quantile of Kolmogorov's distribution.
  test.each([
    [uniform(-1, 3), (value: number) => (value + 1) / 4],
    [uniform(0, 1, { bounds: [-5, 5] }), (value: number) => value],
    [logUniform(1e-4, 1e-1), (value: number) => Math.log(value / 1e-4) / Math.log(1e3)],
    [nearOne(0.9, 0.9999), (value: number) => Math.log(0.1 / (1 - value)) / Math.log(1e3)],
    [normal(0, 1, { bounds: [-3, 3] }), truncated(-3, 3)],
    [normal(0, 1, { bounds: [0, 0.5] }), truncated(0, 0.5)],
  ])("of $written is what it says", (declared, distribution) => {
    expect(kolmogorovSmirnov(declared, distribution)).toBeLessThan(1.95);
  });

  const logShare = (low: number, high: number) => (value: number) =>
    Math.log((value + 0.5) / (value - 0.5)) / Math.log((high + 0.5) / (low - 0.5));
  // [kind, its values, share of each, 99.9% quantile of chi-squared with one degree of freedom
  // less than values]
  test.each([
    [integer(3, 12), [3, 4, 5, 6, 7, 8, 9, 10, 11, 12], () => 0.1, 27.88],
    [integer(1, 5, { log: true }), [1, 2, 3, 4, 5], logShare(1, 5), 18.47],
    [integer(2, 4, { bounds: [1, 9] }), [2, 3, 4], () => 1 / 3, 13.82],
    [choice("a", "b", 3, true), ["a", "b", 3, true], () => 0.25, 16.27],
    [ordinal(1, 2, 4), [1, 2, 4], () => 1 / 3, 13.82],
    // Rounding gives the ends half a share.
    [
      quantized(uniform(0, 1), 0.25),
      [0, 0.25, 0.5, 0.75, 1],
      (v: number) => (v % 1 === 0 ? 0.125 : 0.25),
      18.47,
    ],
  ] as [Declared, (number | string | boolean)[], (value: never) => number, number][])(
    "of $written is what it says",
    (declared, values, share, quantile) => {
      const count = 20_000;
      const random = randomStream("prior", declared.written);
      const counts = new Map<unknown, number>();
      for (let draw = 0; draw < count; draw++) {
        const value = declared.sample(random);
        counts.set(value, (counts.get(value) ?? 0) + 1);
      }
      expect([...counts.keys()].every((value) => values.includes(value as number))).toBe(true);
      const chiSquared = values.reduce<number>((sum, value) => {
        const expected = count * share(value as never);
        return sum + ((counts.get(value) ?? 0) - expected) ** 2 / expected;
      }, 0);
      expect(chiSquared).toBeLessThan(quantile);
    },
  );
});
