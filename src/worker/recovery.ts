/** What a member does if its checkpoint cannot be read. */
import { CladeError } from "../algorithm/clade-error.ts";
import { ordinalOf, type Snapshot, snapshotId } from "../algorithm/snapshot.ts";
import type { CheckpointError, CheckpointStore } from "../checkpoint-store/checkpoint-store.ts";
import type { Claim, PopulationStore, Publication } from "../population-store/population-store.ts";
import { whyUnreadable } from "./checkpoints.ts";

/**
 * A return to the newest older snapshot with a readable checkpoint. Throws what the store throws
 * if it is unavailable, and a `CladeError` if there is no such snapshot.
 */
export async function recovery(
  populationStore: PopulationStore,
  checkpointStore: CheckpointStore,
  claim: Claim,
  error: CheckpointError,
): Promise<Publication> {
  let newest: Snapshot | undefined;
  for await (const snapshot of populationStore.history(claim.run, claim.member)) {
    newest ??= snapshot;
    const { checkpoint } = snapshot;
    const isGood =
      checkpoint === undefined ||
      (checkpoint !== error.checkpoint &&
        (await whyUnreadable(checkpointStore, checkpoint)) === undefined);
    if (isGood) return returnTo(snapshot, newest, error);
  }
  throw new CladeError(
    `member ${claim.member} of ${claim.run}: has no snapshot to continue from; remove the ` +
      "run and start a new one",
  );
}

function returnTo(
  { donor, ...good }: Snapshot,
  newest: Snapshot,
  error: CheckpointError,
): Publication {
  const { member, generation } = newest;
  const text = `recovered from snapshot ${good.id}, because ${error.message}`;
  return {
    kind: "recovered",
    snapshot: {
      ...good,
      id: snapshotId(member, ordinalOf(newest.id) + 1),
      kind: "recovered",
      parent: good.id,
    },
    decision: {
      snapshot: newest.id,
      member,
      generation,
      kind: "keep",
      weights: false,
      hyperparameters: false,
      reason: { text, numbers: {} },
    },
  };
}
