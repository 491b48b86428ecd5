import { expect, test } from "vitest";
import { distribution, quantile, trainedStretches } from "./distribution.ts";
import { smallTree, snapshot } from "./snapshots.test-support.ts";

test("a stretch has the values that the members were trained with up to its last step", () => {
  expect(
    distribution(trainedStretches(smallTree), ({ hyperparameters }) => hyperparameters.rate),
  ).toEqual([
    { fromStep: 0, toStep: 10, meanStep: 10, values: [0.1, 0.5, 0.3] },
    { fromStep: 10, toStep: 20, meanStep: 20, values: [0.1, 0.2, 0.3] },
    { fromStep: 20, toStep: 30, meanStep: 30, values: [0.4, 0.2, 0.6] },
  ]);
});

test("members without the hyperparameter do not count; a stretch without any is empty", () => {
  const values = [{ momentum: 0.9 }, {}, { momentum: 0.5 }];
  const snapshots = values.map((hyperparameters, index) =>
    snapshot(`0.${index + 1}`, `0.${index}`, { generation: index + 1, hyperparameters }),
  );
  const stretches = distribution(
    trainedStretches(snapshots),
    ({ hyperparameters }) => hyperparameters.momentum,
  );
  expect(stretches.map(({ values }) => values)).toEqual([[0.9], [], [0.5]]);
});

test("a long run is cut into at most 120 stretches that have every value", () => {
  const snapshots = Array.from({ length: 5_000 }, (_, index) =>
    snapshot(`0.${index + 1}`, `0.${index}`, { generation: index + 1 }),
  );
  const stretches = distribution(
    trainedStretches(snapshots),
    ({ hyperparameters }) => hyperparameters.rate,
  );
  expect(stretches.length).toBe(120);
  expect(stretches.flatMap(({ values }) => values).length).toBe(5_000);
});

test("without any training there is no stretch", () => {
  expect(trainedStretches([snapshot("0.0", undefined)])).toEqual([]);
});

test("a quantile lies between its neighbours by their distance", () => {
  expect([0, 0.25, 0.5, 1].map((share) => quantile([1, 2, 4], share))).toEqual([1, 1.5, 2, 4]);
  expect(quantile([], 0.5)).toBeNaN();
});
