/**
 * What the strategies of an experiment do to a member, seen by trying them: strategies are
 * functions, and users bring their own.
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
import type { Experiment } from "./experiment.ts";

/** Enough that an option which is drawn in one move of a hundred is seen. */
const tries = 500;

/**
 * The hyperparameters whose values explore changes. All of them where it fails: that is reported
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
 * What exploit decides about the worst of a population of this size, in which all scores differ
 * clearly; once for each of some draws.
 */
export function exploitations(
  { strategies, objective }: Experiment,
  size: number,
): Exploitation[] {
  const population = new RankedPopulation(objective.direction);
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
 * What a member takes over from another: it may be nothing. What fails or never copies here is a
 * user's own, and may do anything.
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

/** The hyperparameters that may be others when a checkpoint is restored than when it was saved. */
export function namesChangedByRestore(experiment: Experiment): ReadonlySet<string> {
  const { strategies } = experiment;
  const copies = copiedParts(experiment);
  if (copies.weights !== copies.hyperparameters) return new Set(strategies.space.names);
  if (copies.weights || strategies.exploreEvery === "generation") return exploredNames(strategies);
  return new Set();
}

/**
 * New hyperparameters that explore makes of these, with as many changed as can be. Undefined where
 * it never changes any.
 */
export function exploredFrom({ space, explore }: Strategies, from: Hyperparameters, step: number) {
  const changes = (values: Hyperparameters) =>
    space.names.filter((name) => values[name] !== from[name]).length;
  let most: Hyperparameters | undefined;
  for (let index = 0; index < tries; index++) {
    const random = randomStream("explored from", index);
    const after = tried(() => space.settle(explore(from, space, random, { step }), random));
    if (after && changes(after) > (most ? changes(most) : 0)) most = after;
  }
  return most;
}

function isOurs({ strategies }: Experiment): boolean {
  return "description" in strategies.exploit;
}

function tried<T>(attempt: () => T): T | undefined {
  try {
    return attempt();
  } catch {
    return undefined;
  }
}
