import { defineExperiment, type ExperimentDeclaration, withSettings } from "clade";
import { expect, test } from "vitest";
import { command } from "./command.ts";
import { trainer, valid } from "./declaration.test-support.ts";
import { describeExperiment } from "./experiment.ts";

test("a valid declaration has no problems, and what was left out is chosen", () => {
  const { exploit, explore, exploreEvery, synchronous, reevaluate, initial, seed, ...given } =
    valid();
  const experiment = defineExperiment(given);
  expect(describeExperiment(experiment)).toEqual({
    scales: { rate: "log", momentum: "linear", layers: "linear", optimizer: "categories" },
    name: "digits",
    population: 8,
    hyperparameters: {
      rate: "logUniform(0.0001, 0.1)",
      layers: "integer(1, 8)",
      optimizer: 'choice("sgd", "adam")',
      momentum: 'conditional("optimizer", "sgd", uniform(0, 0.99))',
    },
    initial: [],
    objective: { direction: "maximize", metric: "accuracy" },
    ready: { name: "everySteps", options: { steps: 200, burnInSteps: 0 } },
    exploit: { name: "lead", options: { copy: "both" } },
    explore: {
      name: "perturb",
      options: { factors: [Math.SQRT1_2, Math.SQRT2], resampleProbability: 0.25, leastShare: 0.1 },
    },
    exploreEvery: "copy",
    budget: { stepsPerMember: 4000, targetScore: 0.9 },
    synchronous: false,
    reevaluate: false,
  });
  expect(experiment.seed).toBeUndefined();
});

test("a command trainer is recorded by its command, and a class or a function not at all", () => {
  const described = (trainer: unknown) =>
    describeExperiment(defineExperiment({ ...valid(), trainer } as ExperimentDeclaration));
  const options = {
    directory: "elsewhere",
    environment: { SEED: "1" },
    memoryLimitMegabytes: 4000,
  };
  expect(described(command("python train.py", options)).trainer).toBe("python train.py");
  expect(described(trainer)).not.toHaveProperty("trainer");
});

test("stepTimeoutSeconds is for a trainer of any kind, and replaces a command's own", () => {
  const given = (trainer: unknown) =>
    defineExperiment({ ...valid(), trainer } as ExperimentDeclaration);
  expect(given(trainer).stepTimeoutSeconds).toBe(600);
  expect(withSettings(given(trainer), { stepTimeoutSeconds: 5 }).stepTimeoutSeconds).toBe(5);
  const patient = given(command("python train.py", { stepTimeoutSeconds: 60 }));
  expect(patient.stepTimeoutSeconds).toBe(60);
  expect(withSettings(patient, { stepTimeoutSeconds: 5 })).toMatchObject({
    stepTimeoutSeconds: 5,
    trainer: { command: "python train.py", stepTimeoutSeconds: 5 },
  });
  expect(() => withSettings(patient, { stepTimeoutSeconds: 0 })).toThrow(
    "stepTimeoutSeconds: 0 - must be above 0",
  );
});

test("one set of initial values is every member's, a list is of the first members", () => {
  const rates = (initial: ExperimentDeclaration["initial"]) =>
    defineExperiment({ ...(valid() as object), initial } as ExperimentDeclaration).initial.map(
      ({ rate }) => rate,
    );
  expect(rates({ rate: 0.01 })).toEqual(new Array(8).fill(0.01));
  expect(rates([{ rate: 0.01 }, { rate: 0.02 }])).toEqual([0.01, 0.02]);
});
