import { expect, test } from "vitest";
import { randomStream } from "../algorithm/random.ts";
import { snapshotId } from "../algorithm/snapshot.ts";
import type { PublishedSnapshot } from "../population-store/population-store.ts";
import { branchesOf } from "./branches.ts";
import { phylogeneticTree } from "./phylogenetic-tree.ts";
import { smallTree, snapshot } from "./snapshots.test-support.ts";

test("offshoots stand beside their branch: extinct above, surviving below, latest nearest", () => {
  const extinct = snapshot("3.0", "0.1", { generation: 1 });
  const anew = snapshot("3.1", undefined, { kind: "restarted", generation: 1 });
  const { branches, rows } = phylogeneticTree(
    branchesOf([...smallTree.slice(0, 6), extinct, ...smallTree.slice(6), anew]),
  );
  expect(rows).toBe(8);
  expect(
    branches.map(({ row, parentRow, snapshots }) => [row, parentRow, snapshots[0]!.id]),
  ).toEqual([
    [0, 1, "3.0"],
    [1, undefined, "0.0"],
    [2, 1, "1.2"],
    [3, 2, "2.3"],
    [4, 2, "0.3"],
    [5, undefined, "1.0"],
    [6, undefined, "2.0"],
    [7, undefined, "3.1"],
  ]);
});

test("the fates count, generation by generation, the members that left no descendant", () => {
  expect(phylogeneticTree(branchesOf(smallTree)).fates).toEqual([
    { generation: 0, members: 3, extinct: 2 },
    { generation: 1, members: 3, extinct: 2 },
    { generation: 2, members: 3, extinct: 2 },
    { generation: 3, members: 3, extinct: 0 },
  ]);
});

test("of a large tree only what survives is given, with one row for each member's present", () => {
  const { branches, rows, total, fates } = phylogeneticTree(branchesOf(smallTree), 5);
  expect([rows, total]).toEqual([3, 6]);
  expect(branches.map(({ row, snapshots }) => [row, ...snapshots.map(({ id }) => id)])).toEqual([
    // Member 1 goes on with what member 0 left, so both are one row.
    [0, "0.0", "0.1"],
    [0, "1.2", "1.3", "1.4"],
    [1, "2.3", "2.4"],
    [2, "0.3", "0.4"],
  ]);
  expect(fates[0]).toEqual({ generation: 0, members: 3, extinct: 2 });
});

test.each([10_000, 10])(
  "no line from a branch to one that began on it crosses another (at most %i branches)",
  (maxBranches) => {
    const { branches } = phylogeneticTree(branchesOf(randomRun(20, 30)), maxBranches);
    expect(branches.length).toBeGreaterThan(20);
    for (const { row, parentRow, origin } of branches) {
      if (parentRow === undefined) continue;
      const [above, below] = [Math.min(row, parentRow), Math.max(row, parentRow)];
      for (const between of branches.filter((other) => other.row > above && other.row < below)) {
        const begin = (between.origin ?? between.snapshots[0]!).generation;
        expect(begin).toBeGreaterThanOrEqual(origin!.generation);
      }
    }
  },
);

/** Members of which a third copies a random other one after every generation. */
function randomRun(members: number, generations: number): PublishedSnapshot[] {
  const random = randomStream(1, "tree");
  const ordinals = Array.from({ length: members }, () => 0);
  const newest = ordinals.map((_, member) => snapshot(snapshotId(member, 0), undefined));
  const snapshots = [...newest];
  for (let generation = 1; generation <= generations; generation++) {
    const publish = (member: number, parent: string) => {
      newest[member] = snapshot(snapshotId(member, ++ordinals[member]!), parent, { generation });
      snapshots.push(newest[member]);
    };
    for (let member = 0; member < members; member++) publish(member, newest[member]!.id);
    const trained = [...newest];
    for (let member = 0; member < members; member++) {
      const donor = random.integer(members * 3);
      if (donor < members && donor !== member) publish(member, trained[donor]!.id);
    }
  }
  return snapshots;
}
