import { nearest } from "../algorithm/nearest.ts";
import { BadInputError, type Problem } from "../algorithm/problem.ts";
import type { Ready } from "../algorithm/ready/ready.ts";
import { show } from "../algorithm/show.ts";
import { withOptions } from "../algorithm/strategy.ts";
import { type StrategyPart, strategyParts } from "../algorithm/strategy-parts.ts";
import type { ExperimentDeclaration } from "./declaration.ts";
import { budgetShape } from "./declaration-shape.ts";
import { defineExperiment, describeExperiment, type Experiment } from "./experiment.ts";
import { strategyForms } from "./forms/strategy-forms.ts";

/**
 * Settings by path, such as `{ population: 4, "budget.stepsPerMember": 100, exploit: "noExploit",
 * "explore.factors": [0.5, 2] }`. A strategy may be given with its options, as in a file: `{
 * exploit: { tTestSelection: { significance: 0.1 } } }`.
 */
export type Settings = { readonly [path: string]: unknown };

/** The experiment with some settings changed, checked as a whole again. */
export function withSettings<E extends Experiment>(experiment: E, settings: Settings): E {
  let changed: Experiment = experiment;
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
  return changed as E;
}

/** Settings with others in their place. A replaced strategy or budget loses its options. */
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

function withSetting(experiment: Experiment, path: string, value: unknown): ExperimentDeclaration {
  const { declaration } = experiment;
  if (plainSettings.includes(path)) return { ...declaration, [path]: value };

  const [group, option, ...rest] = path.split(".");
  const part = strategyParts.find((name) => name === group);
  if (part && option === undefined) return withStrategy(declaration, part, value);
  if (part && rest.length === 0) return withOption(experiment, part, option!, value);
  if (group === "budget" && option !== undefined && rest.length === 0)
    return { ...declaration, budget: { ...declaration.budget, [option]: value } };
  const remedy = nearest(path, settingsOf(experiment));
  throw new BadInputError([{ path, value: show(value), rule: "is not a setting", remedy }]);
}

function withStrategy(
  declaration: ExperimentDeclaration,
  part: StrategyPart,
  form: unknown,
): ExperimentDeclaration {
  const problems: Problem[] = [];
  const read = strategyForms[part].read(form, problems);
  if (problems.length > 0) throw new BadInputError(problems);
  return { ...declaration, [part]: read };
}

/** Another strategy, as `ready.everySteps` gives, or an option of the present one. */
function withOption(
  { declaration, ready, strategies }: Experiment,
  part: StrategyPart,
  option: string,
  value: unknown,
): ExperimentDeclaration {
  if (strategyForms[part].leading.includes(option))
    return withStrategy(declaration, part, { [option]: value });
  const current = { ready, ...strategies }[part];
  const changed = withOptions(current as Ready, { [option]: value });
  if (changed) return { ...declaration, [part]: changed };
  throw new BadInputError([
    {
      path: `${part}.${option}`,
      value: show(value),
      rule: `the ${part} function of this experiment has no options`,
      remedy: "change it in the experiment",
    },
  ]);
}

function settingsOf(experiment: Experiment): string[] {
  const description = describeExperiment(experiment);
  const options = strategyParts.flatMap((name) =>
    Object.keys(description[name].options).map((option) => `${name}.${option}`),
  );
  return [
    ...plainSettings,
    ...strategyParts,
    ...Object.keys(budgetShape).map((option) => `budget.${option}`),
    ...options,
  ];
}
