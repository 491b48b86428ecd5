/**
 * What the strategies of an experiment do to a member. Users bring their own functions, so it is
 * found by trying them.
 */
import type { Exploitation } from "../algorithm/exploit/exploit.ts";
import { asExplored } from "../algorithm/explore/explore.ts";
import { type Random, randomStream } from "../algorithm/random.ts";
import { inheritedOf } from "../algorithm/search-space.ts";
import type { Hyperparameters, Snapshot } from "../algorithm/snapshot.ts";
import { definitionOf } from "../algorithm/strategy.ts";
import { generationsOf } from "./budget.ts";
import { describeExperiment, type Experiment } from "./experiment.ts";
import { samplePopulation, sampleSituation } from "./sample-population.ts";

/** Enough to see an option that one move in a hundred draws. */
const tries = 500;

/** What explore makes of hyperparameters when weights of this age are copied. */
export function explorer({ strategies, objective, population }: Experiment, step: number) {
  const { space, explore } = strategies;
  const sample = samplePopulation(space, objective, population);
  const situation = sampleSituation(sample, step);
  return (from: Hyperparameters, random: Random): Hyperparameters => ({
    ...asExplored(explore(from, space, random, situation)).hyperparameters,
    ...inheritedOf(space, from),
  });
}

/**
 * The hyperparameters that explore changes. All of them where it fails, which is reported
 * elsewhere.
 */
function exploredNames(experiment: Experiment): ReadonlySet<string> {
  const { space } = experiment.strategies;
  const explore = explorer(experiment, 0);
  const names = new Set<string>();
  for (let index = 0; index < tries && names.size < space.names.length; index++) {
    const random = randomStream("explored", index);
    const before = space.sample(random);
    try {
      const after = space.settle(explore(before, random), random);
      for (const name of space.names) if (before[name] !== after[name]) names.add(name);
    } catch {
      return new Set(space.names);
    }
  }
  return names;
}

/** Some exploits do nothing but at generations of their own. */
const maxGenerations = 100;

/** More members decide alike, and would take long where nothing is ever copied. */
const maxMembers = 100;

/**
 * What exploit decides about members of a population of this size, for several draws: about the
 * worst, and about each, at the end of the first generation in which it changes anything. All
 * scores differ clearly.
 */
export function exploitations(experiment: Experiment, size: number): Exploitation[] {
  const generations = generationsOf(describeExperiment(experiment)) ?? maxGenerations;
  const last = Math.min(generations, maxGenerations);
  let generation = 2;
  const decide = () => exploitationsAfter(experiment, Math.min(size, maxMembers), generation);
  let decided = decide();
  while (decided.every(({ kind }) => kind === "keep") && ++generation <= last) decided = decide();
  return decided;
}

function exploitationsAfter(
  { strategies, objective }: Experiment,
  size: number,
  generation: number,
): Exploitation[] {
  const past = { generations: 2, last: generation, varies: false };
  const { members, population } = samplePopulation(strategies.space, objective, size, past);
  const asked = [...Array<Snapshot>(20).fill(members[0]!), ...members.slice(1)];
  return asked.map((member, index) =>
    strategies.exploit(member, population, randomStream("exploited", index)),
  );
}

interface CopiedParts {
  readonly weights: boolean;
  readonly hyperparameters: boolean;
  /** Weights never go on with hyperparameters that are not those of their donor. */
  readonly together: boolean;
}

/**
 * What a member takes over from another, which may be nothing. A user's own exploit that fails or
 * never copies here may take over anything.
 */
export function copiedParts(experiment: Experiment): CopiedParts {
  const copies = tried(() =>
    exploitations(experiment, experiment.population).filter(({ kind }) => kind === "copy"),
  ) as Extract<Exploitation, { kind: "copy" }>[] | undefined;
  if (!copies || (copies.length === 0 && !isOurs(experiment))) {
    const any = experiment.population > 1;
    return { weights: any, hyperparameters: any, together: true };
  }
  return {
    weights: copies.some(({ weights }) => weights),
    hyperparameters: copies.some(({ hyperparameters }) => hyperparameters),
    together: copies.every(
      (copy) => copy.weights === copy.hyperparameters && !copy.hyperparametersFrom,
    ),
  };
}

/** The hyperparameters that may have changed when a checkpoint is restored. */
export function namesChangedByRestore(experiment: Experiment): ReadonlySet<string> {
  const { strategies } = experiment;
  const copies = copiedParts(experiment);
  const { names, hyperparameter } = strategies.space;
  if (!copies.together) return new Set(names.filter((name) => !hyperparameter(name).inherited));
  if (copies.weights || strategies.exploreEvery === "generation") return exploredNames(experiment);
  return new Set();
}

/**
 * What explore makes of these hyperparameters, with the most of them changed. Undefined where it
 * never changes any.
 */
export function exploredFrom(experiment: Experiment, from: Hyperparameters, step: number) {
  const { space } = experiment.strategies;
  const explore = explorer(experiment, step);
  const changes = (values: Hyperparameters) =>
    space.names.filter((name) => values[name] !== from[name]).length;
  let best: Hyperparameters | undefined;
  for (let index = 0; index < tries; index++) {
    const random = randomStream("explored from", index);
    const after = tried(() => space.settle(explore(from, random), random));
    if (after && space.satisfies(after) && changes(after) > (best ? changes(best) : 0))
      best = after;
  }
  return best;
}

function isOurs({ strategies }: Experiment): boolean {
  return definitionOf(strategies.exploit) !== undefined;
}

function tried<T>(attempt: () => T): T | undefined {
  try {
    return attempt();
  } catch {
    return undefined;
  }
}
