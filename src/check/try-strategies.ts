/** Tests explore many times, and exploit in a population of the experiment's size. */
import { type Random, randomStream } from "../algorithm/random.ts";
import type { Hyperparameters } from "../algorithm/snapshot.ts";
import { definitionOf, describeStrategy } from "../algorithm/strategy.ts";
import { generationsOf } from "../experiment/budget.ts";
import { describeExperiment, type Experiment } from "../experiment/experiment.ts";
import { nameOfWhere, wheresOf } from "../experiment/search-space/relation.ts";
import { searchSpace } from "../experiment/search-space/search-space.ts";
import { exploitations, explorer } from "../experiment/what-changes.ts";
import { plural, hyperparameters as shown } from "../report/words.ts";
import type { Finding } from "./finding.ts";

const mutations = 1000;

/** With fewer, nearly all the time of a draw goes into those that are thrown away. */
const fewestHeld = 10;

/** The maximum population for finding out how many members an exploit needs. */
const maxMembers = 100;

/** How many draws satisfy the conditions of the experiment. */
export function tryWhere({ declaration, strategies }: Experiment): Finding[] {
  const wheres = wheresOf(declaration.where);
  if (wheres.length === 0) return [];
  const free = searchSpace(declaration.hyperparameters);
  const random = randomStream("check where");
  const draws = Array.from({ length: mutations }, () => free.sample(random));
  const held = draws.filter((values) => strategies.space.satisfies(values)).length;
  const written = wheres.map(nameOfWhere).join(", ");
  const text = `where: ${held} of ${mutations} draws satisfy it: ${written}`;
  if (held >= fewestHeld) return [{ kind: "ok", text }];
  return [{ kind: "warn", text: `${text}; narrow the ranges, so that more of them do` }];
}

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

/** Warns of strategies that will not work in a population of this size, or were not shown to. */
export function tryMembers(experiment: Experiment): Finding[] {
  return tooFew(experiment) ?? outsideOfTheShown(experiment);
}

/** If exploit needs more members to do anything. */
function tooFew(experiment: Experiment): Finding[] | undefined {
  const { population, strategies } = experiment;
  if (doesAnything(experiment, population)) return undefined;
  const { name } = describeStrategy(strategies.exploit);
  const members = plural(population, "member");
  for (let size = population + 1; size <= maxMembers; size++) {
    const text = `exploit: ${name} never does anything among ${members}; use at least ${size}`;
    if (doesAnything(experiment, size)) return [{ kind: "warn", text }];
  }
  return undefined;
}

function outsideOfTheShown(experiment: Experiment): Finding[] {
  const { exploit, explore } = experiment.strategies;
  const generations = generationsOf(describeExperiment(experiment));
  return Object.entries({ exploit, explore }).flatMap(([part, chosen]): Finding[] => {
    const { name, options } = describeStrategy(chosen);
    const warningOf = definitionOf(chosen)?.warning;
    const warning = warningOf?.(options as never, experiment.population, generations);
    return warning ? [{ kind: "warn", text: `${part}: ${name} ${warning}` }] : [];
  });
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
