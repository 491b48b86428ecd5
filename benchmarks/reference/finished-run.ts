import { type Experiment, memoryPopulationStore, run, type Snapshot } from "clade";

export interface FinishedRun {
  /** The last trained snapshot of each member. */
  readonly members: readonly Snapshot[];
  /** Copies to each completed generation: how strong selection was. */
  readonly copyShare: number;
}

/** Runs an experiment in memory, with one worker. */
export async function finishedRun(experiment: Experiment, seed: number): Promise<FinishedRun> {
  const populationStore = memoryPopulationStore();
  const result = await run(experiment, { populationStore, seed });
  const members = (await populationStore.members(result.run)).map(({ newest }) => newest);
  const generations = members.reduce((sum, { generation }) => sum + generation, 0);
  return { members, copyShare: result.copies / generations };
}

/** The finished runs of the seeds 0, 1, ... */
export async function overSeeds(seeds: number, experiment: Experiment): Promise<FinishedRun[]> {
  const runs: FinishedRun[] = [];
  for (let seed = 0; seed < seeds; seed++) runs.push(await finishedRun(experiment, seed));
  return runs;
}

/** The best of the members' last scores, for an objective that is maximized. */
export function bestScore({ members }: FinishedRun): number {
  return Math.max(...members.map(({ score }) => score ?? -Infinity));
}
