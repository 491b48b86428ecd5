import { memberOf, type TreeSnapshot } from "../algorithm/snapshot.ts";
import type { Branch } from "./branches.ts";

/** A branch with its place in a drawing of the tree. */
export interface PlacedBranch<S extends TreeSnapshot = TreeSnapshot> extends Branch<S> {
  /** From 0, from top to bottom. */
  readonly row: number;
  /** That of the branch that it began on. */
  readonly parentRow?: number;
}

/** How many members stood at the end of a generation, and how many of these left no descendant. */
export interface GenerationFate {
  readonly generation: number;
  readonly members: number;
  readonly extinct: number;
}

export interface PhylogeneticTree<S extends TreeSnapshot = TreeSnapshot> {
  /** From top to bottom; those of one row from left to right. */
  readonly branches: readonly PlacedBranch<S>[];
  readonly rows: number;
  /** Every generation from 0 (before any training) on, even where branches were left out. */
  readonly fates: readonly GenerationFate[];
  /** The number of all branches, including those that were left out. */
  readonly total: number;
}

/**
 * The tree of a run's branches in rows. Offshoots of a branch stand beside it, the latest nearest,
 * each with its own: extinct ones above and surviving ones below. Over an axis of generations the
 * line from a branch to an offshoot then crosses no other, since branches between them began
 * later.
 *
 * If there are more than `maxBranches`, only the surviving ones are given, each up to its last
 * surviving snapshot. An offshoot of that snapshot continues in the same row, so there is one row
 * for each member's newest snapshot.
 */
export function phylogeneticTree<S extends TreeSnapshot>(
  all: readonly Branch<S>[],
  maxBranches = 200,
): PhylogeneticTree<S> {
  const isCut = all.length > maxBranches;
  const kept = isCut ? all.filter(({ surviving }) => surviving > 0) : all;
  const lines = linesOf(kept, isCut);
  return {
    branches: placed(lines, isCut),
    rows: lines.length,
    fates: fates(all),
    total: all.length,
  };
}

/** The branches of one row. */
type Line<S extends TreeSnapshot> = readonly Branch<S>[];

/** The rows from top to bottom. */
function linesOf<S extends TreeSnapshot>(
  branches: readonly Branch<S>[],
  isCut: boolean,
): readonly Line<S>[] {
  const children = Map.groupBy(branches, ({ parent }) => parent);
  const lineOf = (first: Branch<S>): Line<S> => {
    const line = [first];
    while (isCut) {
      const last = line.at(-1)!;
      const end = last.snapshots[last.surviving - 1];
      const heir = children.get(last)?.find(({ origin }) => origin === end);
      if (!heir) break;
      line.push(heir);
    }
    return line;
  };
  const roots = [...(children.get(undefined) ?? [])].sort((a, b) => a.member - b.member);
  const lines: Line<S>[] = [];
  // A stack instead of recursion, since lineages are as deep as a run has copies. A line is pushed
  // again to come after those above it.
  const open: ({ readonly begin: Branch<S> } | { readonly line: Line<S> })[] = roots
    .reverse()
    .map((begin) => ({ begin }));
  for (let next = open.pop(); next; next = open.pop()) {
    if ("line" in next) {
      lines.push(next.line);
      continue;
    }
    const line = lineOf(next.begin);
    const inLine = new Set(line);
    const begun = line
      .flatMap((branch) => children.get(branch) ?? [])
      .filter((branch) => !inLine.has(branch))
      .sort((a, b) => a.origin!.generation - b.origin!.generation);
    const above = begun.filter(({ surviving }) => surviving === 0);
    const below = begun.filter(({ surviving }) => surviving > 0);
    for (const begin of below) open.push({ begin });
    open.push({ line });
    for (const begin of above.reverse()) open.push({ begin });
  }
  return lines;
}

function placed<S extends TreeSnapshot>(
  lines: readonly Line<S>[],
  isCut: boolean,
): readonly PlacedBranch<S>[] {
  const rows = new Map<Branch<S>, number>();
  lines.forEach((line, row) => {
    for (const branch of line) rows.set(branch, row);
  });
  return [...rows].map(([branch, row]) => ({
    ...branch,
    snapshots: isCut ? branch.snapshots.slice(0, branch.surviving) : branch.snapshots,
    row,
    ...(branch.parent && { parentRow: rows.get(branch.parent)! }),
  }));
}

function fates(branches: readonly Branch[]): readonly GenerationFate[] {
  const [last, members] = branches.reduce(
    ([generation, number], { snapshots, member }) => [
      Math.max(generation, snapshots.at(-1)!.generation),
      Math.max(number, member + 1),
    ],
    [-1, 0],
  ) as [number, number];
  // For each generation and member: whether the member ended it, and whether any of its snapshots
  // at that end survives.
  const [ended, survives] = [1, 2];
  const marks = new Uint8Array((last + 1) * members);
  for (const { member, snapshots, surviving } of branches) {
    snapshots.forEach(({ kind, generation }, index) => {
      if (kind !== "trained" && kind !== "initial") return;
      marks[generation * members + member]! |= ended | (index < surviving ? survives : 0);
    });
  }
  return Array.from({ length: last + 1 }, (_, generation) => {
    const own = marks.subarray(generation * members, (generation + 1) * members);
    const count = (mark: number) =>
      own.reduce((sum, marked) => sum + Number((marked & mark) !== 0), 0);
    return { generation, members: count(ended), extinct: count(ended) - count(survives) };
  });
}

/** Whether a snapshot took its donor's hyperparameters and kept its member's weights. */
export function copiesHyperparametersOnly({ kind, parent, member }: TreeSnapshot): boolean {
  return kind === "copied" && parent !== undefined && memberOf(parent) === member;
}
