import {
  constant,
  defineExperiment,
  lineage,
  maximize,
  memoryPopulationStore,
  minimize,
  noExploit,
  type RunEvent,
  randomStream,
  replay,
  run,
  type Snapshot,
  schedule,
  sequential,
  tTestSelection,
  uniform,
} from "clade";
import { expect, test } from "vitest";
import { PopulationView } from "../worker/population-view.ts";
import { climbing, NoisyClimber } from "./climbing.test-support.ts";

test("every member spends its budget, and the result names the best", async () => {
  const store = memoryPopulationStore();
  const result = await run(defineExperiment(climbing), { seed: 1, populationStore: store });
  expect(result).toMatchObject({
    state: { kind: "done" },
    totalSteps: 800,
    failedMembers: 0,
    seed: 1,
  });
  const { snapshots } = await store.changes(result.run, {
    snapshots: 0,
    decisions: 0,
    failures: 0,
  });
  expect(result.score).toBe(Math.max(...snapshots.map(({ score }) => score ?? 0)));
});

test("the best lineage, replayed along its schedule, gives its score bit for bit", async () => {
  const store = memoryPopulationStore();
  const experiment = defineExperiment(climbing);
  const result = await run(experiment, { seed: 3, populationStore: store });
  const chain = await lineage(result.snapshot!, (id) => store.snapshot(result.run, id));
  expect(new Set(chain.map(({ member }) => member)).size).toBeGreaterThan(1);
  expect((await replay(experiment, result.seed, schedule(chain))).score).toBe(result.score);
});

test("a run in one worker depends on the seed alone", async () => {
  const outcome = async (seed: number) => {
    const { run: name, seconds, ...rest } = await run(defineExperiment(climbing), { seed });
    return rest;
  };
  expect(await outcome(5)).toEqual(await outcome(5));
  expect(await outcome(5)).not.toEqual(await outcome(6));
});

test("a synchronous run depends on the seed alone, whatever the number of workers", async () => {
  const tree = async (workers: number) => {
    const store = memoryPopulationStore();
    const { run: id } = await run(defineExperiment({ ...climbing, synchronous: true }), {
      seed: 5,
      workers,
      populationStore: store,
    });
    const members = (await store.members(id)).map(async ({ member }) => {
      const history: Snapshot[] = [];
      for await (const snapshot of store.history(id, member)) history.push(snapshot);
      return history;
    });
    return await Promise.all(members);
  };
  const one = await tree(1);
  expect(await tree(3)).toEqual(one);
  expect(await tree(8)).toEqual(one);
});

test("members are ranked by what they earned: a quarter of generations are copies", async () => {
  const { copies } = await run(
    defineExperiment({ ...climbing, budget: { stepsPerMember: 1000 } }),
    {
      seed: 2,
    },
  );
  // 8 members with 199 decisions each; a quarter is 398. Ranked by the scores that came with
  // copies it was 1,585 of 1,592.
  expect(copies).toBeGreaterThan(300);
  expect(copies).toBeLessThan(550);
});

test("members with a NaN score are rescued by exploit; without it they are counted", async () => {
  class Diverging extends NoisyClimber {
    override evaluate() {
      return {
        height:
          this.state.steps > 20 && this.state.seed % 2 === 0 ? Number.NaN : this.state.height,
      };
    }
  }
  const searched = await run(
    defineExperiment({ ...climbing, trainer: Diverging, exploit: noExploit() }),
    {
      seed: 1,
    },
  );
  expect(searched.unscoredMembers).toBeGreaterThan(0);
  const selected = await run(defineExperiment({ ...climbing, trainer: Diverging }), { seed: 1 });
  expect(selected.unscoredMembers).toBeLessThan(searched.unscoredMembers);
});

test("a re-evaluation after a copy gives the recipient a score of its own", async () => {
  const store = memoryPopulationStore();
  const result = await run(defineExperiment({ ...climbing, reevaluate: true }), {
    seed: 1,
    populationStore: store,
  });
  const { snapshots } = await store.changes(result.run, {
    snapshots: 0,
    decisions: 0,
    failures: 0,
  });
  const kinds = snapshots.map(({ kind }) => kind);
  expect(kinds.filter((kind) => kind === "evaluated").length).toBeGreaterThan(0);
  expect(kinds.filter((kind) => kind === "evaluated").length).toBe(
    kinds.filter((kind) => kind === "copied").length,
  );
});

test("a minimised objective copies from the smallest", async () => {
  class Descender extends NoisyClimber {
    override evaluate() {
      return { height: this.state.height, loss: 1 - this.state.height };
    }
  }
  const store = memoryPopulationStore();
  const result = await run(
    defineExperiment({ ...climbing, trainer: Descender, objective: minimize("loss") }),
    { seed: 1, populationStore: store },
  );
  const { decisions } = await store.changes(result.run, {
    snapshots: 0,
    decisions: 0,
    failures: 0,
  });
  for (const { donor, snapshot } of decisions.filter(({ kind }) => kind === "copy")) {
    const scores = await Promise.all(
      [donor!, snapshot].map(async (id) => (await store.snapshot(result.run, id)).score!),
    );
    expect(scores[0]).toBeLessThan(scores[1]!);
  }
});

test("the t-test copies on the samples that the trainer reports", async () => {
  class Sampling extends NoisyClimber {
    override evaluate() {
      const random = randomStream(this.state.seed, this.state.steps, "samples");
      const samples = Array.from({ length: 10 }, () => this.state.height + 0.01 * random.normal());
      return { height: samples.reduce((sum, sample) => sum + sample) / 10, samples };
    }
  }
  const result = await run(
    defineExperiment({ ...climbing, trainer: Sampling, exploit: tTestSelection() }),
    {
      seed: 1,
    },
  );
  expect(result.copies).toBeGreaterThan(0);
});

test("a population of one trains to the end without copying", async () => {
  const result = await run(defineExperiment({ ...climbing, population: 1 }), { seed: 1 });
  expect(result).toMatchObject({ totalSteps: 100, copies: 0 });
});

test("a member whose trainer fails twice is rescued by a donor", async () => {
  class Fragile extends NoisyClimber {
    override step(hyperparameters: { rate: number }) {
      if (hyperparameters.rate === 0.999 && this.state.steps === 50) throw new Error("exploded");
      super.step(hyperparameters);
    }
  }
  const store = memoryPopulationStore();
  const experiment = defineExperiment({
    ...climbing,
    trainer: Fragile,
    exploit: noExploit(),
    initial: [{ rate: 0.999 }],
  });
  const result = await run(experiment, { seed: 1, populationStore: store });
  expect(result).toMatchObject({ totalSteps: 800, failedMembers: 0, failures: 2, copies: 1 });
  const { decisions, failures } = await store.changes(result.run, {
    snapshots: 0,
    decisions: 0,
    failures: 0,
  });
  expect(failures[0]).toMatchObject({
    member: 0,
    generation: 10,
    message: "trainer step() failed: exploded",
  });
  expect(failures[0]!.stack).toContain("Fragile.step");
  expect(decisions.find(({ kind }) => kind === "copy")!.reason.text).toBe(
    "rescued: 2 failures in a row",
  );
});

test("events tell every snapshot and decision in order, and the result at the end", async () => {
  const events: RunEvent[] = [];
  const result = await run(defineExperiment(climbing), {
    seed: 1,
    onEvent: (event) => events.push(event),
  });
  expect(events.filter(({ type }) => type === "decision")).toHaveLength(8 * 19);
  const { run: id, score, copies } = result;
  expect(events.at(-1)).toMatchObject({ type: "result", result: { run: id, score, copies } });
});

test("an objective that the trainer does not report is refused before a run exists", async () => {
  const store = memoryPopulationStore();
  const experiment = defineExperiment({
    ...climbing,
    // @ts-expect-error a program in JavaScript may name any metric
    objective: maximize("hieght"),
  });
  await expect(run(experiment, { populationStore: store })).rejects.toThrow(
    'did you mean "height"?',
  );
  expect(await store.runs()).toEqual([]);
});

test("a constant and an unused hyperparameter do no harm", async () => {
  const hyperparameters = { rate: constant(0.1), unused: uniform(0, 1) };
  const result = await run(defineExperiment({ ...climbing, hyperparameters }), { seed: 1 });
  expect(result.hyperparameters!.rate).toBe(0.1);
});

test("a worker that joins late knows the best of earlier generations", async () => {
  const store = memoryPopulationStore();
  const { run: id } = await run(defineExperiment({ ...climbing, population: 2 }), {
    seed: 1,
    populationStore: store,
  });
  const { snapshots } = await store.changes(id, { snapshots: 0, decisions: 0, failures: 0 });
  const upTo = snapshots.filter(({ kind, generation }) => kind === "trained" && generation <= 3);
  const { view } = await PopulationView.read(store, await store.run(id), 3);
  expect((await view.upTo(3)).best?.score).toBe(Math.max(...upTo.map(({ score }) => score!)));
});

test("a restarted member has one seed, restored or not; other models have others", async () => {
  const seeds = async (workers: number) => {
    const told: number[] = [];
    class Told extends NoisyClimber {
      constructor(context: { seed: number }) {
        super(context);
        told.push(context.seed);
      }
      override restore(saved: { state: NoisyClimber["state"] }, ...rest: { seed: number }[]) {
        super.restore(saved);
        if (rest[0]) told.push(rest[0].seed);
      }
    }
    const exploit = sequential({ stepsPerModel: 20 });
    await run(defineExperiment({ ...climbing, population: 2, trainer: Told, exploit }), {
      seed: 1,
      workers,
    });
    return new Set(told);
  };
  // Two members of five models each, and what tries the trainer before the run: a restore brings
  // no seed that no model began with.
  expect((await seeds(1)).size).toBe((await seeds(2)).size);
  expect((await seeds(1)).size).toBe(11);
});
