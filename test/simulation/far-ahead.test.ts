import { setTimeout as sleep } from "node:timers/promises";
import {
  beginning,
  defineExperiment,
  everySteps,
  maximize,
  memoryPopulationStore,
  noExplore,
  run,
  truncationSelection,
  uniform,
} from "clade";
import { expect, test } from "vitest";

/**
 * A step takes 0.3 s where the pace is above a half, and gains nothing there, so that the slow
 * member always copies.
 */
class Paced {
  gained = 0;
  async step({ pace }: { readonly pace: number }) {
    if (pace > 0.5) await sleep(300);
    else this.gained += 1;
  }
  evaluate() {
    return { gained: this.gained };
  }
  save() {
    return { gained: this.gained };
  }
  restore(state: { readonly gained: number }) {
    this.gained = state.gained;
  }
}

test("a slow member copies members far ahead, and their checkpoints are there", async () => {
  const experiment = defineExperiment({
    name: "far-ahead",
    population: 6,
    hyperparameters: { pace: uniform(0, 1) },
    initial: [{ pace: 1 }, ...Array.from({ length: 5 }, () => ({ pace: 0 }))],
    objective: maximize("gained"),
    ready: everySteps(1),
    exploit: truncationSelection({ fraction: 0.4, copy: "weights" }),
    explore: noExplore(),
    budget: { stepsPerMember: 100_000, wallSeconds: 3 },
    trainer: Paced,
  });
  const store = memoryPopulationStore();
  const { run: id } = await run(experiment, { populationStore: store, workers: 2, seed: 1 });
  const { snapshots } = await store.changes(id, beginning, 1_000_000);
  const slow = snapshots.filter(({ member }) => member === 0);
  expect(slow.filter(({ kind }) => kind === "copied").length).toBeGreaterThan(1);
  expect(slow.filter(({ kind }) => kind === "recovered")).toEqual([]);
  const ahead = (await store.members(id))[1]!.newest.generation;
  expect(ahead).toBeGreaterThan(100);
});
