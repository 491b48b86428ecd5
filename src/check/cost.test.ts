import { defineExperiment, everySeconds, everySteps, maximize, noExploit, uniform } from "clade";
import { expect, test } from "vitest";
import { costOf } from "./cost.ts";

const cost = { perStep: 0.01, evaluate: 0.2, save: 0.1, bytes: 2_000_000 };

const told = (changes: object, given = cost) =>
  costOf(
    defineExperiment({
      name: "cost",
      population: 8,
      hyperparameters: { rate: uniform(0, 1) },
      objective: maximize("score"),
      budget: { stepsPerMember: 2000 },
      trainer: (() => ({})) as never,
      ...changes,
    } as never),
    given,
  ).map(({ kind, text }) => `${kind} ${text}`);

test("time, disk and generations of a run are foretold", () => {
  expect(told({})).toEqual([
    "note cost: 8 members of 2,000 steps, each in 50 generations, take about 5 min of one " +
      "worker's time, and up to 48 MB for models",
  ]);
  expect(told({ budget: { stepsPerModel: 2000 } })).toEqual(told({}));
  expect(told({ ready: everySeconds(60) })).toEqual([]);
});

test("generations that are mostly evaluation, and too few of them, are warned of", () => {
  expect(told({ ready: everySteps(20) }).slice(1)).toEqual([
    "warn cost: a generation trains for 0.2 s, and then takes 0.3 s to evaluate and save; make " +
      "generations longer, or the evaluation shorter",
  ]);
  expect(told({ ready: everySteps(400) }).slice(1)).toEqual([
    "warn cost: each member gets 5 generations, too few to find a schedule; make them shorter, " +
      "or the budget larger",
  ]);
  expect(told({ ready: everySteps(400), exploit: noExploit() })).toHaveLength(1);
});
