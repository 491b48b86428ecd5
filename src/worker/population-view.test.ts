import {
  defineExperiment,
  everySteps,
  lead,
  maximize,
  memoryPopulationStore,
  run,
  uniform,
} from "clade";
import { expect, test } from "vitest";
import { rememberedGenerations } from "../algorithm/history.ts";
import { randomStream } from "../algorithm/random.ts";
import { beginning } from "../population-store/population-store.ts";
import { PopulationView } from "./population-view.ts";

/** Climbs by the rate, and with luck that stays. */
class Climber {
  #seed: number;
  #state = { height: 0, steps: 0 };

  constructor({ seed }: { readonly seed: number }) {
    this.#seed = seed;
  }

  step({ rate }: { readonly rate: number }) {
    const { height, steps } = this.#state;
    const luck = randomStream(this.#seed, steps).normal();
    this.#state = { height: height + rate + luck, steps: steps + 1 };
  }

  evaluate() {
    return { height: this.#state.height };
  }

  save() {
    return { state: this.#state };
  }

  restore(
    { state }: { readonly state: { height: number; steps: number } },
    { seed }: { readonly seed: number },
  ) {
    this.#seed = seed;
    this.#state = state;
  }
}

const generations = 3 * rememberedGenerations;
const experiment = defineExperiment({
  name: "climb",
  population: 8,
  hyperparameters: { rate: uniform(0, 1) },
  objective: maximize("height"),
  ready: everySteps(2),
  exploit: lead(),
  budget: { stepsPerMember: 2 * generations },
  synchronous: true,
  trainer: Climber,
});

async function treeOf(workers: number) {
  const store = memoryPopulationStore();
  const { run: id } = await run(experiment, { seed: 1, workers, populationStore: store });
  const { snapshots } = await store.changes(id, beginning, 1_000_000);
  return { store, id, snapshots };
}

test("decisions that look at the history do not depend on the number of workers", async () => {
  const [alone, six] = await Promise.all([treeOf(1), treeOf(6)]);
  const told = ({ snapshots }: typeof alone) =>
    snapshots
      .map(({ id, kind, parent, score, hyperparameters }) => ({
        id,
        kind,
        parent,
        score,
        hyperparameters,
      }))
      .sort((first, second) => (first.id < second.id ? -1 : 1));
  expect(told(six)).toEqual(told(alone));
  const copies = alone.snapshots.filter(({ kind }) => kind === "copied");
  expect(copies.length).toBeGreaterThan(generations / 2);
  expect(copies.length).toBeLessThan(8 * generations * 0.6);
});

test("a worker that joins late knows the last generations, copies and their donors", async () => {
  const { store, id, snapshots } = await treeOf(1);
  const byId = new Map(snapshots.map((snapshot) => [snapshot.id, snapshot]));
  for (const generation of [1, rememberedGenerations, generations]) {
    const { view } = await PopulationView.read(store, await store.run(id), generation, true);
    const { history, size, generations: budget } = await view.upTo(generation);
    expect([size, budget]).toEqual([8, generations]);
    const first = Math.max(1, generation - rememberedGenerations + 1);
    for (let number = first; number <= generation; number++) {
      const trained = history.trained(number);
      expect(trained.map(({ member }) => member)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
      if (number === first) continue;
      for (const snapshot of trained)
        expect(history.startOf(snapshot)?.score).toBe(byId.get(snapshot.parent!)!.score);
    }
  }
});
