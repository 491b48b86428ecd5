import {
  defineExperiment,
  logUniform,
  memoryPopulationStore,
  readHistory,
  run,
  type Trainer,
  withSettings,
} from "clade";
import { expect, test } from "vitest";
import acrobot from "./acrobot.ts";
import halfCheetah from "./half-cheetah.ts";
import pendulum from "./pendulum.ts";

const hyperparameters = { learningRate: 2e-3, entropyCost: 1e-3, unrollLength: 128, lambda: 0.95 };

type State = { readonly weights: Float32Array; readonly states: Float64Array };
type Made = Omit<Trainer<typeof hyperparameters>, "save" | "step"> & {
  step(values: typeof hyperparameters): Promise<void>;
  save(): Promise<State>;
};

test.each([acrobot, halfCheetah])("what was saved continues bit for bit", async (experiment) => {
  const trainer = trainerOf(experiment, 1);
  await trainer.step(hyperparameters);
  const saved = structuredClone(await trainer.save());
  await trainer.step(hyperparameters);
  const restored = trainerOf(experiment, 1);
  await restored.restore(saved as never, { seed: 1, hyperparameters });
  await restored.step(hyperparameters);
  expect(await restored.save()).toEqual(await trainer.save());
});

test("a recipient goes on with other actions than its donor", async () => {
  const donor = trainerOf(acrobot, 1);
  await donor.step(hyperparameters);
  const saved = structuredClone(await donor.save());
  const recipient = trainerOf(acrobot, 2);
  await recipient.restore(saved as never, { seed: 2, hyperparameters });
  expect((await recipient.save()).weights).toEqual(saved.weights);
  await donor.step(hyperparameters);
  await recipient.step(hyperparameters);
  expect((await recipient.save()).states).not.toEqual((await donor.save()).states);
});

test("evaluating does not change what follows", async () => {
  const [evaluated, other] = [trainerOf(pendulum, 1), trainerOf(pendulum, 1)];
  for (const trainer of [evaluated, other]) await trainer.step(hyperparameters);
  const { finalScore, testScore } = (await evaluated.evaluate({ final: true })) as Record<
    string,
    number
  >;
  expect(finalScore).not.toBe(testScore);
  for (const trainer of [evaluated, other]) await trainer.step(hyperparameters);
  expect(await evaluated.save()).toEqual(await other.save());
});

test("a member whose training breaks down is rescued", async () => {
  const experiment = defineExperiment({
    ...pendulum.declaration,
    population: 3,
    hyperparameters: {
      ...pendulum.declaration.hyperparameters,
      learningRate: logUniform(1e-5, 1e38),
    },
    initial: [2e-3, 1e38, 2e-3].map((learningRate) => ({ ...hyperparameters, learningRate })),
  });
  const populationStore = memoryPopulationStore();
  const small = withSettings(experiment, {
    synchronous: true,
    "ready.everySteps": 1,
    "budget.stepsPerMember": 2,
    exploit: { truncationSelection: { fraction: 0.34 } },
  });
  const result = await run(small, { populationStore, seed: 101 });
  const { snapshots } = await readHistory(populationStore, result.run);
  const broken = snapshots.filter(({ kind, score }) => kind === "trained" && score === undefined);
  expect(broken.map(({ member }) => member)).toEqual([1]);
  expect(result.unscoredMembers).toBe(0);
});

test("the experiment runs, and reports its best model on unused episodes", async () => {
  const small = withSettings(acrobot, {
    population: 2,
    "ready.everySteps": 2,
    "budget.stepsPerMember": 4,
  });
  const { best, failures } = await run(small, { seed: 101 });
  expect(failures).toBe(0);
  expect(best!.samples).toHaveLength(10);
  expect(best!.metrics.testScore).toBeGreaterThan(-0.5);
});

function trainerOf({ declaration }: typeof acrobot, seed: number): Made {
  const make = declaration.trainer as unknown as (context: object) => Made;
  return make({ seed, hyperparameters });
}
