import type { Explored } from "../algorithm/explore/explore.ts";
import type { Strategies } from "../algorithm/population-based-training.ts";
import { BadInputError } from "../algorithm/problem.ts";
import type { Ready } from "../algorithm/ready/ready.ts";
import { burnInOf } from "../algorithm/ready/ready-strategy.ts";
import type { Hyperparameters } from "../algorithm/snapshot.ts";
import { describeStrategy, type StrategyDescription } from "../algorithm/strategy.ts";
import type { Budget } from "./budget.ts";
import { defaultStepTimeoutSeconds } from "./command.ts";
import type { ExperimentDeclaration } from "./declaration.ts";
import { declarationProblems } from "./declaration-problems.ts";
import type { MetricsOf, StateOf, Typed } from "./declared-types.ts";
import { defaultExploit, defaultExplore, defaultReady } from "./defaults.ts";
import type { Objective } from "./objective.ts";
import { nameOfWhere, wheresOf } from "./search-space/relation.ts";
import { type Scale, scaleOf } from "./search-space/scale.ts";
import { type SpaceDeclaration, searchSpace } from "./search-space/search-space.ts";
import type { ValuesOf } from "./search-space/values-of.ts";
import { isCommand, type Trainer, type TrainerSource } from "./trainer.ts";

/**
 * A declaration without problems, with every default filled in. H are the values of its
 * hyperparameters, M the names of its trainer's metrics, S is what the trainer's `save` gives, and
 * T the trainer itself.
 */
export interface Experiment<H = Hyperparameters, M extends string = string, S = object, T = object>
  extends Typed<H, M, S, T> {
  readonly declaration: ExperimentDeclaration;
  readonly name: string;
  readonly population: number;
  readonly initial: readonly Hyperparameters[];
  readonly objective: Objective;
  readonly ready: Ready;
  readonly strategies: Strategies;
  readonly budget: Budget;
  readonly trainer: TrainerSource;
  readonly synchronous: boolean;
  readonly reevaluate: boolean;
  readonly stepTimeoutSeconds: number;
  readonly seed: number | undefined;
}

/** The settings of an experiment as plain data: what a run records. */
export interface ExperimentDescription {
  readonly name: string;
  readonly population: number;
  readonly hyperparameters: { readonly [name: string]: string };
  /** The scale of each hyperparameter. Absent in runs of older versions. */
  readonly scales?: { readonly [name: string]: Scale };
  /** What hyperparameters satisfy together. Absent where there is no condition. */
  readonly where?: readonly string[];
  readonly initial: readonly Hyperparameters[];
  readonly objective: Objective;
  readonly ready: StrategyDescription;
  readonly exploit: StrategyDescription;
  readonly explore: StrategyDescription;
  readonly exploreEvery: "copy" | "generation";
  readonly budget: Budget;
  readonly synchronous: boolean;
  readonly reevaluate: boolean;
  /** The command of a trainer in another process. Absent for a class or a function. */
  readonly trainer?: string;
}

/** Checks a declaration as a whole. Throws a `BadInputError` with every mistake in it. */
export function defineExperiment<
  const S extends SpaceDeclaration,
  T extends Trainer<ValuesOf<S>>,
  const M extends string,
  R extends Hyperparameters | Explored = Hyperparameters,
>(
  declaration: ExperimentDeclaration<S, T, M, R>,
): Experiment<ValuesOf<S>, MetricsOf<T>, StateOf<T>, T> {
  const problems = declarationProblems(declaration as unknown as ExperimentDeclaration);
  if (problems.length > 0) throw new BadInputError(problems);
  const { name, population, initial = [], objective, budget, stepTimeoutSeconds } = declaration;
  const ready = declaration.ready ?? defaultReady({ budget, population })!;
  const given = declaration.trainer as TrainerSource;
  const trainer =
    isCommand(given) && stepTimeoutSeconds !== undefined
      ? { ...given, stepTimeoutSeconds }
      : given;
  return {
    declaration: declaration as unknown as ExperimentDeclaration,
    name,
    population,
    initial: (Array.isArray(initial)
      ? initial
      : Array.from({ length: population }, () => initial)) as Hyperparameters[],
    objective,
    ready,
    strategies: {
      space: searchSpace(declaration.hyperparameters, wheresOf(declaration.where)),
      exploit: (declaration.exploit as Strategies["exploit"] | undefined) ?? defaultExploit,
      explore: (declaration.explore as Strategies["explore"] | undefined) ?? defaultExplore,
      exploreEvery: declaration.exploreEvery ?? "copy",
      burnInSteps: burnInOf(ready),
    },
    budget,
    trainer,
    stepTimeoutSeconds: isCommand(trainer)
      ? (trainer.stepTimeoutSeconds ?? defaultStepTimeoutSeconds)
      : (stepTimeoutSeconds ?? defaultStepTimeoutSeconds),
    synchronous: declaration.synchronous ?? false,
    reevaluate: declaration.reevaluate ?? false,
    seed: declaration.seed,
  };
}

export function describeExperiment(experiment: Experiment): ExperimentDescription {
  const { name, population, initial, objective, strategies, budget, synchronous, reevaluate } =
    experiment;
  const space = Object.entries(experiment.declaration.hyperparameters);
  const wheres = wheresOf(experiment.declaration.where);
  return {
    name,
    population,
    hyperparameters: Object.fromEntries(space.map(([key, declared]) => [key, declared.written])),
    scales: Object.fromEntries(space.map(([key, declared]) => [key, scaleOf(declared)])),
    ...(wheres.length > 0 && { where: wheres.map(nameOfWhere) }),
    initial,
    objective,
    ready: describeStrategy(experiment.ready),
    exploit: describeStrategy(strategies.exploit),
    explore: describeStrategy(strategies.explore),
    exploreEvery: strategies.exploreEvery,
    budget,
    synchronous,
    reevaluate,
    ...(isCommand(experiment.trainer) && { trainer: experiment.trainer.command }),
  };
}
