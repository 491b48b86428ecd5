import { memberOf, type Snapshot } from "../algorithm/snapshot.ts";
import { type Branch, branchesOf } from "./branches.ts";

/** A branch with its place in a drawing of the tree. */
export interface PlacedBranch<S extends Snapshot = Snapshot> extends Branch<S> {
  /** From 0, from top to bottom. */
  readonly row: number;
  readonly parentRow?: number;
}

/** How many members stood at the end of a generation, and how many of these left no descendant. */
export interface GenerationFate {
  readonly generation: number;
  readonly members: number;
  readonly extinct: number;
}

export interface PhylogeneticTree<S extends Snapshot = Snapshot> {
  /** One row each. */
  readonly branches: readonly PlacedBranch<S>[];
  /** Every generation from 0 (before any training) on, whatever branches were left out. */
  readonly fates: readonly GenerationFate[];
  /** How many branches there are, with those that were left out. */
  readonly total: number;
}

/**
 * The tree with one branch a row. A branch is followed by those that began on it, the latest first, each followed by its own. Over an axis
 * of generations the line from a branch down to one that began on it then crosses no other: what lies between began later.
 * Of more branches than `most` only the surviving ones are given, each up to its last snapshot that survives.
 */
export function phylogeneticTree<S extends Snapshot>(
  snapshots: readonly S[],
  most = 200,
): PhylogeneticTree<S> {
  const all = branchesOf(snapshots);
  const kept = all.length <= most ? all : all.filter(({ surviving }) => surviving > 0);
  return { branches: inRows(kept, all.length > most), fates: fates(all), total: all.length };
}

function inRows<S extends Snapshot>(
  branches: readonly Branch<S>[],
  cut: boolean,
): readonly PlacedBranch<S>[] {
  const children = Map.groupBy(branches, ({ parent }) => parent);
  const roots = [...(children.get(undefined) ?? [])].sort((a, b) => a.member - b.member);
  const placed: PlacedBranch<S>[] = [];
  // A stack instead of recursion: lineages are as deep as a run has copies.
  const open: { readonly branch: Branch<S>; readonly parentRow?: number }[] = roots
    .reverse()
    .map((branch) => ({ branch }));
  for (let next = open.pop(); next; next = open.pop()) {
    const { branch, parentRow } = next;
    const row = placed.length;
    const shown = cut ? branch.snapshots.slice(0, branch.surviving) : branch.snapshots;
    placed.push({ ...branch, snapshots: shown, row, ...(parentRow !== undefined && { parentRow }) });
    const begun = [...(children.get(branch) ?? [])].sort((a, b) => originOf(a) - originOf(b));
    for (const child of begun) open.push({ branch: child, parentRow: row });
  }
  return placed;
}

function originOf({ origin }: Branch): number {
  return origin?.generation ?? 0;
}

function fates(branches: readonly Branch[]): readonly GenerationFate[] {
  // Of each generation the members, and whether any snapshot with which they ended it survives.
  const generations: Map<number, boolean>[] = [];
  for (const { member, snapshots, surviving } of branches) {
    snapshots.forEach(({ kind, generation }, index) => {
      if (kind !== "trained" && kind !== "initial") return;
      while (generations.length <= generation) generations.push(new Map());
      const survives = index < surviving;
      generations[generation]!.set(member, survives || (generations[generation]!.get(member) ?? false));
    });
  }
  return generations.map((members, generation) => ({
    generation,
    members: members.size,
    extinct: [...members.values()].filter((survives) => !survives).length,
  }));
}

/** Whether a snapshot took its donor's hyperparameters and kept its member's weights. */
export function copiesHyperparametersOnly({ kind, parent, member }: Snapshot): boolean {
  return kind === "copied" && parent !== undefined && memberOf(parent) === member;
}
