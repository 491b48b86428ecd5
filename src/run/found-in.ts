import { CladeError } from "../algorithm/clade-error.ts";
import { schedule } from "../algorithm/schedule.ts";
import type { SnapshotId } from "../algorithm/snapshot.ts";
import { lineage } from "../analysis/lineage.ts";
import type { Found } from "../experiment/study/plan.ts";
import type { PopulationStore, RunId } from "../population-store/population-store.ts";
import { summaryOf } from "./run-summary.ts";

/**
 * The schedule and the last hyperparameters of a snapshot's lineage (default: the best model's).
 */
export async function foundIn(
  store: PopulationStore,
  run: RunId,
  snapshot?: SnapshotId,
): Promise<Found> {
  const id = snapshot ?? (await summaryOf(store, run)).best?.id;
  if (id === undefined)
    throw new CladeError(`run ${run}: has no scored snapshot, so there is no schedule to follow`);
  const chain = await lineage(id, (ancestor) => store.snapshot(run, ancestor));
  return { schedule: schedule(chain), hyperparameters: chain.at(-1)!.hyperparameters };
}
