import type { Situation } from "../algorithm/explore/explore.ts";
import { RecentHistory } from "../algorithm/history.ts";
import { RankedPopulation } from "../algorithm/population.ts";
import { randomStream } from "../algorithm/random.ts";
import type { SearchSpace } from "../algorithm/search-space.ts";
import { type CheckpointId, type Snapshot, snapshotId } from "../algorithm/snapshot.ts";
import type { Objective } from "./objective.ts";

/** To try strategies on: members that have trained a few generations. */
export interface SamplePopulation {
  /** All scores differ clearly, and the first is the worst. */
  readonly members: readonly Snapshot[];
  readonly population: RankedPopulation;
}

interface Past {
  /** How many generations, and the number of the last one. */
  readonly generations: number;
  readonly last: number;
  /** Whether each generation has other hyperparameters, and gains more or less. */
  readonly varies: boolean;
}

export function samplePopulation(
  space: SearchSpace,
  { direction, metric }: Objective,
  size: number,
  past: Past = { generations: 2, last: 2, varies: false },
): SamplePopulation {
  const history = new RecentHistory();
  const facts = { direction, size, generations: undefined };
  const population = new RankedPopulation(facts, history);
  const sign = direction === "maximize" ? 1 : -1;
  const trained = (member: number, generation: number): Snapshot => {
    const random = randomStream("member", member, past.varies ? generation : 0);
    const luck = past.varies ? 0.1 * random.uniform() : 0;
    const score = sign * (member + 0.01 * generation + luck);
    return {
      id: snapshotId(member, generation),
      member,
      kind: "trained",
      parent: snapshotId(member, generation - 1),
      generation,
      step: generation,
      memberSteps: generation,
      hyperparameters: space.sample(random),
      checkpoint: `checkpoint-${member}` as CheckpointId,
      score,
      samples: Array.from({ length: 10 }, (_, sample) => score + 0.001 * sample),
      metrics: { [metric]: score },
    };
  };
  const members: Snapshot[] = [];
  for (let count = 1; count <= past.generations; count++) {
    const generation = past.last - past.generations + count;
    for (let member = 0; member < size; member++) {
      const snapshot = trained(member, generation);
      history.add(snapshot);
      population.update(snapshot);
      members[member] = snapshot;
    }
  }
  return { members, population };
}

/** The worst copies the best, whose weights have seen so many steps. */
export function sampleSituation(
  { members, population }: SamplePopulation,
  step: number,
): Situation {
  return { step, weights: { ...members.at(-1)!, step }, member: members[0]!, population };
}
