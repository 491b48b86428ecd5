import type {
  PopulationStore,
  RunId,
  RunWorker,
  WorkerId,
} from "../population-store/population-store.ts";
import { presentMs } from "./presence.ts";

/** The other live workers that are not set aside. */
export async function soundOthers(
  store: PopulationStore,
  run: RunId,
  worker: WorkerId,
  now: number,
): Promise<readonly RunWorker[]> {
  const members = await store.members(run);
  const holding = new Set(
    members.flatMap(({ lease }) => (lease && lease.until > now ? lease.worker : [])),
  );
  return (await store.workers(run)).filter(({ worker: other, seenAt, state }) => {
    const isThere = now - seenAt < presentMs || holding.has(other);
    return other !== worker && isThere && (state.kind === "working" || state.kind === "waiting");
  });
}

/**
 * Whether another worker may still train: a sound one, or one that is set aside and still tests
 * itself. A trial may take long, so a worker that is set aside counts until the end of its
 * announced patience, however long ago its last report was.
 */
export async function isOthersTurn(
  store: PopulationStore,
  run: RunId,
  worker: WorkerId,
  now: number,
): Promise<boolean> {
  const hopes = (await store.workers(run)).some(
    ({ worker: other, state }) =>
      other !== worker && state.kind === "set-aside" && state.givesUpAt > now,
  );
  return hopes || (await soundOthers(store, run, worker, now)).length > 0;
}
