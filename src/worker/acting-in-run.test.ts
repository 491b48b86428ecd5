import {
  choice,
  defineExperiment,
  everySteps,
  maximize,
  memoryPopulationStore,
  uniform,
} from "clade";
import { expect, test } from "vitest";
import { memoryCheckpointStore } from "../checkpoint-store/memory/memory-checkpoint-store.ts";
import type { PopulationStore, Run, WorkerId } from "../population-store/population-store.ts";
import { createRun } from "../run/create-run.ts";
import { inProcessSession } from "../trainer/in-process/in-process-session.ts";
import { work } from "./worker.ts";

/** Climbs by its rate, and takes no notice of anything else that it is told. */
class Climber {
  height = 0;
  step(hyperparameters: { readonly rate: number }): void {
    this.height += hyperparameters.rate;
  }
  evaluate() {
    return { height: this.height };
  }
  save() {
    return { height: this.height };
  }
  restore({ height }: { readonly height: number }) {
    this.height = height;
  }
}

const experiment = (trainer: unknown = Climber, stepsPerMember = 20) =>
  defineExperiment({
    name: "climb",
    population: 4,
    hyperparameters: { rate: uniform(0, 1), decay: uniform(0, 0.5), kind: choice("a", "b") },
    objective: maximize("height"),
    ready: everySteps(5),
    budget: { stepsPerMember },
    synchronous: true,
    trainer: trainer as never,
  });

async function trained({
  trainer,
  workers = 1,
  tries = true,
  stepsPerMember = 20,
}: {
  trainer?: unknown;
  workers?: number;
  tries?: boolean;
  stepsPerMember?: number;
} = {}): Promise<{ store: PopulationStore; run: Run }> {
  const declared = experiment(trainer, stepsPerMember);
  const store = memoryPopulationStore();
  const checkpoints = memoryCheckpointStore();
  const run = await createRun(store, declared, 1);
  await Promise.all(
    Array.from({ length: workers }, (_, index) =>
      work({
        worker: `a:${index}:1` as WorkerId,
        run,
        experiment: declared,
        populationStore: store,
        checkpointStore: checkpoints,
        session: inProcessSession(declared.trainer as never),
        signal: new AbortController().signal,
        takesTurns: workers > 1,
        triesActing: tries,
      }),
    ),
  );
  return { store, run: await store.run(run.id) };
}

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const value of values) collected.push(value);
  return collected;
}

test("hyperparameters that change nothing are noted once in a run, by one worker", async () => {
  const { store, run } = await trained({ workers: 3 });
  const notes = (await store.notes(run.id)).filter((note) => note.kind === "acting");
  const found = notes.filter((note) => note.found);
  expect(found).toHaveLength(1);
  expect(found[0]).toMatchObject({
    worker: notes[0]!.worker,
    found: {
      steps: 5,
      without: [
        { name: "decay", values: [0, 0.5] },
        { name: "kind", values: expect.arrayContaining(["a", "b"]) },
      ],
      unproved: [],
    },
  });
});

test("a synchronous run has the same snapshots with the trial and without it", async () => {
  const [withTrial, without] = await Promise.all(
    [true, false].map(async (tries) => {
      const { store, run } = await trained({ tries });
      return await Promise.all([0, 1, 2, 3].map((member) => all(store.history(run.id, member))));
    }),
  );
  expect(withTrial).toEqual(without);
});

test("a trial in which the trainer fails costs no member, and gives its reason", async () => {
  class Fragile extends Climber {
    override step(hyperparameters: { readonly rate: number; readonly decay?: number }) {
      if (hyperparameters.decay === 0.5) throw new Error("no such decay");
      super.step(hyperparameters);
    }
  }
  const { store, run } = await trained({ trainer: Fragile });
  expect(run.state.kind).toBe("done");
  expect(await store.counts(run.id)).toMatchObject({ failures: 0 });
  const [, note] = (await store.notes(run.id)).filter((each) => each.kind === "acting");
  expect(note!.found!.unproved).toEqual([
    { name: "decay", reason: expect.stringContaining("no such decay") },
  ]);
});

test("nothing is trained beyond a member's budget to try it", async () => {
  let maxHeight = 0;
  class Counted extends Climber {
    override step(hyperparameters: { readonly rate: number }) {
      super.step({ ...hyperparameters, rate: 1 });
      maxHeight = Math.max(maxHeight, this.height);
    }
  }
  await trained({ trainer: Counted, stepsPerMember: 7 });
  expect(maxHeight).toBe(7);
  const { store, run } = await trained({ trainer: Counted, stepsPerMember: 5 });
  expect((await store.notes(run.id)).filter(({ kind }) => kind === "acting")).toEqual([]);
});
