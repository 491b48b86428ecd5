/**
 * What the strategies of an experiment do to a member. Users bring their own functions, so it is
 * found by trying them.
 */
import type { Exploitation } from "../algorithm/exploit/exploit.ts";
import { RankedPopulation } from "../algorithm/population.ts";
import type { Strategies } from "../algorithm/population-based-training.ts";
import { randomStream } from "../algorithm/random.ts";
import {
  type CheckpointId,
  type Hyperparameters,
  type Snapshot,
  snapshotId,
} from "../algorithm/snapshot.ts";
import { definitionOf } from "../algorithm/strategy.ts";
import type { Experiment } from "./experiment.ts";

/** Enough to see an option that one move in a hundred draws. */
const tries = 500;

/**
 * The hyperparameters that explore changes. All of them where it fails, which is reported
 * elsewhere.
 */
function exploredNames({ space, explore }: Strategies): ReadonlySet<string> {
  const names = new Set<string>();
  for (let index = 0; index < tries && names.size < space.names.length; index++) {
    const random = randomStream("explored", index);
    const before = space.sample(random);
    try {
      const after = space.settle(explore(before, space, random, { step: 0 }), random);
      for (const name of space.names) if (before[name] !== after[name]) names.add(name);
    } catch {
      return new Set(space.names);
    }
  }
  return names;
}

/**
 * What exploit decides about the worst member of a population of this size, for several draws. All
 * scores differ clearly.
 */
export function exploitations(
  { strategies, objective }: Experiment,
  size: number,
): Exploitation[] {
  const population = new RankedPopulation({
    direction: objective.direction,
    size,
    generations: undefined,
  });
  const sign = objective.direction === "maximize" ? 1 : -1;
  const members = Array.from({ length: size }, (_, member): Snapshot => {
    const score = sign * member;
    return {
      id: snapshotId(member, 1),
      member,
      kind: "trained",
      parent: snapshotId(member, 0),
      generation: 1,
      step: 1,
      memberSteps: 1,
      hyperparameters: strategies.space.sample(randomStream("member", member)),
      checkpoint: `checkpoint-${member}` as CheckpointId,
      score,
      samples: Array.from({ length: 10 }, (_, sample) => score + 0.001 * sample),
      metrics: { [objective.metric]: score },
    };
  });
  for (const member of members) population.update(member);
  return Array.from({ length: 20 }, (_, index) =>
    strategies.exploit(members[0]!, population, randomStream("exploited", index)),
  );
}

/**
 * What a member takes over from another, which may be nothing. A user's own exploit that fails or
 * never copies here may take over anything.
 */
export function copiedParts(experiment: Experiment): {
  weights: boolean;
  hyperparameters: boolean;
} {
  const copies = tried(() =>
    exploitations(experiment, experiment.population).filter(({ kind }) => kind === "copy"),
  );
  if (copies === undefined || (copies.length === 0 && !isOurs(experiment)))
    return { weights: experiment.population > 1, hyperparameters: experiment.population > 1 };
  return {
    weights: copies.some((copy) => copy.kind === "copy" && copy.weights),
    hyperparameters: copies.some((copy) => copy.kind === "copy" && copy.hyperparameters),
  };
}

/** The hyperparameters that may have changed when a checkpoint is restored. */
export function namesChangedByRestore(experiment: Experiment): ReadonlySet<string> {
  const { strategies } = experiment;
  const copies = copiedParts(experiment);
  if (copies.weights !== copies.hyperparameters) return new Set(strategies.space.names);
  if (copies.weights || strategies.exploreEvery === "generation") return exploredNames(strategies);
  return new Set();
}

/**
 * What explore makes of these hyperparameters, with the most of them changed. Undefined where it
 * never changes any.
 */
export function exploredFrom({ space, explore }: Strategies, from: Hyperparameters, step: number) {
  const changes = (values: Hyperparameters) =>
    space.names.filter((name) => values[name] !== from[name]).length;
  let best: Hyperparameters | undefined;
  for (let index = 0; index < tries; index++) {
    const random = randomStream("explored from", index);
    const after = tried(() => space.settle(explore(from, space, random, { step }), random));
    if (after && changes(after) > (best ? changes(best) : 0)) best = after;
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
