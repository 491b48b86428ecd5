import {
  choice,
  conditional,
  defineExperiment,
  everySteps,
  gpBandit,
  inherited,
  lead,
  logUniform,
  maximize,
  memoryPopulationStore,
  noExplore,
  perturb,
  quantized,
  randomStream,
  resample,
  run,
  truncationSelection,
  uniform,
} from "clade";
import { describe, expect, test } from "vitest";
import { beginning } from "../../population-store/population-store.ts";

/** A network whose weights have the shape of its width, and which learns by its rate and luck. */
class Network {
  weights: Float64Array;
  steps = 0;
  readonly seed: number;

  constructor(context: {
    readonly seed: number;
    readonly hyperparameters: { readonly width: number };
  }) {
    this.seed = context.seed;
    this.weights = new Float64Array(context.hyperparameters.width);
  }

  step({ rate }: { readonly rate: number }) {
    const luck = randomStream(this.seed, this.steps++).normal();
    this.weights = this.weights.map((weight) => weight + (rate + 0.1 * luck) / 32);
  }

  evaluate() {
    return { sum: this.weights.reduce((sum, weight) => sum + weight, 0) };
  }

  save() {
    return { weights: this.weights };
  }

  restore(
    { weights }: { readonly weights: Float64Array },
    { hyperparameters: { width } }: { readonly hyperparameters: { readonly width: number } },
  ) {
    if (weights.length !== width)
      throw new Error(`size mismatch: ${weights.length} weights for a width of ${width}`);
    this.weights = weights;
  }
}

const network = (changes: object) =>
  defineExperiment({
    name: "network",
    population: 12,
    hyperparameters: {
      rate: logUniform(1e-2, 1),
      width: inherited(choice(16, 24, 32)),
    },
    objective: maximize("sum"),
    ready: everySteps(2),
    exploreEvery: "generation",
    budget: { stepsPerMember: 40 },
    trainer: Network,
    ...changes,
  } as never);

describe("an inherited hyperparameter comes along with weights, and never without them", () => {
  const strategies = {
    "the default": {},
    "perturbed everywhere": {
      exploit: truncationSelection(),
      explore: perturb({ resampleProbability: 1 }),
    },
    resampled: { exploit: truncationSelection(), explore: resample({ probability: 1 }) },
    "a bandit": { exploit: truncationSelection(), explore: gpBandit() },
    "weights only": { exploit: truncationSelection({ copy: "weights" }), explore: perturb() },
    "hyperparameters only": {
      exploit: truncationSelection({ copy: "hyperparameters" }),
      explore: perturb(),
    },
    "the user's own explore": {
      exploit: lead(),
      explore: () => ({ rate: 0.5, width: 24 }),
    },
    "no explore": {
      exploit: truncationSelection({ copy: "weights" }),
      explore: noExplore(),
      exploreEvery: "copy",
    },
  };
  test.each(Object.entries(strategies))("%s", async (_, given) => {
    const store = memoryPopulationStore();
    const options = { seed: 1, workers: 4, populationStore: store };
    const { run: id, failures } = await run(network(given), options);
    expect(failures).toBe(0);
    const { snapshots } = await store.changes(id, beginning, 100_000);
    const byId = new Map(snapshots.map((snapshot) => [snapshot.id, snapshot]));
    for (const { parent, hyperparameters } of snapshots)
      if (parent !== undefined)
        expect(hyperparameters.width).toBe(byId.get(parent)!.hyperparameters.width);
    const copies = snapshots.filter(({ kind }) => kind === "copied");
    expect(copies.length).toBeGreaterThan(0);
  });
});

test("what exists only with some of its values comes and goes with the weights", async () => {
  const store = memoryPopulationStore();
  const experiment = network({
    hyperparameters: {
      rate: logUniform(1e-2, 1),
      width: inherited(choice(16, 32)),
      rank: conditional("width", 32, uniform(0, 1)),
    },
    exploit: truncationSelection({ copy: "weights" }),
    explore: noExplore(),
    exploreEvery: "copy",
  });
  const { run: id } = await run(experiment, { seed: 1, populationStore: store });
  const { snapshots } = await store.changes(id, beginning, 100_000);
  for (const { hyperparameters } of snapshots)
    expect(hyperparameters.rank !== undefined).toBe(hyperparameters.width === 32);
  const widths = snapshots.filter(({ kind }) => kind === "copied");
  expect(new Set(widths.map(({ hyperparameters }) => hyperparameters.width)).size).toBe(2);
});

test("what is not a hyperparameter is refused by name", () => {
  expect(() => network({ hyperparameters: { width: inherited(16 as never) } })).toThrow(
    "inherited() was given what is not a hyperparameter; declare it, for example inherited(choi",
  );
});

test("on steps it is inherited as well", () => {
  expect(quantized(inherited(uniform(0, 1)), 0.1).inherited).toBe(true);
});

test("what comes and goes with another value cannot belong to the weights", () => {
  const rank = conditional("optimizer", "sgd", inherited(choice(1, 2)));
  const both = (optimizer: ReturnType<typeof choice>) =>
    network({ hyperparameters: { width: inherited(choice(16)), optimizer, rank } });
  expect(() => both(choice("sgd", "adam"))).toThrow(
    "is inherited, but optimizer is not, so it would come and go; let optimizer be inherited",
  );
  expect(() => both(inherited(choice("sgd", "adam")))).not.toThrow();
});
