import { expect, test } from "vitest";
import type { SnapshotId } from "../algorithm/snapshot.ts";
import { ancestorsOf, branchesOf } from "./branches.ts";
import { hyperparameterCurves, partsOf, scoreCurves } from "./curves.ts";
import { smallTree, snapshot } from "./snapshots.test-support.ts";

const lineage = ancestorsOf("0.4" as SnapshotId, smallTree);

test("the curve of a lineage passes through the scores that its donors earned", () => {
  expect(scoreCurves(lineage)).toEqual([
    [
      { step: 10, value: 3 },
      { step: 20, value: 6 },
      { step: 30, value: 9 },
    ],
  ]);
});

test("a schedule's line changes where the lineage goes on in another member", () => {
  expect(hyperparameterCurves(lineage, "rate")).toEqual([
    [
      { step: 0, value: 0.1 },
      { step: 10, value: 0.1 },
      { step: 10, value: 0.2 },
      { step: 20, value: 0.2 },
      { step: 20, value: 0.4 },
      { step: 30, value: 0.4 },
    ],
  ]);
});

test("a missing score and a hyperparameter that does not apply leave a gap", () => {
  const snapshots = [
    snapshot("0.0", undefined),
    snapshot("0.1", "0.0", { generation: 1, score: 1, hyperparameters: { momentum: 0.9 } }),
    snapshot("0.2", "0.1", { generation: 2, hyperparameters: {} }),
    snapshot("0.3", "0.2", { generation: 3, score: 2, hyperparameters: { momentum: 0.5 } }),
  ];
  expect(scoreCurves(snapshots)).toEqual([[{ step: 10, value: 1 }], [{ step: 30, value: 2 }]]);
  expect(hyperparameterCurves(snapshots, "momentum")).toEqual([
    [
      { step: 0, value: 0.9 },
      { step: 10, value: 0.9 },
    ],
    [
      { step: 20, value: 0.5 },
      { step: 30, value: 0.5 },
    ],
  ]);
});

test("a surviving part begins at the donor's snapshot, an extinct one where it parts", () => {
  const ids = (snapshots: readonly { readonly id: SnapshotId }[]) => snapshots.map(({ id }) => id);
  const [first, , , copy] = branchesOf(smallTree).map(partsOf);
  expect(ids(first!.surviving)).toEqual(["0.0", "0.1"]);
  expect(ids(first!.extinct)).toEqual(["0.1", "0.2"]);
  expect(ids(copy!.surviving)).toEqual(["0.1", "1.2", "1.3", "1.4"]);
  expect(copy!.extinct).toEqual([]);
});
