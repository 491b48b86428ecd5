import { z } from "zod";
import { builtInStrategies } from "../algorithm/built-in-strategies.ts";
import type { Exploit } from "../algorithm/exploit/exploit.ts";
import { truncationSelection } from "../algorithm/exploit/truncation-selection.ts";
import { perturb } from "../algorithm/explore/perturb.ts";
import { mistake, problemsOf } from "../algorithm/mistake.ts";
import { nearest } from "../algorithm/nearest.ts";
import type { Strategies } from "../algorithm/population-based-training.ts";
import { BadInputError, below, type Problem } from "../algorithm/problem.ts";
import type { Random } from "../algorithm/random.ts";
import type { Ready } from "../algorithm/ready/ready.ts";
import { burnInOf } from "../algorithm/ready/ready-strategy.ts";
import type { SearchSpace } from "../algorithm/search-space.ts";
import { show } from "../algorithm/show.ts";
import type { Hyperparameters } from "../algorithm/snapshot.ts";
import {
  describeStrategy,
  type StrategyDescription,
  strategyProblems,
  withOptions,
} from "../algorithm/strategy.ts";
import type { Budget } from "./budget.ts";
import { commandSchema, commandShape, defaultStepTimeoutSeconds } from "./command.ts";
import { budgetShape, declarationShape } from "./declaration-shape.ts";
import { strategyForms } from "./forms/strategy-forms.ts";
import type { Objective } from "./objective.ts";
import { type Scale, scaleOf } from "./search-space/scale.ts";
import {
  type SpaceDeclaration,
  searchSpace,
  spaceProblems,
  type ValuesOf,
  valueProblems,
} from "./search-space/search-space.ts";
import { isCommand, type TrainerSource } from "./trainer.ts";

/** What a user declares. */
export interface ExperimentDeclaration<S extends SpaceDeclaration = SpaceDeclaration> {
  /** Names the runs: letters, digits, dots, dashes and underscores. */
  readonly name: string;
  /** How many members. */
  readonly population: number;
  readonly hyperparameters: S;
  /**
   * Hyperparameters to start with instead of draws: the same for every member, or a list with one
   * entry for each of the first members.
   */
  readonly initial?: Partial<ValuesOf<S>> | readonly Partial<ValuesOf<S>>[];
  readonly objective: Objective;
  /** When a generation ends. */
  readonly ready: Ready;
  /** Truncation selection when left out. */
  readonly exploit?: Exploit;
  /** Perturbation when left out. */
  readonly explore?: (
    hyperparameters: ValuesOf<S>,
    space: SearchSpace,
    random: Random,
    weights: { readonly step: number },
  ) => Hyperparameters;
  /**
   * "copy" (the paper, and when left out) explores after a copy, "generation" at the end of every
   * generation.
   */
  readonly exploreEvery?: "copy" | "generation";
  readonly budget: Budget;
  readonly trainer: TrainerSource<ValuesOf<S>>;
  /**
   * Generation g is decided only when every live member has published g; the result then depends
   * on the seed alone.
   */
  readonly synchronous?: boolean;
  /**
   * A copy is evaluated by its recipient before it trains on, instead of keeping the donor's
   * score.
   */
  readonly reevaluate?: boolean;
  /**
   * Seconds that a call of the trainer may take: a step, an evaluation, a save or a restore that
   * takes longer has hung. 600 when left out. It takes the place of a command's own
   * `stepTimeoutSeconds`.
   */
  readonly stepTimeoutSeconds?: number;
  /** Drawn for each run when left out. */
  readonly seed?: number;
}

/** A declaration without problems, with every choice made. */
export interface Experiment {
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
  /** How values of each hyperparameter lie to each other; unknown for runs of older versions. */
  readonly scales?: { readonly [name: string]: Scale };
  readonly initial: readonly Hyperparameters[];
  readonly objective: Objective;
  readonly ready: StrategyDescription;
  readonly exploit: StrategyDescription;
  readonly explore: StrategyDescription;
  readonly exploreEvery: "copy" | "generation";
  readonly budget: Budget;
  readonly synchronous: boolean;
  readonly reevaluate: boolean;
  /** The command of a trainer in another process; a class or a function has no words. */
  readonly trainer?: string;
}

/** Checks a declaration as a whole. Throws a `BadInputError` with every mistake in it. */
export function defineExperiment<const S extends SpaceDeclaration>(
  declaration: ExperimentDeclaration<S>,
): Experiment {
  const problems = problemsIn(declaration as unknown as ExperimentDeclaration);
  if (problems.length > 0) throw new BadInputError(problems);
  const {
    name,
    population,
    initial = [],
    objective,
    ready,
    budget,
    stepTimeoutSeconds,
  } = declaration;
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
      space: searchSpace(declaration.hyperparameters),
      exploit: declaration.exploit ?? truncationSelection(),
      explore: (declaration.explore as Strategies["explore"] | undefined) ?? perturb(),
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
  return {
    name,
    population,
    hyperparameters: Object.fromEntries(space.map(([key, declared]) => [key, declared.written])),
    scales: Object.fromEntries(space.map(([key, declared]) => [key, scaleOf(declared)])),
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

/**
 * Settings by path, such as `{ population: 4, "budget.stepsPerMember": 100, exploit: "noExploit",
 * "explore.factors": [0.5, 2] }`. A strategy may be given with its options, as in a file: `{
 * exploit: { tTestSelection: { significance: 0.1 } } }`.
 */
export type Settings = { readonly [path: string]: unknown };

/** The experiment with some settings changed, checked as a whole again. */
export function withSettings(experiment: Experiment, settings: Settings): Experiment {
  let changed = experiment;
  const problems: Problem[] = [];
  // A strategy comes before its options, in whatever order they were given.
  const isOption = ([path]: [string, unknown]) =>
    path.includes(".") && Object.hasOwn(settings, path.split(".")[0]!);
  const all = Object.entries(settings);
  for (const [path, value] of [
    ...all.filter((each) => !isOption(each)),
    ...all.filter(isOption),
  ]) {
    try {
      changed = defineExperiment(withSetting(changed, path, value));
    } catch (error) {
      if (!(error instanceof BadInputError)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length > 0) throw new BadInputError(problems);
  return changed;
}

/**
 * Settings with others in their place. Options of a strategy or a budget that is replaced are
 * dropped.
 */
export function replaced(settings: Settings, others: Settings): Settings {
  const kept = Object.entries(settings).filter(([path]) => {
    const [group] = path.split(".");
    return !Object.hasOwn(others, group!);
  });
  return { ...Object.fromEntries(kept), ...others };
}

const plainSettings = [
  "name",
  "population",
  "initial",
  "budget",
  "seed",
  "synchronous",
  "reevaluate",
  "exploreEvery",
  "stepTimeoutSeconds",
];
const strategyNames = ["ready", "exploit", "explore"] as const;

function withSetting(experiment: Experiment, path: string, value: unknown): ExperimentDeclaration {
  const { declaration } = experiment;
  const unknown = (rule: string, remedy: string) =>
    new BadInputError([{ path, value: show(value), rule, remedy }]);
  if (plainSettings.includes(path)) return { ...declaration, [path]: value };

  if (Object.hasOwn(strategyForms, path)) {
    const problems: Problem[] = [];
    const read = strategyForms[path as keyof typeof strategyForms].read(value, problems);
    if (problems.length > 0) throw new BadInputError(problems);
    return { ...declaration, [path]: read };
  }
  const [group, option, ...rest] = path.split(".");
  if (group === "budget" && option !== undefined && rest.length === 0) {
    return { ...declaration, budget: { ...declaration.budget, [option]: value } };
  }
  const name = strategyNames.find((strategy) => strategy === group);
  if (!name || option === undefined || rest.length > 0) {
    throw unknown("is not a setting", nearest(path, settingsOf(experiment)));
  }
  const replacement = builtInStrategies[name].find(
    ({ definition }) => definition.name === option && definition.leading !== undefined,
  );
  if (replacement)
    return {
      ...declaration,
      [name]: replacement.from({ [replacement.definition.leading!]: value }),
    };
  const current = name === "ready" ? experiment.ready : experiment.strategies[name];
  const changed = withOptions(current as Ready, { [option]: value });
  if (!changed)
    throw unknown(
      `the ${name} function of this experiment has no options`,
      "change it in the experiment",
    );
  return { ...declaration, [name]: changed };
}

function settingsOf(experiment: Experiment): string[] {
  const description = describeExperiment(experiment);
  const options = strategyNames.flatMap((name) =>
    Object.keys(description[name].options).map((option) => `${name}.${option}`),
  );
  return [
    ...plainSettings,
    ...strategyNames,
    ...Object.keys(budgetShape).map((option) => `budget.${option}`),
    ...options,
  ];
}

const schema = z.strictObject(
  declarationShape,
  mistake("must be an object", "call defineExperiment({ name, population, ... })"),
);

function problemsIn(declaration: ExperimentDeclaration): Problem[] {
  const parsed = schema.safeParse(declaration);
  const problems: Problem[] = parsed.success ? [] : unrecognizedIn(parsed.error, declaration);
  const isObject = (value: unknown): value is object =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isObject(declaration)) return problems;
  const { hyperparameters, initial, budget, trainer } = declaration;
  if (isObject(hyperparameters)) {
    const inSpace = spaceProblems(hyperparameters);
    problems.push(...inSpace.map((problem) => below("hyperparameters", problem)));
    if (inSpace.length === 0 && Array.isArray(initial)) {
      problems.push(
        ...initial.flatMap((values, index) =>
          isObject(values) ? valueProblems(hyperparameters, values, `initial[${index}]`) : [],
        ),
      );
    } else if (inSpace.length === 0 && isObject(initial)) {
      problems.push(...valueProblems(hyperparameters, initial, "initial"));
    }
  }
  for (const name of strategyNames) {
    const apply = declaration[name];
    if (typeof apply === "function")
      problems.push(...strategyProblems(apply as Ready).map((problem) => below(name, problem)));
  }
  if (isCommand(trainer)) {
    const { error } = commandSchema.safeParse(trainer);
    const inTrainer = error
      ? problemsOf(error, trainer, "an option of command", Object.keys(commandShape))
      : [];
    problems.push(...inTrainer.map((problem) => below("trainer", problem)));
  }
  if (
    isObject(budget) &&
    budget.stepsPerMember === undefined &&
    budget.totalSteps === undefined &&
    budget.wallSeconds === undefined
  ) {
    problems.push({
      path: "budget",
      value: show(budget),
      rule: "never ends",
      remedy: "add stepsPerMember, totalSteps or wallSeconds",
    });
  }
  return problems;
}

function unrecognizedIn(error: z.ZodError, declaration: ExperimentDeclaration): Problem[] {
  return error.issues.flatMap((issue) => {
    const group = issue.path[0];
    const known =
      group === "budget"
        ? Object.keys(budgetShape)
        : group === "objective"
          ? ["direction", "metric", "final"]
          : Object.keys(declarationShape);
    const what = group === undefined ? "a part of an experiment" : `a part of ${String(group)}`;
    return problemsOf(new z.ZodError([issue]), declaration, what, known);
  });
}
