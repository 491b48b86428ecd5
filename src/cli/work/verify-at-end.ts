import type { Run } from "../../population-store/population-store.ts";
import { verifyBest, verifyBestOnce } from "../../worker/best-model.ts";
import type { Stores } from "../runs/open-store.ts";

/**
 * Verifies the best model once all workers of this machine have left: none may have come to it, or
 * one was late with what another had found whole. Where `others` may have worked on it, too, what
 * was verified already is only looked at, or each machine would fetch the model.
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
