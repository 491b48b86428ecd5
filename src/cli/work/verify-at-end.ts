import type { Run } from "../../population-store/population-store.ts";
import { verifyBest, verifyBestOnce } from "../../worker/best-model.ts";
import type { Stores } from "../runs/open-store.ts";

/**
 * Verifies the best model after all workers of this machine have left. Perhaps no worker did so,
 * or one wrote late to a checkpoint that another had verified. If `others` may have worked on the
 * run, an already verified model is only checked quickly. Otherwise each machine would fetch the
 * model.
 */
export async function verifyAtEnd(
  { population, checkpoints: checkpointsOf }: Pick<Stores, "population" | "checkpoints">,
  run: Run,
  { others = false }: { readonly others?: boolean } = {},
): Promise<void> {
  if ((await population.run(run.id)).state.kind !== "done") return;
  await using checkpoints = await checkpointsOf(run);
  await (others ? verifyBestOnce : verifyBest)(population, checkpoints, run.id);
}
