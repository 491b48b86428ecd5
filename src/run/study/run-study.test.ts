import {
  type CheckpointStore,
  compareRuns,
  defineExperiment,
  defineStudy,
  everySteps,
  logUniform,
  maximize,
  memoryCheckpointStore,
  memoryPopulationStore,
  type RunId,
  randomStream,
  run,
  runStudy,
  type StudyDeclaration,
} from "clade";
import { expect, test } from "vitest";

class Climber {
  state: { seed: number; steps: number; height: number };
  constructor({ seed }: { seed: number }) {
    this.state = { seed, steps: 0, height: 0 };
  }
  step({ rate }: { rate: number }) {
    const noise = randomStream(this.state.seed, this.state.steps++).normal();
    this.state.height += rate * (1 - this.state.height) + 0.1 * rate * noise;
  }
  evaluate() {
    return { height: this.state.height };
  }
  save() {
    return { state: this.state };
  }
  restore({ state }: { state: Climber["state"] }) {
    this.state = state;
  }
}

const climbing = {
  name: "climbing",
  population: 4,
  hyperparameters: { rate: logUniform(1e-4, 1) },
  objective: maximize("height"),
  ready: everySteps(5),
  budget: { stepsPerMember: 40 },
  trainer: Climber,
  synchronous: true,
} as const;
const experiment = defineExperiment(climbing);

const declared: StudyDeclaration = {
  name: "sizes",
  experiment: "climbing.ts",
  seeds: 2,
  variants: { replay: { replay: "pbt" }, pbt: {}, "random-search": "random-search" },
  baseline: "random-search",
};
const study = defineStudy(declared);

/** Stores that outlive a call of `runStudy`. */
function stores() {
  const checkpoints = new Map<RunId, CheckpointStore>();
  return {
    populationStore: memoryPopulationStore(),
    checkpoints(id: RunId) {
      if (!checkpoints.has(id)) checkpoints.set(id, memoryCheckpointStore());
      return checkpoints.get(id)!;
    },
  };
}

test("every variant is run with every seed, and the runs can be compared", async () => {
  const { runs, histories } = await runStudy(study, { experiment });
  expect(runs.map(({ run, variant, seed }) => [run, variant, seed])).toEqual([
    ["sizes-pbt-seed-1", "pbt", 1],
    ["sizes-random-search-seed-1", "random-search", 1],
    ["sizes-replay-seed-1", "replay", 1],
    ["sizes-pbt-seed-2", "pbt", 2],
    ["sizes-random-search-seed-2", "random-search", 2],
    ["sizes-replay-seed-2", "replay", 2],
  ]);
  for (const { run, seed, result } of runs)
    expect(result).toMatchObject({ run, seed, state: { kind: "done" }, totalSteps: 160 });
  const comparison = compareRuns(histories);
  expect(comparison.leftOut).toEqual([]);
  expect(
    comparison.variants.map(({ name, runs, against }) => [name, runs.length, against?.baseline]),
  ).toEqual([
    ["pbt", 2, "random-search"],
    ["random-search", 2, undefined],
    ["replay", 2, "random-search"],
  ]);
});

test("a run of a study is the run of its variant with its seed", async () => {
  const { runs } = await runStudy(study, { experiment });
  const alone = await run(experiment, { seed: 2 });
  expect(runs[3]!.result!.score).toBe(alone.score);
});

test("a stopped study goes on where it was, and does nothing twice", async () => {
  const whole = await runStudy(study, { experiment });
  const kept = stores();
  const leave = new AbortController();
  let evaluations = 0;
  class Stopping extends Climber {
    override evaluate() {
      if (++evaluations === 50) leave.abort();
      return super.evaluate();
    }
  }
  const stopping = defineExperiment({ ...climbing, trainer: Stopping });
  const stopped = await runStudy(study, { ...kept, experiment: stopping, signal: leave.signal });
  expect(stopped.runs.map(({ result }) => result?.state.kind)).toEqual([
    "done",
    "stopped",
    ...Array(4).fill(undefined),
  ]);
  expect(stopped.runs[2]).toEqual({
    run: "sizes-replay-seed-1",
    variant: "replay",
    seed: 1,
    whyNot: "run sizes-replay-seed-1: the study was stopped before it",
  });
  expect(stopped.histories).toHaveLength(2);

  const rest = await runStudy(study, { ...kept, experiment });
  const scores = ({ runs }: typeof rest) => runs.map(({ result }) => result?.score);
  expect(scores(rest)).toEqual(scores(whole));
  const before = await kept.populationStore.runs();
  await runStudy(study, { ...kept, experiment });
  expect(await kept.populationStore.runs()).toEqual(before);
});

test("two programs share the runs of a study in one store", async () => {
  const kept = stores();
  const both = await Promise.all([1, 2].map(() => runStudy(study, { ...kept, experiment })));
  expect(both[0]!.runs).toMatchObject(both[1]!.runs.map(({ run }) => ({ run })));
  expect(await kept.populationStore.runs()).toHaveLength(6);
  for (const { runs } of both)
    for (const { result } of runs) expect(result).toMatchObject({ totalSteps: 160 });
});

test("a run that failed is a result, and what follows it says so", async () => {
  let isBroken = false;
  class Broken extends Climber {
    override step(hyperparameters: { rate: number }) {
      if (isBroken) throw new Error("no data");
      super.step(hyperparameters);
    }
  }
  const kept = stores();
  const broken = defineExperiment({ ...climbing, trainer: Broken });
  isBroken = true;
  const options = { ...kept, experiment: broken, patienceSeconds: 0 };
  const { runs } = await runStudy(defineStudy({ ...declared, seeds: 1 }), options);
  expect(runs.map(({ result }) => result?.state.kind)).toEqual(["failed", "failed", undefined]);
  expect(runs[2]).toMatchObject({
    whyNot: "run sizes-pbt-seed-1: failed, so replay has nothing to follow with seed 1",
  });
  isBroken = false;
  const again = await runStudy(defineStudy({ ...declared, seeds: 1 }), options);
  expect(again.runs.map(({ result }) => result?.state.kind)).toEqual(["done", "done", "done"]);
});

test("a study may have its experiment in hand", async () => {
  const inHand = defineStudy({ ...declared, experiment });
  const { runs } = await runStudy(inHand);
  expect(runs.map(({ variant }) => variant)).toEqual(
    (await runStudy(study, { experiment })).runs.map(({ variant }) => variant),
  );
  const [first] = runs;
  expect((await first!.result!.best!.state()) as object).toHaveProperty("state");
});

test("the store's runs of a study with other settings are refused", async () => {
  const kept = stores();
  await runStudy(study, { ...kept, experiment });
  const other = defineExperiment({ ...climbing, population: 6 });
  await expect(runStudy(study, { ...kept, experiment: other })).rejects.toThrow(
    "population: 6 - is not what run sizes-pbt-seed-1 began with, which is 4; " +
      "undo the change, rename the study or remove the run.",
  );
});

test.each([
  [{ experiment, workers: 0 }, "workers: 0 - must be a whole number of at least 1"],
  [
    {},
    'experiment: "climbing.ts" - is a file, and a program needs the experiment; give the option',
  ],
  [{ experimnt: 1, experiment }, "experimnt: 1 - is not an option; did you mean"],
  [{ experiment: climbing }, "is not an experiment; give what defineExperiment returns."],
])("%o is refused before the first run", async (options, message) => {
  await expect(runStudy(study, options as never)).rejects.toThrow(message);
});

test("a variant that cannot be made is refused before the first run", async () => {
  const { populationStore } = stores();
  const wrong = defineStudy({
    ...declared,
    variants: { large: { populaton: 9 } },
    baseline: "large",
  });
  await expect(runStudy(wrong, { experiment, populationStore })).rejects.toThrow(
    'variants.large.populaton: 9 - is not a setting; did you mean "population"?',
  );
  expect(await populationStore.runs()).toEqual([]);
  await expect(runStudy(declared as never, { experiment })).rejects.toThrow(
    "is not a study; give what defineStudy returns.",
  );
});
