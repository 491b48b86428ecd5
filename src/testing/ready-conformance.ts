/** What every ready strategy promises, as cases that count steps and seconds as a worker does. */
import { generationLengthOf, type Progress, type Ready } from "../algorithm/ready/ready.ts";
import { assert, assertEqual, type ConformanceCase } from "./assert.ts";

/** How a strategy is tried. */
export interface ReadyOptions {
  /** The steps within which every generation ends (default 10,000). */
  readonly maxSteps?: number;
  /** The duration of a step (default 1). */
  readonly secondsPerStep?: number;
}

const generations = 5;

/** What every ready strategy promises, as a worker counts steps and seconds. */
export function readyConformance(
  ready: Ready,
  { maxSteps = 10_000, secondsPerStep = 1 }: ReadyOptions = {},
): ConformanceCase[] {
  /** The progress after each step of the first generations. */
  function* progress(): Generator<Progress> {
    let step = 0;
    for (let generation = 0; generation < generations; generation++) {
      for (let stepsInGeneration = 1; ; stepsInGeneration++) {
        assert(
          stepsInGeneration <= maxSteps,
          `generation ${generation} has not ended after ${maxSteps} steps`,
        );
        step++;
        const secondsInGeneration = stepsInGeneration * secondsPerStep;
        const now = { stepsInGeneration, secondsInGeneration, step, generation };
        yield now;
        if (ready(now)) break;
      }
    }
  }

  return [
    {
      name: "every generation ends",
      run: async () => {
        for (const _ of progress());
      },
    },
    {
      name: "the same progress gives the same answer, which is true or false",
      run: async () => {
        for (const now of progress()) {
          const answer = ready(now);
          assertEqual(typeof answer, "boolean", `the type of the answer at step ${now.step}`);
          assertEqual(ready({ ...now }), answer, `asked again at step ${now.step}`);
        }
      },
    },
    {
      name: "a generation whose length is known in advance ends there, and not before",
      run: async () => {
        const length = generationLengthOf(ready);
        if (!length) return;
        for (const now of progress()) {
          const isOver =
            "steps" in length
              ? now.stepsInGeneration >= length.steps
              : now.secondsInGeneration >= length.seconds;
          assertEqual(ready(now), isOver, `after ${now.stepsInGeneration} steps`);
        }
      },
    },
  ];
}
