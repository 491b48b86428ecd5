import { initialSnapshots } from "../algorithm/population-based-training.ts";
import { describeExperiment, type Experiment } from "../experiment/experiment.ts";
import {
  type NewRun,
  type PopulationStore,
  type Run,
  RunExistsError,
  type RunId,
} from "../population-store/population-store.ts";

/**
 * Publishes a new run with its initial members, after its preparation. Throws `RunExistsError` if
 * its id is already taken.
 */
export async function createRun(
  store: PopulationStore,
  experiment: Experiment,
  seed: number,
  origin: Partial<Omit<NewRun, "seed" | "experiment">> = {},
  prepare: (id: RunId) => Promise<void> = async () => {},
): Promise<Run> {
  const { strategies, population, initial } = experiment;
  const roots = initialSnapshots(strategies.space, population, seed, initial);
  const description = describeExperiment(experiment);
  for (;;) {
    try {
      const id = origin.id ?? newRunId(experiment.name);
      await prepare(id);
      return await store.createRun({ ...origin, id, seed, experiment: description }, roots);
    } catch (error) {
      if (!(error instanceof RunExistsError) || origin.id !== undefined) throw error;
    }
  }
}

export function newSeed(): number {
  return Math.floor(Math.random() * 2 ** 31);
}

/**
 * The experiment's name and four letters, so that runs of one experiment have different names, and
 * the name of a removed run is not used again.
 */
function newRunId(name: string): RunId {
  const letters = "abcdefghjkmnpqrstuvwxyz23456789";
  const suffix = Array.from(
    { length: 4 },
    () => letters[Math.floor(Math.random() * letters.length)],
  ).join("");
  return `${name}-${suffix}` as RunId;
}
