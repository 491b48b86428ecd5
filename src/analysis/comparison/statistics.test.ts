import { expect, test } from "vitest";
import { randomStream } from "../../algorithm/random.ts";
import { replicatesOf, stretchedInterval } from "./bootstrap.ts";
import { differenceInterval, type Pair, pairedInterval } from "./difference.ts";
import { interquartileMean } from "./interquartile-mean.ts";
import { probabilityOfImprovement } from "./probability-of-improvement.ts";
import { studentTQuantile } from "./student-t-quantile.ts";

test("the interquartile mean of few values has the weights of the middle half, by hand", () => {
  expect(interquartileMean([7])).toBe(7);
  expect(interquartileMean([1, 4])).toBe(2.5);
  expect(interquartileMean([9, 0, 3])).toBeCloseTo((0 + 4 * 3 + 9) / 6, 12);
  expect(interquartileMean([50, 1, 3, 2, -90])).toBeCloseTo(0.3 * 1 + 0.4 * 2 + 0.3 * 3, 12);
  expect(interquartileMean([6, 5, 4, 3, 2, 1])).toBeCloseTo((0.5 * 2 + 3 + 4 + 0.5 * 5) / 3, 12);
  expect(interquartileMean([0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1])).toBe(0.1);
});

test("the interquartile mean of 4n values is SciPy's trim_mean(values, 0.25)", () => {
  expect(interquartileMean([3.1, -2.4, 7.7, 0.5])).toBeCloseTo(1.8, 12);
  expect(interquartileMean([0.91, 0.87, 0.93, 0.2, 0.89, 0.99, 0.9, 0.95])).toBeCloseTo(
    0.9075,
    12,
  );
  const twenty = Array.from({ length: 20 }, (_, index) =>
    Number((Math.sin(index * index) * 10).toFixed(3)),
  );
  expect(interquartileMean(twenty)).toBeCloseTo(-2.8008, 10);
});

test("quantiles of Student's t are SciPy's", () => {
  expect(studentTQuantile(0.95, 4)).toBeCloseTo(2.7764451051977934, 9);
  expect(studentTQuantile(0.95, 1)).toBeCloseTo(12.706204736174694, 8);
  expect(studentTQuantile(1 - 0.05 / 7, 7.3)).toBeCloseTo(3.696000706921624, 8);
});

test("the probability of improvement counts pairs, half for ties; a lower loss improves", () => {
  expect(probabilityOfImprovement([1, 3, 5], [2, 3, 3], "maximize").value).toBeCloseTo(5 / 9, 12);
  expect(probabilityOfImprovement([1, 3, 5], [2, 3, 3], "minimize").value).toBeCloseTo(4 / 9, 12);
  expect(probabilityOfImprovement([2, 2], [2], "maximize").value).toBe(0.5);
  expect(probabilityOfImprovement([0, 1], [2, 3], "minimize").value).toBe(1);
});

test("where one side always wins, the interval still shows how few the seeds are", () => {
  const few = probabilityOfImprovement([5, 6, 7], [1, 2, 3], "maximize").interval;
  const many = probabilityOfImprovement(
    Array.from({ length: 20 }, (_, index) => 30 + index),
    Array.from({ length: 20 }, (_, index) => index),
    "maximize",
  ).interval;
  expect(few.high).toBeCloseTo(1, 9);
  expect(few.low).toBeLessThan(0.6);
  expect(many.low).toBeGreaterThan(0.85);
});

const scores = [0.91, 0.87, 0.93, 0.89, 0.95];

test("equal values and streams give equal intervals to the last digit, in any order", () => {
  const interval = (values: readonly number[]) =>
    stretchedInterval(
      interquartileMean(values),
      replicatesOf(values, randomStream("test")),
      4,
      0.95,
    );
  expect(interval(scores)).toEqual(interval(scores.toReversed()));
  expect(interval(scores).low).toBeLessThan(0.91);
  expect(interval(scores).high).toBeGreaterThan(0.91);
});

test("a replicate is the interquartile mean of values drawn with replacement", () => {
  const seen = new Set(replicatesOf([0, 1], randomStream("test")));
  expect([...seen].sort()).toEqual([0, 0.5, 1]);
});

test("equal values have an interval of no width, and their differences are certain", () => {
  const estimate = (value: number, seeds: number) => {
    const values = new Array<number>(seeds).fill(value);
    return { iqm: value, seeds, replicates: replicatesOf(values, randomStream("test", value)) };
  };
  expect(differenceInterval(estimate(0.3, 3), estimate(0.1, 5), 0.95)).toEqual({
    low: 0.3 - 0.1,
    high: 0.3 - 0.1,
  });
});

test("the interval of a difference turns its sign with the order of the two", () => {
  const first = {
    iqm: interquartileMean(scores),
    seeds: 5,
    replicates: replicatesOf(scores, randomStream("a")),
  };
  const others = [0.5, 0.7, 0.6];
  const second = { iqm: 0.6, seeds: 3, replicates: replicatesOf(others, randomStream("b")) };
  const forth = differenceInterval(first, second, 0.95);
  const back = differenceInterval(second, first, 0.95);
  expect(forth.low).toBeCloseTo(-back.high, 9);
  expect(forth.high).toBeCloseTo(-back.low, 9);
  expect(differenceInterval(first, second, 0.99).low).toBeLessThan(forth.low);
});

test("the interval of pairs has the width of what differs within them", () => {
  const wide = scores.map((score, index): Pair => [10 * index + score, 10 * index]);
  const narrow = scores.map((score): Pair => [score, 0]);
  const value = interquartileMean(scores);
  const [own, other] = [wide, narrow].map((pairs) =>
    pairedInterval(value, pairs, randomStream("pairs"), 0.95),
  );
  expect(own!.low).toBeCloseTo(other!.low, 1);
  expect(own!.high - own!.low).toBeLessThan(1);
  const swapped = wide.map(([first, second]): Pair => [second, first]);
  const back = pairedInterval(-value, swapped, randomStream("pairs"), 0.95);
  expect(back.low).toBeCloseTo(-own!.high, 9);
});
