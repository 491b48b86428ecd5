import type { Experiment } from "../../experiment/experiment.ts";
import type { NewRun, Run } from "../../population-store/population-store.ts";
import { createRun } from "../../run/create-run.ts";
import { codeOf } from "../declarations/code.ts";
import type { Stores } from "./open-store.ts";

/**
 * Publishes a new run, with the hashes of its code and the place of its checkpoints. First it
 * leaves the run's sign in that place.
 */
export async function newRun(
  stores: Stores,
  experiment: Experiment,
  seed: number,
  origin: Partial<Pick<NewRun, "id" | "study" | "controlOf">> & Required<Pick<NewRun, "source">>,
): Promise<Run> {
  const { place } = stores;
  const code = codeOf(origin.source.file, experiment);
  const about = { ...origin, code, ...(place !== undefined && { checkpoints: place }) };
  return await createRun(stores.population, experiment, seed, about, async (id) => {
    await using checkpoints = await stores.checkpoints({ id, ...about });
    if ("sign" in checkpoints) await checkpoints.sign();
  });
}
