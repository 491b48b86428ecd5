import type { PopulationStore, RunId, WorkerId } from "../population-store/population-store.ts";
import { presentMs } from "./presence.ts";

/** The other workers that are there and not set aside. */
export async function soundOthers(
  store: PopulationStore,
  run: RunId,
  worker: WorkerId,
  now: number,
): Promise<ReadonlySet<WorkerId>> {
  const members = await store.members(run);
  const holding = new Set(members.flatMap(({ lease }) => (lease && lease.until > now ? lease.worker : [])));
  const sound = (await store.workers(run)).filter(({ worker: other, seenAt, state }) => {
    const isThere = now - seenAt < presentMs || holding.has(other);
    return other !== worker && isThere && (state.kind === "working" || state.kind === "waiting");
  });
  return new Set(sound.map(({ worker: other }) => other));
}
