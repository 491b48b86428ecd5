/**
 * Which checkpoints stay. Those that are pinned, reserved or in use do, and that of the best
 * model. A member also keeps those of the snapshots that a claim may still start from. These are
 * its newest, and all whose score it earned, back to the last but one that it trained: a decision
 * about an older generation sees a member that is ahead as it was a generation ago.
 */
import {
  type CheckpointId,
  isEarned,
  memberOf,
  type Snapshot,
  type SnapshotId,
} from "../algorithm/snapshot.ts";
import type { StoredMember } from "./member-lifecycle.ts";

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

/** `newestFirst` has the member's snapshots. */
interface KeepingMember extends Pick<StoredMember, "reserved" | "begun"> {
  readonly newestFirst: Iterable<Pick<Snapshot, "kind" | "checkpoint">>;
}

/** All checkpoints of a run that stay. */
export function liveCheckpoints(
  members: Iterable<KeepingMember>,
  best: Snapshot | undefined,
  pinned: Iterable<CheckpointId>,
): ReadonlySet<CheckpointId> {
  const live = new Set<CheckpointId | null | undefined>(pinned).add(best?.checkpoint);
  for (const { reserved, begun, newestFirst } of members) {
    live.add(reserved).add(begun?.checkpoint);
    for (const { checkpoint } of keptSnapshots(newestFirst)) live.add(checkpoint);
  }
  live.delete(null);
  live.delete(undefined);
  return live as ReadonlySet<CheckpointId>;
}

/** The other member's snapshot whose checkpoint a member restores to continue from this one. */
export function donorOf({ member, parent }: Snapshot): SnapshotId | undefined {
  return parent !== undefined && memberOf(parent) !== member ? parent : undefined;
}

/** Whether a collection keeps the checkpoint that a snapshot was copied from. */
export function isDonorKept(
  snapshot: Snapshot,
  best: SnapshotId | null | undefined,
  newestFirst: (member: number) => Iterable<Pick<Snapshot, "id" | "kind">>,
): boolean {
  const donor = donorOf(snapshot);
  if (donor === undefined || donor === best) return true;
  return [...keptSnapshots(newestFirst(memberOf(donor)))].some(({ id }) => id === donor);
}
