import { lead, noExplore, truncationSelection, uniform } from "clade";
import { expect, test } from "vitest";
import type { Hyperparameters } from "../algorithm/snapshot.ts";
import type { Place } from "../experiment/trainer.ts";
import { inProcessSession } from "../trainer/in-process/in-process-session.ts";
import { Climber, climbing, simulatedRun } from "./simulated-run.test-support.ts";

/** The first is slow and good for its steps, the second slow and bad, the last fast and bad. */
const initial = [
  { rate: 0.9, pace: 30 },
  { rate: 0.1, pace: 30 },
  { rate: 0.7, pace: 1 },
  { rate: 0.6, pace: 1 },
  { rate: 0.5, pace: 1 },
  { rate: 0.2, pace: 1 },
];

/** What happened to each member, with a worker for each. The pace is that of the machine. */
async function mixedRun(changes: object, fault: (steps: number) => number = () => 0) {
  const experiment = climbing({
    hyperparameters: { rate: uniform(0, 1), pace: uniform(1, 30) },
    initial,
    exploit: truncationSelection({ fraction: 0.34, copy: "weights" }),
    explore: noExplore(),
    budget: { stepsPerMember: 1000, wallSeconds: 45 },
    ...changes,
  });
  const { join, seen, world } = await simulatedRun(experiment);
  class Paced extends Climber {
    override async step(values: Hyperparameters, place?: Place) {
      await world.pause(10 * (values.pace as number));
      await super.step(values);
      this.height += fault(place!.step);
    }
  }
  await Promise.all(initial.map((_, index) => join(`w${index}`, inProcessSession(Paced))));
  const { snapshots, decisions } = await seen();
  return initial.map((_, member) => ({
    snapshots: snapshots.filter((snapshot) => snapshot.member === member),
    decisions: decisions.filter((decision) => decision.member === member),
  }));
}

test("who is slow is compared with the others after as many steps", async () => {
  const [good, bad, first, , , last] = await mixedRun({});
  const generations = good!.decisions.length;
  expect(generations).toBeGreaterThan(20);
  expect(first!.decisions.length).toBeGreaterThan(5 * generations);
  expect(good!.decisions.map(({ reason }) => reason.numbers.rank)).toEqual(
    Array(generations).fill(1),
  );
  // The slow do not fill the last places.
  expect(last!.decisions.filter(({ kind }) => kind === "copy").length).toBeGreaterThan(10);
  // Who is bad as well copies what there is, and is then as far as its donor.
  const [copy] = bad!.decisions.filter(({ kind }) => kind === "copy");
  expect(copy!.reason.text).toMatch(/; member \d is copied as of generation \d+$/);
  const copied = bad!.snapshots.find(({ kind }) => kind === "copied")!;
  expect(copied.generation).toBeGreaterThan(copy!.generation + 20);
  expect(copied.step).toBeGreaterThan(5 * (copy!.generation + 20));
  expect(bad!.snapshots.filter(({ kind }) => kind === "recovered")).toEqual([]);
});

test("a strategy that looks at the history has that of the slow, too", async () => {
  const [good, bad] = await mixedRun({ exploit: lead({ copy: "weights" }) });
  expect(good!.decisions.filter(({ kind }) => kind === "copy")).toEqual([]);
  expect(bad!.decisions.filter(({ kind }) => kind === "copy").length).toBeGreaterThan(0);
});

test("a donor that has broken down since it was compared is not copied", async () => {
  const broken = (steps: number) => (steps > 60 ? Number.NaN : 0);
  const [, bad, ...others] = await mixedRun({}, broken);
  const reasons = bad!.decisions.map(({ reason }) => reason.text).join("\n");
  expect(reasons).toMatch(/; but member \d is no better as of generation \d+$/m);
  const copies = bad!.snapshots.filter(({ kind }) => kind === "copied");
  for (const { score } of copies) expect(score).toBeDefined();
  expect(
    others.flatMap(({ snapshots }) => snapshots.filter((each) => each.generation > 13)),
  ).not.toEqual([]);
});
