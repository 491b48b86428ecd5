/**
 * What Population Based Training has to be compared with, each a change of settings that spends the same total of training steps. Those that
 * follow another run's result are in `followers.ts`.
 */
import { BadInputError } from "../../algorithm/problem.ts";
import { generationLengthOf } from "../../algorithm/ready/ready.ts";
import type { Hyperparameters } from "../../algorithm/snapshot.ts";
import type { Experiment, Settings } from "../experiment.ts";
import { valueProblems } from "../search-space/search-space.ts";
import { gridPoints } from "./grid.ts";
import { halvingRungs } from "./halving-rungs.ts";

/** Nobody copies and nobody explores. */
export const unchanging: Settings = { exploit: "noExploit", explore: "noExplore", exploreEvery: "copy" };

/** By name. Throws a `BadInputError` for an experiment that a baseline cannot be made of. */
export const baselines: { readonly [name: string]: (experiment: Experiment) => Settings } = {
  /** As many draws from the space as there are members, each trained to the end. */
  "random-search": () => unchanging,
  /** Exploit as in the experiment; hyperparameters never change. */
  "selection-only": () => ({ explore: "noExplore", exploreEvery: "copy" }),
  /** Random search on a grid. */
  grid: (experiment) => ({ ...unchanging, initial: gridPoints(experiment) }),
  /** Every member has the experiment's own initial hyperparameters: models that differ in their seeds only. */
  fixed: (experiment) => fixed(experiment, experiment.initial[0] ?? {}),
  "successive-halving": successiveHalving,
  /** One model after another, as many as there are members, each from the best hyperparameters so far. */
  sequential(experiment) {
    const { population } = experiment;
    const stepsPerModel = stepsPerMember(experiment, "sequential");
    return {
      population: 1,
      exploit: { sequential: { stepsPerModel } },
      exploreEvery: "copy",
      initial: experiment.initial.slice(0, 1),
      budget: { ...experiment.budget, stepsPerMember: population * stepsPerModel },
    };
  },
};

/** Which settings a baseline gives itself, so that other values of them make no difference. */
export const givenBy: { readonly [name: string]: readonly string[] } = {
  "random-search": ["exploit", "explore", "exploreEvery"],
  "selection-only": ["explore", "exploreEvery"],
  grid: ["exploit", "explore", "exploreEvery", "initial"],
  fixed: ["exploit", "explore", "exploreEvery", "initial"],
  "successive-halving": ["exploit", "explore", "exploreEvery", "synchronous"],
  sequential: ["exploit", "exploreEvery"],
};

/** Every member has these hyperparameters from beginning to end. Throws a `BadInputError` when they are not all of the space's, or not in it. */
export function fixed(experiment: Experiment, hyperparameters: Hyperparameters): Settings {
  const { hyperparameters: declaration } = experiment.declaration;
  const problems = [...valueProblems(declaration, hyperparameters, "fixed")];
  const missing = Object.keys(declaration).filter(
    (name) => hyperparameters[name] === undefined && !("condition" in declaration[name]!),
  );
  if (missing.length > 0) {
    const remedy = "give every hyperparameter, such as fixed: { learningRate: 0.01 }";
    problems.push({ path: "fixed", value: "is incomplete", rule: `lacks ${missing.join(", ")}`, remedy });
  }
  if (problems.length > 0) throw new BadInputError(problems);
  return { ...unchanging, initial: hyperparameters };
}

function successiveHalving(experiment: Experiment): Settings {
  const steps = stepsPerMember(experiment, "successive-halving");
  const length = generationLengthOf(experiment.ready);
  if (!length || !("steps" in length))
    throw impossible("successive-halving", "needs generations of equal steps", "use ready: everySteps(...)");
  const generations = Math.ceil(steps / length.steps);
  const { begin, rungs } = halvingRungs(experiment.population, generations);
  if (rungs.length === 0) {
    const remedy = "give a larger population, or shorter generations";
    throw impossible("successive-halving", "has too few members and generations for a rung", remedy);
  }
  return {
    population: begin,
    exploit: { successiveHalving: { rungs } },
    explore: "noExplore",
    exploreEvery: "copy",
    // Decided as members come, one more or less goes on at a rung, and near the end each costs as much as many did at first.
    synchronous: true,
  };
}

function stepsPerMember({ budget }: Experiment, baseline: string): number {
  if (budget.stepsPerMember !== undefined) return budget.stepsPerMember;
  throw impossible(baseline, "needs a budget of steps", "give budget.stepsPerMember");
}

function impossible(value: string, rule: string, remedy: string): BadInputError {
  return new BadInputError([{ path: "baseline", value, rule, remedy }]);
}
