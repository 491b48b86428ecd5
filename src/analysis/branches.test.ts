import { expect, test } from "vitest";
import type { SnapshotId } from "../algorithm/snapshot.ts";
import { ancestorsOf, branchesOf } from "./branches.ts";
import { smallTree, snapshot } from "./snapshots.test-support.ts";

const inWords = (snapshots: Parameters<typeof branchesOf>[0]) =>
  branchesOf(snapshots).map(({ origin, snapshots, surviving }) => {
    const ids = snapshots.map(({ id }) => id as string);
    const begun = origin ? `${origin.id} > ` : "";
    return `${begun}${ids.slice(0, surviving).join(" ")} | ${ids.slice(surviving).join(" ")}`;
  });

test("a branch begins with a member or a copy; its part without descendants is extinct", () => {
  expect(inWords(smallTree)).toEqual([
    "0.0 0.1 | 0.2",
    " | 1.0 1.1",
    " | 2.0 2.1 2.2",
    "0.1 > 1.2 1.3 1.4 | ",
    "1.3 > 0.3 0.4 | ",
    "1.3 > 2.3 2.4 | ",
  ]);
});

test("a member that copies hyperparameters only stays on its branch", () => {
  const copy = snapshot("0.2", "0.1", {
    generation: 1,
    kind: "copied",
    donor: "1.1" as SnapshotId,
  });
  const snapshots = [
    snapshot("0.0", undefined),
    snapshot("1.0", undefined),
    snapshot("0.1", "0.0", { generation: 1 }),
    snapshot("1.1", "1.0", { generation: 1 }),
    copy,
    snapshot("0.3", "0.2", { generation: 2 }),
  ];
  expect(inWords(snapshots)).toEqual(["0.0 0.1 0.2 0.3 | ", "1.0 1.1 | "]);
});

test("fresh weights in mid-run are a root, and what came before them is extinct", () => {
  const snapshots = [
    snapshot("0.0", undefined),
    snapshot("0.1", "0.0", { generation: 1 }),
    snapshot("0.2", undefined, { kind: "restarted", generation: 1, step: 0 }),
    snapshot("0.3", "0.2", { generation: 2 }),
  ];
  expect(inWords(snapshots)).toEqual([" | 0.0 0.1", "0.2 0.3 | "]);
});

test("a member that goes back to an older snapshot of its own begins a new branch there", () => {
  const snapshots = [
    snapshot("0.0", undefined),
    snapshot("0.1", "0.0", { generation: 1 }),
    snapshot("0.2", "0.1", { generation: 2 }),
    snapshot("0.3", "0.1", { generation: 1, kind: "recovered" }),
  ];
  expect(inWords(snapshots)).toEqual(["0.0 0.1 | 0.2", "0.1 > 0.3 | "]);
});

test("the ancestors of a model lead through the donors to an initial member", () => {
  expect(ancestorsOf("0.4" as SnapshotId, smallTree).map(({ id }) => id)).toEqual([
    "0.0",
    "0.1",
    "1.2",
    "1.3",
    "0.3",
    "0.4",
  ]);
});
