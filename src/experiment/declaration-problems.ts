/** Everything that is wrong with a declaration. */
import * as z from "zod/mini";
import { mistake, problemsOf } from "../algorithm/mistake.ts";
import { below, type Problem } from "../algorithm/problem.ts";
import { show } from "../algorithm/show.ts";
import type { Hyperparameters } from "../algorithm/snapshot.ts";
import { describeStrategy, strategyProblems } from "../algorithm/strategy.ts";
import { strategyParts } from "../algorithm/strategy-parts.ts";
import type { Budget } from "./budget.ts";
import { commandSchema, commandShape } from "./command.ts";
import type { ExperimentDeclaration } from "./declaration.ts";
import { budgetShape, declarationShape } from "./declaration-shape.ts";
import { whereProblems, wheresOf } from "./search-space/relation.ts";
import { searchSpace, spaceProblems, valueProblems } from "./search-space/search-space.ts";
import { isCommand } from "./trainer.ts";

const schema = z.strictObject(
  declarationShape,
  mistake("must be an object", "call defineExperiment({ name, population, ... })"),
);

/** A program without types may declare anything, so nothing is taken for granted here. */
export function declarationProblems(declaration: ExperimentDeclaration): Problem[] {
  const { error } = schema.safeParse(declaration);
  const inShape = error ? shapeProblems(error, declaration) : [];
  if (!isObject(declaration)) return inShape;
  return [
    ...inShape,
    ...hyperparameterProblems(declaration),
    ...strategyParts.flatMap((part) => {
      const apply = declaration[part];
      const inPart = typeof apply === "function" ? strategyProblems(apply) : [];
      return inPart.map((problem) => below(part, problem));
    }),
    ...commandProblems(declaration),
    ...budgetProblems(declaration),
    ...readyProblems(declaration),
    ...restartProblems(declaration),
  ];
}

function shapeProblems(error: z.core.$ZodError, declaration: ExperimentDeclaration): Problem[] {
  return error.issues.flatMap((issue) => {
    const group = issue.path[0];
    const known =
      group === "budget"
        ? Object.keys(budgetShape)
        : group === "objective"
          ? ["direction", "metric", "final"]
          : Object.keys(declarationShape);
    const what = group === undefined ? "a part of an experiment" : `a part of ${String(group)}`;
    return problemsOf({ issues: [issue] }, declaration, what, known);
  });
}

function hyperparameterProblems({
  hyperparameters,
  initial,
  where,
}: ExperimentDeclaration): Problem[] {
  if (!isObject(hyperparameters)) return [];
  const inSpace = spaceProblems(hyperparameters);
  if (inSpace.length > 0) return inSpace.map((problem) => below("hyperparameters", problem));
  const problemsAt = (values: unknown, path: string) =>
    isObject(values) ? valueProblems(hyperparameters, values, path) : [];
  const given: [string, unknown][] = Array.isArray(initial)
    ? initial.map((values, index) => [`initial[${index}]`, values])
    : [["initial", initial]];
  const inValues = given.flatMap(([path, values]) => problemsAt(values, path));
  const isReadable = wheresOf(where).every((each) => typeof each === "function");
  if (inValues.length > 0 || !isReadable) return inValues;
  const values = given.flatMap(([path, each]) =>
    isObject(each) ? [[path, each as Hyperparameters] as const] : [],
  );
  return whereProblems(where, searchSpace(hyperparameters), values);
}

function commandProblems({ trainer }: ExperimentDeclaration): Problem[] {
  if (!isCommand(trainer)) return [];
  const { error } = commandSchema.safeParse(trainer);
  if (!error) return [];
  return problemsOf(error, trainer, "an option of command", Object.keys(commandShape)).map(
    (problem) => below("trainer", problem),
  );
}

function budgetProblems({ budget }: ExperimentDeclaration): Problem[] {
  const ends = ["stepsPerMember", "stepsPerModel", "totalSteps", "wallSeconds"] as const;
  if (!isObject(budget) || ends.some((end) => budget[end] !== undefined)) return [];
  return [
    {
      path: "budget",
      value: show(budget),
      rule: "never ends",
      remedy: "add steps or seconds, such as stepsPerMember",
    },
  ];
}

/** With fresh weights a model begins again, and would never come to its end. */
function restartProblems({ exploit, budget }: ExperimentDeclaration): Problem[] {
  if (typeof exploit !== "function" || describeStrategy(exploit).name !== "sequential") return [];
  const { stepsPerModel, ...others } = isObject(budget) ? budget : ({} as Budget);
  const ends = [others.stepsPerMember, others.totalSteps, others.wallSeconds];
  if (stepsPerModel === undefined || ends.some((end) => end !== undefined)) return [];
  return [
    {
      path: "budget",
      value: show(budget),
      rule: "never ends with sequential, which begins again after each model",
      remedy: "add stepsPerMember, the steps of all models of a member",
    },
  ];
}

/** A budget without steps does not say how long a generation is. */
function readyProblems({ ready, budget }: ExperimentDeclaration): Problem[] {
  if (ready !== undefined || !isObject(budget) || budget.wallSeconds === undefined) return [];
  const { stepsPerMember, stepsPerModel, totalSteps } = budget;
  if ([stepsPerMember, stepsPerModel, totalSteps].some((steps) => steps !== undefined)) return [];
  return [
    {
      path: "ready",
      value: "undefined",
      rule: "has no default where the budget is in seconds",
      remedy: "give for example everySeconds(30)",
    },
  ];
}

function isObject<T>(value: T): value is T & object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
