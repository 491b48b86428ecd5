import {
  CheckpointError,
  CladeError,
  defineExperiment,
  everySteps,
  maximize,
  memoryPopulationStore,
  truncationSelection,
  uniform,
} from "clade";
import { expect, test } from "vitest";
import { memoryCheckpointStore } from "../checkpoint-store/memory/memory-checkpoint-store.ts";
import { describeExperiment } from "../experiment/experiment.ts";
import {
  beginning,
  type PopulationStore,
  type Run,
  type RunId,
  type WorkerId,
} from "../population-store/population-store.ts";
import { createRun } from "../run/create-run.ts";
import { run } from "../run/run.ts";
import { inProcessSession } from "../trainer/in-process/in-process-session.ts";
import { type WorkerOptions, work } from "./worker.ts";

class Climber {
  #height = 0;
  step({ rate }: { readonly rate: number }): void | Promise<void> {
    this.#height += rate;
  }
  evaluate() {
    return { height: this.#height };
  }
  save() {
    return { height: this.#height };
  }
  restore({ height }: { readonly height: number }) {
    this.#height = height;
  }
}

class Hanging extends Climber {
  override step() {
    return new Promise<void>(() => {});
  }
}

const declaration = {
  name: "climb",
  population: 1,
  hyperparameters: { rate: uniform(0, 1) },
  objective: maximize("height"),
  ready: everySteps(5),
};

const experiment = (stepsPerMember: number, trainer: typeof Climber = Climber) =>
  defineExperiment({ ...declaration, budget: { stepsPerMember }, trainer });

const options = (run: Run) => ({
  worker: "a:1:1" as WorkerId,
  run,
  signal: new AbortController().signal,
});

test("a storage that is away takes no member back to an older checkpoint", async () => {
  const populationStore = memoryPopulationStore();
  const checkpoints = memoryCheckpointStore();
  const { run: id } = await run(experiment(15), {
    populationStore,
    checkpoints: () => checkpoints,
    seed: 1,
  });
  const longer = experiment(30);
  await populationStore.resume(id, { experiment: describeExperiment(longer) });
  const [member] = await populationStore.members(id);
  const away: WorkerOptions["checkpointStore"] = {
    ...checkpoints,
    async load(checkpoint) {
      if (checkpoint === member!.newest.checkpoint)
        throw new CheckpointError(checkpoint, "is missing");
      throw new CladeError("the storage is away");
    },
  };
  const working = work({
    ...options(await populationStore.run(id)),
    experiment: longer,
    populationStore,
    checkpointStore: away,
    session: inProcessSession(Climber),
  });
  await expect(working).rejects.toThrow("the storage is away");
  expect((await populationStore.members(id))[0]!.newest).toEqual(member!.newest);
});

test("a worker asked to stop leaves a trainer that hangs, and gives its member back", async () => {
  const populationStore = memoryPopulationStore();
  const hanging = experiment(15, Hanging);
  const created = await createRun(populationStore, hanging, 1);
  const stop = new AbortController();
  const working = work({
    ...options(created),
    experiment: hanging,
    populationStore,
    checkpointStore: memoryCheckpointStore(),
    session: inProcessSession(Hanging),
    signal: stop.signal,
  });
  const lease = async () => (await populationStore.members(created.id))[0]!.lease;
  await expect.poll(lease).toBeDefined();
  stop.abort();
  await working;
  expect(await lease()).toBeUndefined();
});

test("a worker that begins by training sees the others as of its generation", async () => {
  const synchronous = (trainer: typeof Climber) =>
    defineExperiment({
      ...declaration,
      population: 6,
      exploit: truncationSelection({ fraction: 0.34 }),
      budget: { stepsPerMember: 60 },
      synchronous: true,
      trainer,
    });
  const undisturbed = memoryPopulationStore();
  const { run: id } = await run(synchronous(Climber), {
    populationStore: undisturbed,
    seed: 1,
    workers: 1,
  });

  const disturbed = memoryPopulationStore();
  const checkpointStore = memoryCheckpointStore();
  const { id: other } = await createRun(disturbed, synchronous(Climber), 1);
  while ((await disturbed.run(other)).state.kind === "running") {
    const leave = new AbortController();
    let steps = 0;
    class Leaving extends Climber {
      // The decision before the second training has been published, and the next worker finds it.
      override step(values: { readonly rate: number }) {
        if (++steps === 6) leave.abort();
        return super.step(values);
      }
    }
    await work({
      worker: "a:1:1" as WorkerId,
      run: await disturbed.run(other),
      experiment: synchronous(Leaving),
      populationStore: disturbed,
      checkpointStore,
      session: inProcessSession(Leaving),
      signal: leave.signal,
    });
  }
  const decisions = async (store: PopulationStore, of: RunId) =>
    (await store.changes(of, beginning, 1_000_000)).decisions.toSorted((a, b) =>
      a.snapshot.localeCompare(b.snapshot, "en", { numeric: true }),
    );
  expect(await decisions(disturbed, other)).toEqual(await decisions(undisturbed, id));
});
