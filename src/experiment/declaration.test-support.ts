import {
  BadInputError,
  choice,
  conditional,
  defineExperiment,
  everySteps,
  integer,
  logUniform,
  maximize,
  type Problem,
  perturb,
  truncationSelection,
  uniform,
} from "clade";
import { expect } from "vitest";

export const trainer = () => ({
  step() {},
  evaluate: () => ({ accuracy: 1 }),
  save: () => ({}),
  restore() {},
});
/** A declaration without a mistake. */
export const valid = () => ({
  name: "digits",
  population: 8,
  hyperparameters: {
    rate: logUniform(1e-4, 1e-1),
    layers: integer(1, 8),
    optimizer: choice("sgd", "adam"),
    momentum: conditional("optimizer", "sgd", uniform(0, 0.99)),
  },
  initial: { rate: 0.01 },
  objective: maximize("accuracy"),
  ready: everySteps(200),
  exploit: truncationSelection(),
  explore: perturb(),
  exploreEvery: "copy",
  budget: { stepsPerMember: 4000, targetScore: 0.9 },
  trainer,
  synchronous: false,
  reevaluate: false,
  seed: 1,
});

/** The problems of a declaration that no type has checked. */
export function problemsOf(changes: object): readonly Problem[] {
  try {
    defineExperiment({ ...valid(), ...changes } as never);
  } catch (error) {
    expect(error).toBeInstanceOf(BadInputError);
    return (error as BadInputError).problems;
  }
  return [];
}
export const messageOf = (changes: object) => new BadInputError(problemsOf(changes)).message;
