/**
 * The largest sizes of what an experiment declares and reports. They are far above any use, and
 * low enough to stop a mistake before it fills a database or a screen.
 */
import { legibleLine } from "../algorithm/legible.ts";
import type { Mistake } from "../algorithm/problem.ts";

const maxNameLength = 200;
export const maxHyperparameters = 1_000;
export const maxChoiceLength = 10_000;
export const maxChoices = 10_000;
export const maxMetrics = 1_000;
export const maxSamples = 100_000;

/** What is wrong with the name of a hyperparameter, of a metric or of a variant. */
export function nameMistake(name: string): Mistake | undefined {
  if (name === "") return { rule: "is empty", remedy: "give a name" };
  if (name.length > maxNameLength)
    return {
      rule: `has ${name.length} characters, and may have ${maxNameLength}`,
      remedy: "give a shorter name",
    };
  if (legibleLine(name) !== name)
    return { rule: "has characters that cannot be seen", remedy: "give a name without them" };
  return undefined;
}
