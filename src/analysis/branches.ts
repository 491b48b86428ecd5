import { firstPlace } from "../algorithm/bisect.ts";
import { memberOf, ordinalOf, type SnapshotId, type TreeSnapshot } from "../algorithm/snapshot.ts";

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
  snapshots: S[];
  surviving: number;
}

/**
 * The branches of a run's snapshots, which come in the order of publication, in the order in which they began. Lineage follows the weights:
 * a member that copies hyperparameters only stays on its branch; one that goes back to an older snapshot of its own begins a new one. A snapshot
 * without a parent is a root wherever it occurs, and so is one whose parent is not among the snapshots.
 */
export function branchesOf<S extends TreeSnapshot>(snapshots: readonly S[]): readonly Branch<S>[] {
  const branches: Growing<S>[] = [];
  // Those of one member in the order in which they began, each with the ordinals up to the next.
  const members: Growing<S>[][] = [];
  const branchOf = (id: SnapshotId | undefined) => {
    const own = (id !== undefined && members[memberOf(id)]) || [];
    return own[firstPlace(own, ({ snapshots }) => ordinalOf(snapshots[0]!.id) > ordinalOf(id!)) - 1];
  };
  for (const snapshot of snapshots) {
    const { member, parent: origin } = snapshot;
    members[member] ??= [];
    const newest = members[member].at(-1);
    if (newest && newest.snapshots.at(-1)!.id === origin) {
      newest.snapshots.push(snapshot);
      continue;
    }
    // A list that has grown is larger than what it holds.
    if (newest) newest.snapshots = newest.snapshots.slice();
    const parent = branchOf(origin);
    const own = { member, snapshots: [snapshot], surviving: 0 };
    const branch = parent ? { ...own, origin: parent.snapshots[placeOf(origin!, parent)]!, parent } : own;
    members[member].push(branch);
    branches.push(branch);
  }
  for (const own of members) {
    let branch = own?.at(-1);
    let newest = branch?.snapshots.at(-1);
    // What is older than a snapshot that survives has been marked with it.
    while (branch && newest && branch.surviving <= placeOf(newest.id, branch)) {
      branch.surviving = placeOf(newest.id, branch) + 1;
      newest = branch.origin;
      branch = branch.parent as Growing<S> | undefined;
    }
  }
  return branches;
}

/** Where a snapshot stands on its branch. Those of one member are numbered in the order of publication. */
function placeOf(id: SnapshotId, { snapshots }: Branch): number {
  const ordinal = ordinalOf(id);
  return firstPlace(snapshots, (snapshot) => ordinalOf(snapshot.id) >= ordinal);
}

/**
 * The ancestors of a snapshot's weights and the snapshot itself, from the root on, as far as they are among the
 * snapshots, which come in the order of publication.
 */
export function ancestorsOf<S extends TreeSnapshot>(id: SnapshotId, snapshots: readonly S[]): readonly S[] {
  const chain: S[] = [];
  let next: SnapshotId | undefined = id;
  // A parent is published before its children.
  for (let index = snapshots.length - 1; index >= 0 && next !== undefined; index--) {
    const snapshot = snapshots[index]!;
    if (snapshot.id !== next) continue;
    chain.push(snapshot);
    next = snapshot.parent;
  }
  return chain.reverse();
}
