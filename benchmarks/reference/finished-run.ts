import { type Experiment, memoryPopulationStore, run, type Snapshot, withSettings } from "clade";

export interface FinishedRun {
  /** The last trained snapshot of each member. */
  readonly members: readonly Snapshot[];
  /** Copies to each completed generation: how strong selection was. */
  readonly copyShare: number;
}

/** Runs an experiment in memory. */
export async function finishedRun(
  experiment: Experiment,
  seed: number,
  workers = 1,
): Promise<FinishedRun> {
  const populationStore = memoryPopulationStore();
  const result = await run(experiment, { populationStore, seed, workers });
  const members = (await populationStore.members(result.run)).map(({ newest }) => newest);
  const generations = members.reduce((sum, { generation }) => sum + generation, 0);
  return { members, copyShare: result.copies / generations };
}

/** The finished runs of the seeds 0, 1, ... */
export async function overSeeds(
  seeds: number,
  experiment: Experiment,
  workers = 1,
): Promise<FinishedRun[]> {
  const runs: FinishedRun[] = [];
  for (let seed = 0; seed < seeds; seed++) runs.push(await finishedRun(experiment, seed, workers));
  return runs;
}

/**
 * In how many seeds an asynchronous run ends with the best score of the synchronous one, to the
 * last bit. With one worker it should in all: the worker goes on with the least advanced member,
 * so whenever it decides, all members have published that generation.
 */
export async function equalWhenAsynchronous(
  seeds: number,
  experiment: Experiment,
): Promise<number> {
  const [one, other] = await Promise.all(
    [true, false].map((synchronous) =>
      overSeeds(seeds, withSettings(experiment, { synchronous })),
    ),
  );
  return one!.filter((run, seed) => bestScore(run) === bestScore(other![seed]!)).length;
}

/** The best of the members' last scores, for an objective that is maximized. */
export function bestScore({ members }: FinishedRun): number {
  return Math.max(...members.map(({ score }) => score ?? -Infinity));
}
