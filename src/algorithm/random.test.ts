import { randomStream } from "clade";
import { expect, test } from "vitest";

test("equal keys give equal streams and different keys different ones", () => {
  const draws = (...key: (number | string)[]) => {
    const random = randomStream(...key);
    return Array.from({ length: 5 }, () => random.uniform());
  };
  expect(draws(1, "decide", 3, 7)).toEqual(draws(1, "decide", 3, 7));
  expect(draws(1, "decide", 3, 7)).not.toEqual(draws(1, "decide", 3, 8));
  expect(draws(1, "decide", 3, 7)).not.toEqual(draws(1, "decide", 37));
});

test("neighbouring keys give streams whose first draws are uniform", () => {
  const bins = new Array(10).fill(0);
  for (let generation = 0; generation < 20_000; generation++) {
    bins[Math.floor(randomStream(1, "decide", 0, generation).uniform() * 10)]++;
  }
  const chiSquared = bins.reduce((sum, count) => sum + (count - 2000) ** 2 / 2000, 0);
  // The 99.9% quantile of chi-squared with 9 degrees of freedom.
  expect(chiSquared).toBeLessThan(27.9);
});

test("normal draws have mean 0 and variance 1", () => {
  const random = randomStream("normal");
  const values = Array.from({ length: 100_000 }, () => random.normal());
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  // Four standard errors.
  expect(Math.abs(mean)).toBeLessThan(4 / Math.sqrt(values.length));
  expect(Math.abs(variance - 1)).toBeLessThan(4 * Math.sqrt(2 / values.length));
});
