/** Publishes in a run until it is killed, as a busy worker does: claim, reserve, publish. */
import { type CheckpointId, ordinalOf, snapshotId } from "../../src/algorithm/snapshot.ts";
import type { RunId, WorkerId } from "../../src/population-store/population-store.ts";
import { sqlitePopulationStore } from "../../src/population-store/sqlite/sqlite-population-store.ts";

const [path, id] = process.argv.slice(2) as [string, RunId];
const store = sqlitePopulationStore(path);
for (let count = 0; ; count++) {
  const claimed = await store.claimMember(id, `writer:${process.pid}:0` as WorkerId, {
    leaseMs: 60_000,
  });
  if (claimed.kind !== "claimed") throw new Error(`the writer got ${claimed.kind}`);
  const { claim } = claimed;
  const { newest, member } = claim;
  const checkpoint = count.toString(16).padStart(64, "0") as CheckpointId;
  await store.reserveCheckpoint(claim, checkpoint);
  const { donor, ...before } = newest;
  const trained = {
    ...before,
    id: snapshotId(member, ordinalOf(newest.id) + 1),
    kind: "trained" as const,
    parent: newest.id,
    generation: newest.generation + 1,
    step: newest.step + 100,
    memberSteps: newest.memberSteps + 100,
    checkpoint,
  };
  await store.publish(claim, { kind: "trained", snapshot: trained });
  await new Promise((resolve) => setTimeout(resolve, 5));
}
