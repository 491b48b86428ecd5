/**
 * What Population Based Training has to be compared with, each a change of settings that spends
 * the same total of training steps. Those that follow another run's result are in `followers.ts`.
 */
import { BadInputError } from "../../algorithm/problem.ts";
import { randomStream } from "../../algorithm/random.ts";
import { generationLengthOf } from "../../algorithm/ready/ready.ts";
import type { Hyperparameters } from "../../algorithm/snapshot.ts";
import { stepsOfMember } from "../budget.ts";
import type { Experiment } from "../experiment.ts";
import { valueProblems } from "../search-space/search-space.ts";
import type { Settings } from "../settings.ts";
import { gridPoints } from "./grid.ts";
import { halvingRungs } from "./halving-rungs.ts";

/** No member copies or explores. */
export const unchanging: Settings = {
  exploit: "noExploit",
  explore: "noExplore",
  exploreEvery: "copy",
};

/** By name. Throws a `BadInputError` for an experiment that a baseline cannot be made of. */
export const baselines: { readonly [name: string]: (experiment: Experiment) => Settings } = {
  /** As many draws from the space as there are members, each trained to the end. */
  "random-search": () => unchanging,
  /** Exploit as in the experiment; hyperparameters never change. */
  "selection-only": () => ({ explore: "noExplore", exploreEvery: "copy" }),
  /** Random search on a grid. */
  grid: (experiment) => ({ ...unchanging, initial: gridPoints(experiment) }),
  /**
   * Every member has the experiment's own initial hyperparameters: models that differ in their
   * seeds only.
   */
  fixed: (experiment) => fixed(experiment, experiment.initial[0] ?? {}),
  "successive-halving": successiveHalving,
  /**
   * One model after another, as many as there are members, each from the best hyperparameters so
   * far.
   */
  sequential(experiment) {
    const { population } = experiment;
    const stepsPerModel = stepsPerMember(experiment, "sequential");
    // A model's end would be that of the member, which trains several.
    const { stepsPerModel: _, ...budget } = experiment.budget;
    return {
      ...endingAt(experiment, stepsPerModel),
      population: 1,
      exploit: { sequential: { stepsPerModel } },
      exploreEvery: "copy",
      initial: experiment.initial.slice(0, 1),
      budget: { ...budget, stepsPerMember: population * stepsPerModel },
    };
  },
};

/** The settings that a baseline sets itself. Other values of them make no difference. */
export const givenBy: { readonly [name: string]: readonly string[] } = {
  "random-search": ["exploit", "explore", "exploreEvery"],
  "selection-only": ["explore", "exploreEvery"],
  grid: ["exploit", "explore", "exploreEvery", "initial"],
  fixed: ["exploit", "explore", "exploreEvery", "initial"],
  "successive-halving": ["exploit", "explore", "exploreEvery", "synchronous"],
  sequential: ["exploit", "exploreEvery"],
};

/**
 * Every member keeps these hyperparameters. Throws a `BadInputError` when some of the space's are
 * missing, or lie outside.
 */
export function fixed(experiment: Experiment, hyperparameters: Hyperparameters): Settings {
  const { hyperparameters: declaration } = experiment.declaration;
  const problems = [...valueProblems(declaration, hyperparameters, "fixed")];
  // A settled value that was not given is a draw, which would differ between members.
  const settled =
    problems.length > 0
      ? {}
      : experiment.strategies.space.settle(hyperparameters, randomStream("fixed"));
  const missing = Object.keys(settled).filter((name) => hyperparameters[name] === undefined);
  if (missing.length > 0) {
    const remedy = "give every hyperparameter, such as fixed: { learningRate: 0.01 }";
    problems.push({
      path: "fixed",
      value: "is incomplete",
      rule: `lacks ${missing.join(", ")}`,
      remedy,
    });
  }
  if (problems.length > 0) throw new BadInputError(problems);
  return { ...unchanging, initial: hyperparameters };
}

function successiveHalving(experiment: Experiment): Settings {
  const steps = stepsPerMember(experiment, "successive-halving");
  const length = stepsPerGeneration(experiment);
  if (length === undefined)
    throw impossible(
      "successive-halving",
      "needs generations of equal steps",
      "use ready: everySteps(...)",
    );
  const { begin, rungs } = halvingRungs(experiment.population, steps / length);
  if (rungs.length === 0) {
    const remedy = "give a larger population, or shorter generations";
    throw impossible(
      "successive-halving",
      "has too few members and generations for a rung",
      remedy,
    );
  }
  return {
    ...withoutBurnIn(experiment),
    population: begin,
    exploit: { successiveHalving: { rungs } },
    explore: "noExplore",
    exploreEvery: "copy",
    // Decided as members come, one more or less goes on at a rung, and near the end each costs as
    // much as many did at first.
    synchronous: true,
    budget: { ...experiment.budget, stepsPerMember: steps },
  };
}

/** During a burn-in no member would restart or end. */
function withoutBurnIn({ strategies }: Experiment): Settings {
  return strategies.burnInSteps > 0 ? { "ready.burnInSteps": 0 } : {};
}

/** The generations of the experiment, cut where one would go on beyond the end of a model. */
function endingAt(experiment: Experiment, steps: number): Settings {
  const length = stepsPerGeneration(experiment);
  if (length === undefined || steps % length === 0) return withoutBurnIn(experiment);
  const whole = Array.from(
    { length: Math.floor(steps / length) },
    (_, index) => (index + 1) * length,
  );
  return { ready: { atSteps: [...whole, steps] } };
}

function stepsPerGeneration({ ready }: Experiment): number | undefined {
  const length = generationLengthOf(ready);
  return length && "steps" in length ? length.steps : undefined;
}

/** The steps of each member: its own budget, or its share of the total. */
export function stepsOf({ budget, population }: Experiment): number | undefined {
  const steps = Math.max(1, Math.floor(stepsOfMember(budget, population)));
  return Number.isFinite(steps) ? steps : undefined;
}

function stepsPerMember(experiment: Experiment, baseline: string): number {
  const steps = stepsOf(experiment);
  if (steps !== undefined) return steps;
  throw impossible(baseline, "needs a budget of steps", "give budget.stepsPerMember");
}

function impossible(value: string, rule: string, remedy: string): BadInputError {
  return new BadInputError([{ path: "baseline", value, rule, remedy }]);
}
