import { firstPlace } from "../algorithm/bisect.ts";
import { memberOf, ordinalOf, type SnapshotId, type TreeSnapshot } from "../algorithm/snapshot.ts";

/**
 * The snapshots of one member between two changes of its weights: what its training adds to the
 * phylogenetic tree.
 */
export interface Branch<S extends TreeSnapshot = TreeSnapshot> {
  readonly member: number;
  /** The snapshot whose weights the branch began with; absent where weights were fresh. */
  readonly origin?: S | undefined;
  /** The branch that the origin is on. */
  readonly parent?: Branch<S> | undefined;
  /** From the oldest on, each the child of the one before. Never empty. */
  readonly snapshots: readonly S[];
  /**
   * How many of them, from the first on, have a descendant among the members' newest snapshots.
   * The others are extinct.
   */
  readonly surviving: number;
}

/**
 * A run has many branches, and most have few snapshots, so a list for each would take more memory
 * than the snapshots.
 */
class OwnBranch<S extends TreeSnapshot> implements Branch<S> {
  readonly member: number;
  readonly origin: S | undefined;
  readonly parent: OwnBranch<S> | undefined;
  surviving = 0;
  /** All snapshots of its member. */
  readonly #all: readonly S[];
  readonly #from: number;
  #to: number;

  constructor(all: readonly S[], origin: S | undefined, parent: OwnBranch<S> | undefined) {
    this.member = all.at(-1)!.member;
    this.origin = origin;
    this.parent = parent;
    this.#all = all;
    this.#from = all.length - 1;
    this.#to = all.length;
  }

  get snapshots(): readonly S[] {
    return this.#all.slice(this.#from, this.#to);
  }

  get first(): S {
    return this.#all[this.#from]!;
  }

  get last(): S {
    return this.#all[this.#to - 1]!;
  }

  /** Adds its member's newest snapshot. */
  grow(): void {
    this.#to++;
  }

  /**
   * A snapshot's place on the branch. The snapshots of a member are numbered in the order of
   * publication.
   */
  placeOf(id: SnapshotId): number {
    const ordinal = ordinalOf(id);
    const isThere = (snapshot: S) => ordinalOf(snapshot.id) >= ordinal;
    return firstPlace(this.#all, isThere, this.#from, this.#to) - this.#from;
  }

  at(place: number): S {
    return this.#all[this.#from + place]!;
  }
}

/**
 * The branches of a run, in the order in which they began. Snapshots are given in the order of
 * publication. Lineage follows the weights: a member that copies only hyperparameters stays on its
 * branch, and one that returns to its own older snapshot begins a new one. A snapshot without a
 * parent is a root wherever it occurs, and so is one whose parent is not among the snapshots.
 */
export function branchesOf<S extends TreeSnapshot>(snapshots: readonly S[]): readonly Branch<S>[] {
  const branches: OwnBranch<S>[] = [];
  const members: { readonly snapshots: S[]; readonly branches: OwnBranch<S>[] }[] = [];
  const branchOf = (id: SnapshotId | undefined) => {
    const own = (id !== undefined && members[memberOf(id)]?.branches) || [];
    return own[firstPlace(own, ({ first }) => ordinalOf(first.id) > ordinalOf(id!)) - 1];
  };
  for (const snapshot of snapshots) {
    const { member, parent: origin } = snapshot;
    members[member] ??= { snapshots: [], branches: [] };
    const own = members[member];
    const newest = own.branches.at(-1);
    const goesOn = newest?.last.id === origin && origin !== undefined;
    own.snapshots.push(snapshot);
    if (goesOn) {
      newest!.grow();
      continue;
    }
    const parent = branchOf(origin);
    const branch = new OwnBranch(own.snapshots, parent?.at(parent.placeOf(origin!)), parent);
    own.branches.push(branch);
    branches.push(branch);
  }
  for (const own of members) {
    let branch = own?.branches.at(-1);
    let newest = branch?.last;
    // Everything older than a surviving snapshot is marked already.
    while (branch && newest && branch.surviving <= branch.placeOf(newest.id)) {
      branch.surviving = branch.placeOf(newest.id) + 1;
      newest = branch.origin;
      branch = branch.parent;
    }
  }
  return branches;
}

/**
 * The ancestors of a snapshot's weights and the snapshot itself, from the root on, as far as they
 * are given. Snapshots are given in the order of publication.
 */
export function ancestorsOf<S extends TreeSnapshot>(
  id: SnapshotId,
  snapshots: readonly S[],
): readonly S[] {
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
