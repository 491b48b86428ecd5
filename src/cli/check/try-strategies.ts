/** Tests explore many times, and exploit in a population of the experiment's size. */
import { type Random, randomStream } from "../../algorithm/random.ts";
import type { Hyperparameters } from "../../algorithm/snapshot.ts";
import { definitionOf, describeStrategy } from "../../algorithm/strategy.ts";
import { generationsOf } from "../../experiment/budget.ts";
import { describeExperiment, type Experiment } from "../../experiment/experiment.ts";
import { exploitations, explorer } from "../../experiment/what-changes.ts";
import { plural } from "../../report/words.ts";
import { hyperparameters as shown } from "../printing/format.ts";
import type { Finding } from "./finding.ts";

const mutations = 1000;

/** The maximum population for finding out how many members an exploit needs. */
const maxMembers = 100;

export function tryMutations(experiment: Experiment): Finding[] {
  const { space, explore } = experiment.strategies;
  const { name } = describeStrategy(explore);
  const mutate = explorer(experiment, 0);
  let outside = 0;
  let moved = 0;
  let example = "";
  for (let index = 0; index < mutations; index++) {
    const random: Random = randomStream("check", index);
    const before = space.sample(random);
    try {
      const proposed = mutate(before, random);
      const after = space.settle(proposed, random);
      if (!isSame(before, after)) moved++;
      if (example === "" && !isSame(before, after))
        example = `, such as ${shown(before)} to ${shown(after)}`;
      if (
        space.names.some(
          (key) => proposed[key] !== undefined && !space.hyperparameter(key).admits(proposed[key]),
        )
      )
        outside++;
    } catch (error) {
      return [
        {
          kind: "bad",
          text: `explore: ${name} failed for ${shown(before)}: ${(error as Error).message}`,
        },
      ];
    }
  }
  const changed = `${moved} of ${mutations} mutations by ${name} changed something`;
  const brought = outside > 0 ? `; ${outside} stepped out of bounds and were brought back` : "";
  return [{ kind: "ok", text: `explore: ${changed}${example}${brought}` }];
}

/** Warns if exploit needs more members to do anything, or to do what its options say. */
export function tryMembers(experiment: Experiment): Finding[] {
  const { population, strategies } = experiment;
  const { name, options } = describeStrategy(strategies.exploit);
  const warn = (text: string): Finding[] => [{ kind: "warn", text: `exploit: ${text}` }];
  const members = plural(population, "member");
  if (!doesAnything(experiment, population)) {
    for (let size = population + 1; size <= maxMembers; size++)
      if (doesAnything(experiment, size))
        return warn(`${name} never does anything among ${members}; use at least ${size}`);
  }
  const generations = generationsOf(describeExperiment(experiment));
  const { warning: warningOf } = definitionOf(strategies.exploit) ?? {};
  const warning = warningOf?.(options as never, population, generations);
  return warning === undefined ? [] : warn(`${name} ${warning}`);
}

function doesAnything(experiment: Experiment, size: number): boolean {
  try {
    return exploitations(experiment, size).some(({ kind }) => kind !== "keep");
  } catch {
    // A user's own strategy may need what is not here.
    return true;
  }
}

function isSame(before: Hyperparameters, after: Hyperparameters): boolean {
  return JSON.stringify(before) === JSON.stringify(after);
}
