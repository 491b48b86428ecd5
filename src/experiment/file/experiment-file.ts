/**
 * An experiment as plain data, as a YAML or JSON file holds it. It becomes the declaration that
 * the same words in TypeScript make. All mistakes are reported at once, each under its path in the
 * file.
 */

import { problemsOf } from "../../algorithm/mistake.ts";
import { BadInputError, below, type Problem } from "../../algorithm/problem.ts";
import { show } from "../../algorithm/show.ts";
import { type CommandTrainer, commandSchema, commandShape } from "../command.ts";
import type { ExperimentDeclaration } from "../declaration.ts";
import { defineExperiment, type Experiment } from "../experiment.ts";
import { isMapping } from "../forms/kind.ts";
import { strategyForms } from "../forms/strategy-forms.ts";
import { readHyperparameter } from "./hyperparameter-kinds.ts";
import { readObjective } from "./objective-kinds.ts";
import { readWhere } from "./read-where.ts";

/**
 * The experiment that a file's data declares. Throws a `BadInputError` with every mistake in it.
 */
export function experimentFromFile(data: unknown): Experiment {
  if (!isMapping(data)) {
    const remedy = "give name, population, hyperparameters, objective, budget and trainer";
    throw new BadInputError([{ path: "", value: show(data), rule: "must be an object", remedy }]);
  }
  const problems: Problem[] = [];
  const { $schema, ...parts } = data;
  const declaration = {
    ...parts,
    hyperparameters: readSpace(parts.hyperparameters, problems),
    ...("where" in parts && {
      where: readWhere(parts.where, Object.keys(parts.hyperparameters ?? {}), problems),
    }),
    objective: readObjective(parts.objective, problems),
    ...("ready" in parts && { ready: strategyForms.ready.read(parts.ready, problems) }),
    ...("exploit" in parts && { exploit: strategyForms.exploit.read(parts.exploit, problems) }),
    ...("explore" in parts && { explore: strategyForms.explore.read(parts.explore, problems) }),
    trainer: readTrainer(parts.trainer, problems),
  };
  try {
    const experiment = defineExperiment(declaration as unknown as ExperimentDeclaration);
    if (problems.length === 0) return experiment;
  } catch (error) {
    if (!(error instanceof BadInputError)) throw error;
    // An unreadable part is missing from the declaration, and must not be reported twice.
    const unread = (path: string) => problems.some((known) => isWithin(known.path, path));
    problems.push(...error.problems.filter(({ path }) => !unread(path)));
  }
  throw new BadInputError(problems);
}

function isWithin(path: string, parent: string): boolean {
  return path === parent || path.startsWith(`${parent}.`);
}

/** An unreadable one is null, so that those that depend on it are not blamed. */
function readSpace(forms: unknown, problems: Problem[]) {
  if (!isMapping(forms)) {
    const remedy =
      "declare hyperparameters such as { learningRate: { logUniform: [1e-4, 1e-1] } }";
    problems.push({
      path: "hyperparameters",
      value: show(forms),
      rule: "must be an object",
      remedy,
    });
    return undefined;
  }
  return Object.fromEntries(
    Object.entries(forms).map(([name, form]) => [
      name,
      readHyperparameter(`hyperparameters.${name}`, form, problems) ?? null,
    ]),
  );
}

function readTrainer(form: unknown, problems: Problem[]): CommandTrainer | undefined {
  const isText = typeof form === "string";
  const { data, error } = commandSchema.safeParse(isText ? { command: form } : form);
  if (data) return data as CommandTrainer;
  if (isText || isMapping(form)) {
    const found = problemsOf(
      error,
      isText ? { command: form } : form,
      "an option of trainer",
      Object.keys(commandShape),
    );
    problems.push(
      ...found.map((problem) =>
        isText ? { ...problem, path: "trainer" } : below("trainer", problem),
      ),
    );
  } else {
    const remedy = "give for example { command: python train.py }";
    problems.push({ path: "trainer", value: show(form), rule: "must be a command", remedy });
  }
  return undefined;
}
