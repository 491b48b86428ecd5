import { type Experiment, memoryPopulationStore, run, type Snapshot } from "clade";

/** Runs an experiment in memory and resolves the last trained snapshot of each member. */
export async function finalMembers(experiment: Experiment, seed: number): Promise<readonly Snapshot[]> {
  const populationStore = memoryPopulationStore();
  const result = await run(experiment, { populationStore, seed });
  const members = await populationStore.members(result.run);
  return members.map(({ newest }) => newest);
}

/** The value of an experiment for each of the seeds 0, 1, ... */
export async function overSeeds(
  seeds: number,
  experiment: Experiment,
  value: (members: readonly Snapshot[]) => number,
): Promise<number[]> {
  const values: number[] = [];
  for (let seed = 0; seed < seeds; seed++) values.push(value(await finalMembers(experiment, seed)));
  return values;
}

/** The best of the members' last scores, for an objective that is maximized. */
export function bestScore(members: readonly Snapshot[]): number {
  return Math.max(...members.map(({ score }) => score ?? -Infinity));
}
