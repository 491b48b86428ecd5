import type { Hyperparameters, Snapshot, SnapshotId } from "../algorithm/snapshot.ts";

/** The ancestors of a snapshot's weights and the snapshot itself, from the root on. Copies lead through their donors. */
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

/** Steps of training with the same hyperparameters, and who did them. */
export interface ScheduleSegment {
  /** The steps after `fromStep`, up to and with `toStep`, of the lineage. */
  readonly fromStep: number;
  readonly toStep: number;
  readonly member: number;
  readonly hyperparameters: Hyperparameters;
}

/** The schedule of hyperparameters that a lineage was trained with: one segment for each generation. */
export function schedule(lineage: readonly Snapshot[]): readonly ScheduleSegment[] {
  let fromStep = 0;
  return lineage.flatMap((snapshot) => {
    if (snapshot.kind !== "trained") return [];
    const { step: toStep, member, hyperparameters } = snapshot;
    const segment = { fromStep, toStep, member, hyperparameters };
    fromStep = toStep;
    return [segment];
  });
}
