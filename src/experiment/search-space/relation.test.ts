import {
  choice,
  conditional,
  defineExperiment,
  type Experiment,
  everySteps,
  gpBandit,
  integer,
  logUniform,
  maximize,
  memoryPopulationStore,
  perturb,
  randomStream,
  resample,
  run,
  sequential,
  truncationSelection,
  uniform,
} from "clade";
import { describe, expect, test } from "vitest";
import { beginning } from "../../population-store/population-store.ts";
import { climbing } from "../../worker/simulated-run.test-support.ts";
import { describeExperiment } from "../experiment.ts";
import { farApart } from "../far-apart.ts";
import { experimentFromFile } from "../file/experiment-file.ts";
import { baselines } from "../study/baselines.ts";

const related = (changes: object = {}): Experiment =>
  climbing({
    hyperparameters: {
      rate: uniform(0, 1),
      batch: integer(64, 1024, { log: true }),
      minibatch: integer(32, 512, { log: true }),
    },
    where: ({ batch, minibatch }: { readonly [name: string]: number }) => batch! >= 2 * minibatch!,
    exploreEvery: "generation",
    budget: { stepsPerMember: 50 },
    ...changes,
  }) as unknown as Experiment;

const holds = ({ batch, minibatch }: { readonly [name: string]: unknown }) =>
  (batch as number) >= 2 * (minibatch as number);

describe("what hyperparameters satisfy together", () => {
  const explores = {
    "the default": {},
    perturb: { explore: perturb({ factors: [0.5, 2], resampleProbability: 0.2 }) },
    resample: { explore: resample({ probability: 1 }) },
    gpBandit: { explore: gpBandit() },
    "one that never satisfies it": { explore: () => ({ rate: 1, batch: 64, minibatch: 512 }) },
    "weights only": { exploit: truncationSelection({ copy: "weights" }) },
    "hyperparameters only": { exploit: truncationSelection({ copy: "hyperparameters" }) },
  };
  test.each(Object.entries(explores))("holds for every snapshot: %s", async (_, given) => {
    const populationStore = memoryPopulationStore();
    const { run: id } = await run(related(given), { seed: 1, workers: 3, populationStore });
    const { snapshots } = await populationStore.changes(id, beginning, 100_000);
    expect(snapshots.length).toBeGreaterThan(60);
    expect(snapshots.filter(({ hyperparameters }) => !holds(hyperparameters))).toEqual([]);
  });

  test("draws are those of the space that satisfy it, and no others", () => {
    const { space } = related().strategies;
    const free = related({ where: undefined }).strategies.space;
    const drawn = (from: typeof space, random = randomStream("draws")) =>
      Array.from({ length: 4000 }, () => from.sample(random));
    const wanted = drawn(free).filter(holds);
    const found = drawn(space);
    expect(found.every(holds)).toBe(true);
    const logs = (values: typeof found, name: string) =>
      values.map((each) => Math.log(each[name] as number)).toSorted((a, b) => a - b);
    for (const name of ["batch", "minibatch"]) {
      const [first, second] = [logs(wanted, name), logs(found, name)];
      for (const share of [0.1, 0.25, 0.5, 0.75, 0.9]) {
        const at = (values: number[]) => values[Math.floor(share * values.length)]!;
        expect(at(second)).toBeCloseTo(at(first), 0.6);
      }
    }
  });

  test("a move that is never allowed is told, and changes nothing", async () => {
    const populationStore = memoryPopulationStore();
    const stubborn = related({ explore: () => ({ rate: 1, batch: 64, minibatch: 512 }) });
    const { run: id } = await run(stubborn, { seed: 1, populationStore });
    const { decisions } = await populationStore.changes(id, beginning, 100_000);
    expect(decisions[0]!.reason.text).toContain(
      "none of 100 moves satisfies where, so it goes on with what it has",
    );
  });

  test("some values may be given, and the others are drawn to fit", async () => {
    const populationStore = memoryPopulationStore();
    const given = related({ initial: { minibatch: 400 } });
    const { run: id } = await run(given, { seed: 1, populationStore });
    const { snapshots } = await populationStore.changes(id, beginning, 6);
    for (const { hyperparameters } of snapshots)
      expect(hyperparameters.batch).toBeGreaterThanOrEqual(800);
  });
});

test("a grid has the points that satisfy it", () => {
  const points = baselines.grid!(related({ population: 30 })).initial as { batch: number }[];
  expect(points.length).toBe(30);
  expect(points.every(holds)).toBe(true);
  expect(new Set(points.map(({ batch }) => batch)).size).toBeGreaterThan(1);
});

test("a check compares values that satisfy it", () => {
  const { space } = related().strategies;
  for (let seed = 0; seed < 20; seed++) {
    const pairs = farApart(space, space.sample(randomStream(seed)));
    expect(pairs.map(({ name }) => name)).toContain("rate");
    for (const { name, settings } of pairs) {
      expect(settings.every(holds)).toBe(true);
      expect(settings[0][name]).not.toBe(settings[1][name]);
    }
  }
});

test("sequential runs with the end of a model alone would never end", () => {
  const endless = { exploit: sequential({ stepsPerModel: 10 }), budget: { stepsPerModel: 40 } };
  expect(() => related(endless)).toThrow("never ends with sequential");
  expect(() =>
    related({ ...endless, budget: { ...endless.budget, stepsPerMember: 40 } }),
  ).not.toThrow();
});

describe("bad conditions are told by name", () => {
  test.each([
    [{ where: () => false }, "does not hold for any of 10,000 draws"],
    [{ where: () => 1 }, "gives 1 for { rate: "],
    [
      {
        where() {
          throw new Error("no");
        },
      },
      "fails for { rate: ",
    ],
    [{ where: "batch > 1" }, "must be a function, or a list of functions"],
    [{ initial: { batch: 64, minibatch: 512 } }, "initial: { batch: 64, minibatch: 512 } - does"],
    [
      { initial: [{ batch: 100 }, { minibatch: 512, batch: 1023 }] },
      "initial[1]: { minibatch: 512, batch: 1023 } - does not satisfy where",
    ],
  ])("%#", (changes, message) => {
    expect(() => related(changes)).toThrow(message);
  });
});

describe("in a file", () => {
  const file = (changes: object) => ({
    name: "related",
    population: 4,
    hyperparameters: {
      batch: { integer: [64, 1024] },
      minibatch: { integer: [32, 512] },
      optimizer: { choice: ["sgd", "adam"] },
      momentum: { uniform: [0, 1], when: { optimizer: "sgd" } },
    },
    objective: { maximize: "score" },
    budget: { stepsPerMember: 100 },
    trainer: "true",
    ...changes,
  });

  test("a condition is an expression, and is recorded as it is written", () => {
    const where = ["batch >= 2 * minibatch", 'momentum <= 0.5 or optimizer == "adam"'];
    const experiment = experimentFromFile(file({ where }));
    expect(describeExperiment(experiment).where).toEqual(where);
    for (let seed = 0; seed < 200; seed++) {
      const values = experiment.strategies.space.sample(randomStream(seed));
      expect(holds(values)).toBe(true);
      // One that does not exist is not asked about.
      if (values.optimizer === "sgd") expect(values.momentum).toBeLessThanOrEqual(0.5);
    }
  });

  test.each([
    ["batch >= 1.2e2 and batch <= 5E+2", 120, 500],
    ["batch * 1e-3 > .2", 201, 1024],
    ['optimizer == "1e-3" or batch < 100', 64, 99],
  ])("numbers may be written as in YAML: %s", (where, low, high) => {
    const { space } = experimentFromFile(file({ where })).strategies;
    for (let seed = 0; seed < 50; seed++) {
      const batch = space.sample(randomStream(seed)).batch as number;
      expect(batch).toBeGreaterThanOrEqual(low);
      expect(batch).toBeLessThanOrEqual(high);
    }
  });

  test.each([
    ["batch >=", "is not a condition that can be read"],
    ["optimizer == 'adam'", "adam is not a hyperparameter; write texts in double quotes"],
    ["bach >= 2 * minibatch", 'bach is not a hyperparameter; did you mean "batch"?'],
    [5, "must be a text, or a list of texts"],
    ["batch + minibatch", "gives "],
    ["batch > 2000", "does not hold for any of 10,000 draws"],
  ])("%s is refused", (where, message) => {
    expect(() => experimentFromFile(file({ where }))).toThrow(message);
  });
});

test("a condition knows the types of the hyperparameters", () => {
  const experiment = defineExperiment({
    name: "typed",
    population: 2,
    hyperparameters: {
      width: integer(1, 8),
      optimizer: choice("sgd", "adam"),
      momentum: conditional("optimizer", "sgd", logUniform(0.1, 1)),
    },
    where: [
      ({ width }) => width * 2 > 4,
      (values) => values.optimizer !== "sgd" || values.momentum > 0.2,
    ],
    objective: maximize("score"),
    ready: everySteps(1),
    budget: { stepsPerMember: 2 },
    trainer: class {
      step() {}
      evaluate() {
        return { score: 1 };
      }
      save() {
        return {};
      }
      restore() {}
    },
  });
  const { width } = experiment.strategies.space.sample(randomStream(1));
  expect(width).toBeGreaterThan(2);
});
