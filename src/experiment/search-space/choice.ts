import type { HyperparameterValue } from "../../algorithm/snapshot.ts";
import { type Declared, type Mistake, written } from "./declared.ts";

/** One of some options without an order. It only ever changes by a new draw: there is no neighbour to move to. */
export function choice<const T extends HyperparameterValue>(...options: readonly T[]): Declared<T> {
  const admits = (value: unknown): value is T => options.includes(value as T);
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
    return [{ rule: "there must be at least one option", remedy: "list the values to choose from" }];
  if (new Set(options).size < options.length)
    return [{ rule: "the options must differ", remedy: "list each value once" }];
  const wrong = options.some((option) => !["number", "string", "boolean"].includes(typeof option));
  return wrong
    ? [
        {
          rule: "the options must be numbers, strings or booleans",
          remedy: "name the options and map the names in the trainer",
        },
      ]
    : [];
}
