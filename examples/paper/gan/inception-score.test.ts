import { expect, test } from "vitest";
import { frechetDistance, type Gaussian, gaussianOf, inceptionScore } from "./inception-score.ts";

test("clear pictures of ten equally frequent classes score 10", () => {
  expect(inceptionScore(oneHot([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]), 10)).toBeCloseTo(10);
});

test("clear pictures of two classes score 2", () => {
  expect(inceptionScore(oneHot([3, 5, 3, 5]), 10)).toBeCloseTo(2);
});

test("a generator that has collapsed scores 1, however clear its one picture", () => {
  expect(inceptionScore(oneHot([7, 7, 7, 7, 7]), 10)).toBeCloseTo(1);
});

test("pictures that could be anything score 1", () => {
  expect(inceptionScore(new Float32Array(40).fill(0.1), 10)).toBeCloseTo(1);
});

test("a score of NaN says that there was a probability of NaN", () => {
  expect(inceptionScore(new Float32Array(20).fill(Number.NaN), 10)).toBeNaN();
});

test("mean and covariance are those of the rows", () => {
  const { mean, covariance } = gaussianOf([1, 0, 3, 4], 2);
  expect([...mean]).toEqual([2, 2]);
  expect([...covariance]).toEqual([1, 2, 2, 4]);
});

test("a Gaussian has no distance from itself", () => {
  expect(frechetDistance(tilted, tilted)).toBeCloseTo(0);
});

test("the distance of Gaussians with independent components is the closed form", () => {
  const a = gaussian([0, 0], [4, 0, 0, 9]);
  const b = gaussian([3, 4], [1, 0, 0, 1]);
  expect(frechetDistance(a, b)).toBeCloseTo(25 + (2 - 1) ** 2 + (3 - 1) ** 2);
});

test("Gaussians whose covariances do not commute have the closed form's distance", () => {
  const other = gaussian([0, 0], [1, -0.7, -0.7, 2]);
  // The trace of a 2 x 2 matrix's root is sqrt(tr + 2 sqrt(det)); here of the product [[3 - 0.7,
  // -2.1 + 2], [1 - 1.4, -0.7 + 4]].
  const trace = Math.sqrt(2.3 + 3.3 + 2 * Math.sqrt(2.3 * 3.3 - -0.1 * -0.4));
  expect(frechetDistance(tilted, other)).toBeCloseTo(3 + 2 + 1 + 2 - 2 * trace);
});

const tilted = gaussian([0, 0], [3, 1, 1, 2]);

function gaussian(mean: number[], covariance: number[]): Gaussian {
  return { mean: Float64Array.from(mean), covariance: Float64Array.from(covariance) };
}

function oneHot(classes: number[]): number[] {
  return classes.flatMap((likeliest) =>
    Array.from({ length: 10 }, (_, i) => (i === likeliest ? 1 : 0)),
  );
}
