import { atSteps, BadInputError, everySeconds, everySteps, type Progress, readyWhen } from "clade";
import { expect, test } from "vitest";
import { burnInOf } from "./ready-strategy.ts";

const progress = (given: Partial<Progress>): Progress => ({
  stepsInGeneration: 1,
  secondsInGeneration: 0,
  step: 1,
  generation: 0,
  ...given,
});

test("everySteps ends a generation after that many steps, at any age of the lineage", () => {
  const ready = everySteps(3);
  const ends = [1, 2, 3, 4].map((stepsInGeneration) =>
    ready(progress({ stepsInGeneration, step: 100 })),
  );
  expect(ends).toEqual([false, false, true, true]);
});

test("everySeconds ends a generation after that many seconds of it", () => {
  const ready = everySeconds(2.5);
  const ends = [0, 2.4, 2.5, 9].map((secondsInGeneration) =>
    ready(progress({ secondsInGeneration })),
  );
  expect(ends).toEqual([false, false, true, true]);
});

test("atSteps ends a generation at each of its steps, and then in the last distance", () => {
  const ready = atSteps([3, 7]);
  const ends = [1, 3, 4, 7, 8, 11, 12, 15].map((step) => ready(progress({ step })));
  expect(ends).toEqual([false, true, false, true, false, true, false, true]);
});

test("readyWhen ends a generation when its predicate says so", () => {
  const ready = readyWhen(({ step, generation }) => step >= 10 * (generation + 1));
  expect(ready(progress({ step: 19, generation: 1 }))).toBe(false);
  expect(ready(progress({ step: 20, generation: 1 }))).toBe(true);
});

test("each carries its burn-in, which a user's own function does not have", () => {
  const made = [
    everySteps(3, { burnInSteps: 9 }),
    everySeconds(3, { burnInSteps: 9 }),
    readyWhen(() => true, { burnInSteps: 9 }),
  ];
  expect(made.map(burnInOf)).toEqual([9, 9, 9]);
  expect(
    [everySteps(3), everySeconds(3), readyWhen(() => true), () => true].map(burnInOf),
  ).toEqual([0, 0, 0, 0]);
});

test("a strategy with wrong options refuses to work", () => {
  expect(() => everySteps(0)(progress({}))).toThrow(BadInputError);
  expect(() => everySeconds(-1)(progress({}))).toThrow(
    "seconds: -1 - must be above 0; give seconds such as 30.",
  );
});
