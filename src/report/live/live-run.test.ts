import { expect, test } from "vitest";
import { type Snapshot, snapshotId } from "../../algorithm/snapshot.ts";
import { frameOf } from "./frame.ts";
import { LiveRun } from "./live-run.ts";

const snapshot = (
  member: number,
  ordinal: number,
  kind: Snapshot["kind"],
  rest: Partial<Snapshot>,
): Snapshot => ({
  id: snapshotId(member, ordinal),
  member,
  kind,
  generation: 0,
  step: 0,
  memberSteps: 0,
  hyperparameters: {},
  metrics: {},
  ...rest,
});

/** Member 0 trains, member 1 trains, member 0 copies it and trains on. */
const published = [
  snapshot(0, 0, "initial", {}),
  snapshot(1, 0, "initial", {}),
  snapshot(0, 1, "trained", { parent: snapshotId(0, 0), generation: 1, step: 10, score: 1 }),
  snapshot(1, 1, "trained", { parent: snapshotId(1, 0), generation: 1, step: 10, score: 3 }),
  snapshot(0, 2, "copied", { parent: snapshotId(1, 1), generation: 1, step: 10, score: 3 }),
  snapshot(0, 3, "trained", { parent: snapshotId(0, 2), generation: 2, step: 20, score: 5 }),
];

test("the lineage of the best goes through what it copied", () => {
  const run = new LiveRun({ direction: "maximize", members: 2 });
  for (const each of published) run.add([each]);
  expect(run.stretches.map(({ id }) => id)).toEqual(["0.1", "1.1", "0.3"]);
  expect(Array.from(run.bestLineage(), ({ id }) => id)).toEqual(["0.3", "1.1"]);
  expect(run.copies).toMatchObject([{ from: { id: "1.1" }, member: 0, generation: 1 }]);
  expect([run.lastStep, run.lastGeneration]).toEqual([20, 2]);
});

test("where less is better, the best is the least", () => {
  const run = new LiveRun({ direction: "minimize", members: 2 });
  run.add(published);
  expect(run.best!.id).toBe("0.1");
});

test("a frame has room, and stays as long as what comes fits", () => {
  const run = new LiveRun({ direction: "maximize", members: 2 });
  run.add(published.slice(0, 4));
  const frame = frameOf(run, undefined);
  expect(frame.lastStep).toBeGreaterThan(10);
  expect(frame.high).toBeGreaterThan(3);
  run.add([snapshot(1, 2, "trained", { parent: snapshotId(1, 1), generation: 2, step: 12 })]);
  expect(frameOf(run, frame)).toBe(frame);
  run.add(published.slice(4));
  const grown = frameOf(run, frame);
  expect(grown).not.toBe(frame);
  expect(grown.high).toBeGreaterThan(5);
  // One that diverges does not hide the others.
  const last = Array.from({ length: 100 }, (_, index) =>
    snapshot(1, index + 3, "trained", { parent: snapshotId(1, 2), step: 30, score: index }),
  );
  run.add([...last, snapshot(1, 200, "trained", { parent: snapshotId(1, 2), score: -1e9 })]);
  expect(frameOf(run, grown).low).toBeGreaterThan(-100);
});
