import {
  defineExperiment,
  logUniform,
  memoryPopulationStore,
  readHistory,
  run,
  withSettings,
} from "clade";
import { expect, test } from "vitest";
import gan, { ALBUM_PAGE, ALBUM_STEPS, GanTrainer } from "./gan.ts";
import { PIXELS } from "./pictures.ts";
import { drawAlbums } from "./samples.ts";

const rates = { generatorRate: 1e-3, discriminatorRate: 1e-3 };

test("what was saved continues bit for bit", async () => {
  const trainer = await trained(1, 5);
  const saved = await trainer.save();
  await steps(trainer, 5);
  const restored = new GanTrainer({ seed: 1, hyperparameters: rates });
  restored.restore(saved, { seed: 1 });
  await steps(restored, 5);
  expect(await restored.save()).toEqual(await trainer.save());
});

test("evaluating does not change what follows", async () => {
  const [evaluated, other] = [await trained(1, 3), await trained(1, 3)];
  await evaluated.evaluate({ final: true });
  await steps(evaluated, 3);
  await steps(other, 3);
  expect(await evaluated.save()).toEqual(await other.save());
});

test("a recipient goes on with other batches than its donor", async () => {
  const donor = await trained(1, 5);
  const recipient = new GanTrainer({ seed: 2, hyperparameters: rates });
  recipient.restore(await donor.save(), { seed: 2 });
  expect((await recipient.save()).generator).toEqual((await donor.save()).generator);
  await steps(donor, 1);
  await steps(recipient, 1);
  expect((await recipient.save()).generator).not.toEqual((await donor.save()).generator);
});

test("a checkpoint holds its lineage's pictures, one page every so many steps", async () => {
  const trainer = await trained(1, 2 * ALBUM_STEPS + 1);
  const { album } = await trainer.save();
  expect(album).toHaveLength(2 * ALBUM_PAGE * PIXELS);
  const svg = drawAlbums([{ title: "a lineage", ink: album }]);
  expect(svg).toContain("step 250");
  expect(svg).toContain("step 500");
  expect(svg.match(/<rect x/g)).toHaveLength(album.length);
});

test("members whose training breaks down are rescued", async () => {
  const experiment = defineExperiment({
    ...gan.declaration,
    population: 4,
    hyperparameters: {
      generatorRate: logUniform(1e-4, 1e30),
      discriminatorRate: logUniform(1e-4, 1e-2),
    },
    initial: [1e-3, 1e-3, 1e30, 1e-3].map((generatorRate) => ({
      generatorRate,
      discriminatorRate: 1e-3,
    })),
  });
  const populationStore = memoryPopulationStore();
  const small = withSettings(experiment, {
    synchronous: true,
    "ready.everySteps": 5,
    "budget.stepsPerMember": 20,
    "exploit.fraction": 0.25,
  });
  const result = await run(small, { populationStore, seed: 101 });
  const { snapshots } = await readHistory(populationStore, result.run);
  const first = snapshots.filter(({ kind, generation }) => kind === "trained" && generation === 1);
  expect(first.find(({ member }) => member === 2)?.score).toBeUndefined();
  expect(result.unscoredMembers).toBe(0);
  expect(result.failures).toBe(0);
});

test("the experiment runs; the classifier that did not steer judges its best model", async () => {
  const small = withSettings(gan, {
    population: 3,
    "ready.everySteps": 20,
    "budget.stepsPerMember": 40,
    "exploit.fraction": 0.34,
  });
  const { best, failures } = await run(small, { seed: 101 });
  expect(failures).toBe(0);
  expect(best!.metrics.testInceptionScore).toBeGreaterThan(1);
  expect(best!.metrics.testFrechetDistance).toBeGreaterThan(0);
});

async function trained(seed: number, count: number): Promise<GanTrainer> {
  const trainer = new GanTrainer({ seed, hyperparameters: rates });
  await steps(trainer, count);
  return trainer;
}

async function steps(trainer: GanTrainer, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await trainer.step(rates);
}
