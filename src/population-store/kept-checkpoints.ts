/**
 * Which checkpoints stay. Those that are pinned, reserved or in use do, and that of the best
 * model. A member also keeps those of the snapshots that a claim may still start from. These are
 * its newest, and all whose score it earned, back to the last but one that it trained: a decision
 * about an older generation sees a member that is ahead as it was a generation ago.
 */
import { isEarned, memberOf, type Snapshot, type SnapshotId } from "../algorithm/snapshot.ts";

const lastTrained = 2;

/**
 * The snapshots of a member whose checkpoints stay, newest first. Reads no further than it has to.
 */
export function* keptSnapshots<S extends Pick<Snapshot, "kind">>(
  newestFirst: Iterable<S>,
): Generator<S> {
  let isNewest = true;
  let trained = 0;
  for (const snapshot of newestFirst) {
    if (isNewest || isEarned(snapshot)) yield snapshot;
    isNewest = false;
    if (snapshot.kind === "trained" && ++trained === lastTrained) return;
  }
}

/** The other member's snapshot whose checkpoint a member restores to continue from this one. */
export function donorOf({ member, parent }: Snapshot): SnapshotId | undefined {
  return parent !== undefined && memberOf(parent) !== member ? parent : undefined;
}
