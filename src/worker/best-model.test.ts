import {
  CheckpointError,
  type CheckpointId,
  type CheckpointStore,
  defineExperiment,
  everySteps,
  maximize,
  memoryCheckpointStore,
  memoryPopulationStore,
  noExploit,
  type Objective,
  run,
  uniform,
} from "clade";
import { expect, test } from "vitest";
import { summaryOf } from "../run/run-summary.ts";
import { verifyBest, verifyBestOnce } from "./best-model.ts";
import { collect } from "./collector.ts";

class Climber {
  #height = 0;
  step({ rate }: { readonly rate: number }) {
    this.#height += rate;
  }
  evaluate() {
    return { height: this.#height, kept: -this.#height };
  }
  save() {
    return { height: this.#height };
  }
  restore({ height }: { readonly height: number }) {
    this.#height = height;
  }
}

const climbing = (
  population: number,
  objective: Objective<"height" | "kept"> = maximize("height"),
) =>
  defineExperiment({
    name: "climb",
    population,
    hyperparameters: { rate: uniform(0.1, 1) },
    objective,
    ready: everySteps(5),
    exploit: noExploit(),
    budget: { stepsPerMember: 15 },
    trainer: Climber,
  });

/** A store of which some checkpoints cannot be read. */
function damagedStore(isDamaged: (id: CheckpointId, saves: readonly CheckpointId[]) => boolean) {
  const saves: CheckpointId[] = [];
  const loads: CheckpointId[] = [];
  const store = memoryCheckpointStore();
  const damaged: CheckpointStore = {
    ...store,
    async save(files, reserve) {
      saves.push(await store.save(files, reserve));
      return saves.at(-1)!;
    },
    async load(id) {
      loads.push(id);
      if (isDamaged(id, saves)) throw new CheckpointError(id, "is damaged");
      return await store.load(id);
    },
  };
  return { store: damaged, loads };
}

test("a run whose best model is damaged ends with the next best, and says so", async () => {
  const populationStore = memoryPopulationStore();
  const { store } = damagedStore((id, saves) => saves.indexOf(id) === 2);
  const result = await run(climbing(1), { populationStore, checkpoints: () => store, seed: 1 });
  expect(result.state.kind).toBe("done");
  expect(result.best).toMatchObject({ step: 10 });
  const best = await populationStore.run(result.run).then((ended) => ended.best);
  expect(result.lost).toMatchObject([
    { snapshot: best, why: expect.stringContaining("is damaged") },
  ]);
});

test("a run whose best model is whole says nothing, and reads it once", async () => {
  const populationStore = memoryPopulationStore();
  const { store, loads } = damagedStore(() => false);
  const result = await run(climbing(1), { populationStore, checkpoints: () => store, seed: 1 });
  expect(result.lost).toBeUndefined();
  expect(result.best).toMatchObject({ step: 15 });
  await verifyBestOnce(populationStore, store, result.run);
  expect(loads).toEqual([result.best!.checkpoint]);
});

test.each([
  ["by the score", maximize("height")],
  ["by the held-out metric", maximize("height", { final: "kept" })],
])(
  "the next best model %s takes the place of a lost one, and is collected by nobody",
  async (_, objective) => {
    const populationStore = memoryPopulationStore();
    const lost = new Set<CheckpointId>();
    const { store } = damagedStore((id) => lost.has(id));
    const before = await run(climbing(3, objective), {
      populationStore,
      checkpoints: () => store,
      seed: 1,
    });
    lost.add(before.best!.checkpoint!);
    await verifyBest(populationStore, store, before.run);
    const after = await summaryOf(populationStore, before.run);
    expect(after.lost).toMatchObject([{ snapshot: before.best!.id }]);
    expect(after.best!.id).not.toBe(before.best!.id);
    await collect(populationStore, store, before.run);
    await store.load(after.best!.checkpoint!);

    lost.clear();
    await verifyBest(populationStore, store, before.run);
    expect((await summaryOf(populationStore, before.run)).best!.id).toBe(before.best!.id);
  },
);

test("where no model is whole there is no best, and each is named", async () => {
  const populationStore = memoryPopulationStore();
  let isDamaged = false;
  const { store } = damagedStore(() => isDamaged);
  const { run: id } = await run(climbing(1), {
    populationStore,
    checkpoints: () => store,
    seed: 1,
  });
  isDamaged = true;
  await verifyBest(populationStore, store, id);
  const result = await summaryOf(populationStore, id);
  expect(result.best).toBeUndefined();
  expect(result.lost!.length).toBeGreaterThanOrEqual(2);
});

test("a worker that does not collect verifies the best model and frees the rest", async () => {
  const populationStore = { ...memoryPopulationStore(), takeCollection: async () => false };
  const { store, loads } = damagedStore(() => false);
  const quiet: boolean[] = [];
  const swept: CheckpointStore = {
    ...store,
    beginSweep: (how) => {
      quiet.push(how?.isQuiet ?? false);
      return store.beginSweep(how);
    },
  };
  const result = await run(climbing(1), { populationStore, checkpoints: () => swept, seed: 1 });
  expect(loads).toEqual([result.best!.checkpoint]);
  expect(await populationStore.notes(result.run)).toMatchObject([
    { kind: "best-model", lost: [] },
  ]);
  expect(quiet).toEqual([true]);
});

test("what was found whole and is not any more is looked for again by who asks once", async () => {
  const populationStore = memoryPopulationStore();
  const store = memoryCheckpointStore();
  const before = await run(climbing(1), { populationStore, checkpoints: () => store, seed: 1 });
  const lost = before.best!.checkpoint!;
  const read = async (id: CheckpointId) => {
    if (id === lost) throw new CheckpointError(id, "is damaged");
  };
  const directories = { look: read, verify: read } as CheckpointStore["directories"];
  await verifyBestOnce(populationStore, { ...store, directories: directories! }, before.run);
  expect((await summaryOf(populationStore, before.run)).lost).toMatchObject([
    { snapshot: before.best!.id },
  ]);
});
