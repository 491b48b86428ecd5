import type { SnapshotId, TreeSnapshot } from "../algorithm/snapshot.ts";
import { SnapshotIndex } from "./snapshot-index.ts";

/** The snapshots of one member between two changes of its weights: what its training adds to the phylogenetic tree. */
export interface Branch<S extends TreeSnapshot = TreeSnapshot> {
  readonly member: number;
  /** The snapshot whose weights the branch began with; absent where weights were fresh. */
  readonly origin?: S;
  /** The branch that the origin is on. */
  readonly parent?: Branch<S>;
  /** From the oldest on, each the child of the one before. Never empty. */
  readonly snapshots: readonly S[];
  /** How many of them, from the first on, have a descendant among the members' newest snapshots. The others are extinct. */
  readonly surviving: number;
}

interface Growing<S extends TreeSnapshot> extends Branch<S> {
  readonly snapshots: S[];
  surviving: number;
}

interface Place<S extends TreeSnapshot> {
  readonly branch: Growing<S>;
  readonly index: number;
}

/**
 * The branches of a run's snapshots, which come in the order of publication, in the order in which they began. Lineage follows the weights:
 * a member that copies hyperparameters only stays on its branch; one that goes back to an older snapshot of its own begins a new one. A snapshot
 * without a parent is a root wherever it occurs, and so is one whose parent is not among the snapshots.
 */
export function branchesOf<S extends TreeSnapshot>(snapshots: readonly S[]): readonly Branch<S>[] {
  const branches: Growing<S>[] = [];
  const places = new SnapshotIndex<Place<S>>();
  const newest = new Map<number, S>();
  for (const snapshot of snapshots) {
    newest.set(snapshot.member, snapshot);
    const place = places.get(snapshot.parent);
    const continues =
      place?.branch.member === snapshot.member && place.index === place.branch.snapshots.length - 1;
    let branch = place?.branch;
    if (continues) branch!.snapshots.push(snapshot);
    else {
      const grown = place && { origin: place.branch.snapshots[place.index]!, parent: place.branch };
      branch = { member: snapshot.member, ...grown, snapshots: [snapshot], surviving: 0 };
      branches.push(branch);
    }
    places.set(snapshot.id, { branch: branch!, index: branch!.snapshots.length - 1 });
  }
  for (const { id } of newest.values()) {
    let place = places.get(id);
    // What is older than a snapshot that survives has been marked with it.
    while (place && place.branch.surviving <= place.index) {
      place.branch.surviving = place.index + 1;
      place = places.get(place.branch.origin?.id);
    }
  }
  return branches;
}

/** The ancestors of a snapshot's weights and the snapshot itself, from the root on, as far as they are among the snapshots. */
export function ancestorsOf<S extends TreeSnapshot>(id: SnapshotId, snapshots: readonly S[]): readonly S[] {
  const byId = SnapshotIndex.of(snapshots);
  const chain: S[] = [];
  for (let next = byId.get(id); next; next = byId.get(next.parent)) chain.push(next);
  return chain.reverse();
}
