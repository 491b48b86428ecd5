import type { Claim, ClaimRequest, PopulationStore, RunId, WorkerId } from "clade";
import { type CheckpointId, ordinalOf } from "../../algorithm/snapshot.ts";
import { description, trainedAfter } from "../../testing/population-store/scene.ts";

export const experiment = description();
export const id = "test-1" as RunId;

export async function claimOf(
  store: PopulationStore,
  worker: WorkerId,
  leaseMs: number,
): Promise<Claim> {
  const result = await store.claimMember(id, worker, { leaseMs });
  if (result.kind !== "claimed") throw new Error(result.kind);
  return result.claim;
}

export async function publishTrained(
  store: PopulationStore,
  claim: Claim,
  checkpoint: (ordinal: number) => string,
  next?: ClaimRequest,
) {
  const ordinal = ordinalOf(claim.newest.id) + 1;
  const trained = trainedAfter(claim.newest, { checkpoint: checkpoint(ordinal) as CheckpointId });
  return await store.publish(claim, { kind: "trained", snapshot: trained }, next);
}
