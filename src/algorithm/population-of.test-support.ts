import { RecentHistory } from "./history.ts";
import { type Direction, RankedPopulation } from "./population.ts";
import { type CheckpointId, type Snapshot, snapshotId } from "./snapshot.ts";

/** A snapshot of a member that has trained one generation, its fifth so far on record. */
export function trained(member: number, given: Partial<Snapshot> = {}): Snapshot {
  return {
    id: snapshotId(member, 4),
    member,
    kind: "trained",
    parent: snapshotId(member, 3),
    generation: 2,
    step: 20,
    memberSteps: 20,
    hyperparameters: { rate: member },
    checkpoint: `checkpoint-${member}` as CheckpointId,
    metrics: {},
    ...given,
  };
}

/** Members 0, 1, 2, ... with these scores; undefined for a member without one. */
export function populationOf(
  scores: readonly (number | undefined)[],
  direction: Direction = "maximize",
) {
  const members = scores.map((score, member) =>
    trained(member, score === undefined ? {} : { score }),
  );
  return { members, population: populationWith(members, direction) };
}

/** Members that began their generation with the score that they have. */
export function populationWith(
  members: readonly Snapshot[],
  direction: Direction = "maximize",
): RankedPopulation {
  const facts = { direction, size: members.length, generations: 50 };
  const history = new RecentHistory();
  const population = new RankedPopulation(facts, history);
  for (const member of members) {
    const { parent, generation } = member;
    if (parent) history.add({ ...member, id: parent, generation: generation - 1 });
    history.add(member);
    population.update(member);
  }
  return population;
}

interface Scene {
  readonly direction?: Direction;
  readonly size?: number;
  readonly generations?: number;
}

/** A population whose members trained on alone, with a list of scores for each. */
export function trainedAlone(
  scores: readonly (readonly (number | undefined)[])[],
  scene: Scene = {},
) {
  const { direction = "maximize", size = scores.length, generations } = scene;
  const sign = direction === "maximize" ? 1 : -1;
  const history = new RecentHistory();
  const population = new RankedPopulation({ direction, size, generations }, history);
  const newest: Snapshot[] = [];
  scores.forEach((own, member) => {
    own.forEach((score, index) => {
      const generation = index + 1;
      const id = snapshotId(member, generation);
      const parent = snapshotId(member, index);
      const given = {
        id,
        parent,
        generation,
        step: 10 * generation,
        memberSteps: 10 * generation,
      };
      const snapshot = trained(member, {
        ...given,
        ...(score !== undefined && { score: sign * score }),
      });
      history.add(snapshot);
      population.update(snapshot);
      newest[member] = snapshot;
    });
  });
  return { population, newest };
}
