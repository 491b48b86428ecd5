import {
  binaryTournament,
  defineExperiment,
  everySteps,
  gpBandit,
  ladder,
  maximize,
  minimize,
  noExploit,
  sequential,
  successiveHalving,
  truncationSelection,
  tTestSelection,
  uniform,
} from "clade";
import { expect, test } from "vitest";
import { tryMembers, tryWhere } from "./try-strategies.ts";

function warningsOf(given: object): string[] {
  const experiment = defineExperiment({
    name: "few",
    population: 8,
    hyperparameters: { rate: uniform(0, 1) },
    objective: maximize("score"),
    ready: everySteps(1),
    budget: { stepsPerMember: 50 },
    trainer: (() => ({})) as never,
    ...given,
  } as never);
  return tryMembers(experiment).map(({ text }) => text);
}

const warnings = (population: number, exploit: unknown, objective = maximize("score")) =>
  warningsOf({ population, exploit, objective });

test.each([
  [
    1,
    truncationSelection(),
    "truncationSelection never does anything among 1 member; use at least 2",
  ],
  [1, tTestSelection(), "tTestSelection never does anything among 1 member; use at least 2"],
  [1, binaryTournament(), "binaryTournament never does anything among 1 member; use at least 2"],
  [
    3,
    truncationSelection(),
    "with fraction 0.2 needs 5 members; of 3 one copies, which is 0.3333",
  ],
  [
    8,
    successiveHalving({ rungs: [{ generation: 2, from: 27, keep: 9 }] }),
    "successiveHalving expects 27 members at its first rung, and there are 8",
  ],
])("a population of %i has too few members (%#)", (population, exploit, message) => {
  for (const objective of [maximize("score"), minimize("score")])
    expect(warnings(population, exploit, objective)).toEqual([expect.stringContaining(message)]);
});

test("the default says where it was not shown to work", () => {
  const warned = (population: number, stepsPerMember: number) =>
    warningsOf({ population, budget: { stepsPerMember } });
  expect(warned(3, 50)).toEqual(["exploit: lead was shown to work with 4 members or more"]);
  expect(warned(8, 10)).toEqual([
    "exploit: lead was shown to work with 40 generations, not with 10",
  ]);
  expect(warned(4, 40)).toEqual([]);
});

test("the bandit says on how many members it was tried, and how much it sees", () => {
  expect(warningsOf({ population: 8, explore: gpBandit() })).toEqual([]);
  expect(warningsOf({ population: 100, explore: gpBandit() })).toEqual([
    "explore: gpBandit was tried on 8 members or fewer; " +
      "of 100 it sees the last 96 generations of all together",
  ]);
});

test("enough members are no warning, nor are strategies that need no others", () => {
  expect(warnings(5, truncationSelection())).toEqual([]);
  expect(warnings(2, binaryTournament())).toEqual([]);
  expect(warnings(2, tTestSelection())).toEqual([]);
  expect(warnings(1, noExploit())).toEqual([]);
  expect(warnings(1, sequential({ stepsPerModel: 5 }))).toEqual([]);
  expect(warnings(8, ladder({ intervals: [5, 10] }))).toEqual([]);
  const rungs = [{ generation: 7, from: 8, keep: 4 }];
  expect(warnings(8, successiveHalving({ rungs }))).toEqual([]);
  const own = () => {
    throw new Error("needs more than this");
  };
  expect(warnings(1, own)).toEqual([]);
});

test("a condition that throws nearly all draws away is warned of, others are counted", () => {
  const findings = (most: number) =>
    tryWhere(
      defineExperiment({
        name: "where",
        population: 8,
        hyperparameters: { rate: uniform(0, 1) },
        where: function small({ rate }: { rate: number }) {
          return rate < most;
        },
        objective: maximize("score"),
        budget: { stepsPerMember: 50 },
        trainer: (() => ({})) as never,
      } as never),
    );
  expect(findings(0.5)[0]!.text).toMatch(/^where: (4|5)\d\d of 1000 draws satisfy it: small$/);
  expect(findings(0.002)).toEqual([
    expect.objectContaining({
      kind: "warn",
      text: expect.stringMatching(/^where: \d of 1000 draws .*narrow the ranges/),
    }),
  ]);
});
