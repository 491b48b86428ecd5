import type { Snapshot, SnapshotId } from "../algorithm/snapshot.ts";

/**
 * The ancestors of a snapshot's weights and the snapshot itself, from the root on. Copies lead
 * through their donors.
 */
export async function lineage(
  id: SnapshotId,
  snapshot: (id: SnapshotId) => Promise<Snapshot>,
): Promise<readonly Snapshot[]> {
  const chain: Snapshot[] = [];
  for (let next: SnapshotId | undefined = id; next !== undefined; ) {
    const current: Snapshot = await snapshot(next);
    chain.push(current);
    next = current.parent;
  }
  return chain.reverse();
}
