import { isHyperparameterValue } from "../../algorithm/hyperparameter-value.ts";
import type { Mistake } from "../../algorithm/problem.ts";
import type { HyperparameterValue } from "../../algorithm/snapshot.ts";
import { maxChoiceLength, maxChoices } from "../bounds.ts";
import { type Declared, written } from "./declared.ts";

/** One of some options without an order. It has no neighbours, so only a draw changes it. */
export function choice<const T extends readonly HyperparameterValue[]>(
  ...options: T
): Declared<T[number]> {
  const admits = (value: unknown): value is T[number] => options.includes(value as T[number]);
  return {
    written: written("choice", options),
    mistakes: listMistakes(options),
    sample: (random) => random.pick(options),
    perturb: (value) => value,
    admits,
    nearest: (value) => (admits(value) ? value : undefined),
  };
}

export function listMistakes(options: readonly unknown[]): Mistake[] {
  if (options.length === 0)
    return [
      { rule: "there must be at least one option", remedy: "list the values to choose from" },
    ];
  if (new Set(options).size < options.length)
    return [{ rule: "the options must differ", remedy: "list each value once" }];
  if (options.length > maxChoices)
    return [
      {
        rule: `there may be at most ${maxChoices} options`,
        remedy: "draw their number with integer",
      },
    ];
  if (options.some((option) => typeof option === "string" && option.length > maxChoiceLength))
    return [
      {
        rule: `an option may have at most ${maxChoiceLength} characters`,
        remedy: "name the options and map the names in the trainer",
      },
    ];
  if (options.every(isHyperparameterValue)) return [];
  return [
    {
      rule: "the options must be finite numbers, strings or booleans",
      remedy: "name the options and map the names in the trainer",
    },
  ];
}
