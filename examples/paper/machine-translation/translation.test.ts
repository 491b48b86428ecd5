import {
  defineExperiment,
  logUniform,
  memoryPopulationStore,
  readHistory,
  run,
  withSettings,
} from "clade";
import { expect, test as it } from "vitest";
import { inLongRuns, isLong } from "../../../test/long.ts";
import { Subwords } from "./byte-pair-encoding.ts";
import {
  choice,
  englishSubwords,
  PLACES,
  readPairs,
  test,
  training,
  validation,
} from "./clauses.ts";
import translation, { TranslationTrainer } from "./translation.ts";

const hyperparameters = {
  learningRate: 3e-3,
  attentionDropout: 0.1,
  layerDropout: 0.1,
  reluDropout: 0.1,
};

it("what was saved continues bit for bit", async () => {
  const trainer = await trained(1, 3);
  const saved = await trainer.save();
  await steps(trainer, 3);
  const restored = new TranslationTrainer({ seed: 1, hyperparameters });
  restored.restore(saved, { seed: 1 });
  await steps(restored, 3);
  expect(await restored.save()).toEqual(await trainer.save());
});

it("a recipient goes on with other clauses than its donor", async () => {
  const donor = await trained(1, 3);
  const recipient = new TranslationTrainer({ seed: 2, hyperparameters });
  recipient.restore(await donor.save(), { seed: 2 });
  expect((await recipient.save()).weights).toEqual((await donor.save()).weights);
  await steps(donor, 1);
  await steps(recipient, 1);
  expect((await recipient.save()).weights).not.toEqual((await donor.save()).weights);
});

it.skipIf(!isLong)(
  `a model that sees few clauses learns to translate them${inLongRuns}`,
  async () => {
    const trainer = new TranslationTrainer({ seed: 1, hyperparameters }, training.slice(0, 8));
    for (let i = 0; i < 150; i++)
      await trainer.step({
        ...hyperparameters,
        attentionDropout: 0,
        layerDropout: 0,
        reluDropout: 0,
      });
    const translated = await trainer.translate(training.slice(0, 8));
    expect(translated).toEqual(training.slice(0, 8).map(({ english }) => english));
  },
);

it.skipIf(!isLong)(`members whose training breaks down are rescued${inLongRuns}`, async () => {
  const experiment = defineExperiment({
    ...translation.declaration,
    population: 3,
    hyperparameters: {
      ...translation.declaration.hyperparameters,
      learningRate: logUniform(1e-4, 1e38),
    },
    initial: [3e-3, 1e38, 3e-3].map((learningRate) => ({ ...hyperparameters, learningRate })),
  });
  const populationStore = memoryPopulationStore();
  const small = withSettings(experiment, {
    synchronous: true,
    "ready.everySteps": 4,
    "budget.stepsPerMember": 8,
    "exploit.fraction": 0.34,
  });
  const result = await run(small, { populationStore, seed: 101 });
  const { snapshots } = await readHistory(populationStore, result.run);
  const broken = snapshots.filter(({ kind, score }) => kind === "trained" && score === undefined);
  expect(broken.map(({ member }) => member)).toEqual([1]);
  expect(result.unscoredMembers).toBe(0);
});

it("the experiment runs, and reports its best model on books that steered nothing", async () => {
  const small = withSettings(translation, {
    population: 2,
    "ready.everySteps": 5,
    "budget.stepsPerMember": 5,
    "exploit.fraction": 0.5,
  });
  const { best, failures } = await run(small, { seed: 101 });
  expect(failures).toBe(0);
  expect(best!.metrics.testBleu).toBeGreaterThanOrEqual(0);
  expect(best!.metrics.finalBleu).toBeGreaterThanOrEqual(0);
});

it("a missing file says which command makes it", () => {
  const missing = new URL("none.tsv.gz", import.meta.url);
  expect(() => readPairs(missing)).toThrow(
    /none\.tsv\.gz: is missing; make it with: npx node .*make-clauses\.ts/,
  );
});

it("no side of a held-out clause is in the training text, and no two parts share a pair", () => {
  const seen = new Set(training.flatMap(({ spanish, english }) => [spanish, english]));
  const parts = [validation, choice, test];
  for (const { spanish, english } of parts.flat()) {
    expect(seen.has(spanish)).toBe(false);
    expect(seen.has(english)).toBe(false);
  }
  for (const part of parts) expect(part.length).toBeGreaterThan(700);
});

it("clauses come back from their subwords, and fit in their places", () => {
  for (const { english, target, source } of training.slice(0, 500)) {
    expect(englishSubwords.decode(target)).toBe(english);
    expect(Math.max(target.length, source.length)).toBeLessThan(PLACES);
  }
});

it("the most frequent neighbours become one subword first", () => {
  const { symbols } = new Subwords(["low low low lower"], 8, []);
  // Letters, of which the last of a word has a space, then "lo" (4 times) and "low " (3 times).
  expect(symbols).toEqual(["e", "l", "o", "r ", "w", "w ", "lo", "low "]);
});

async function trained(seed: number, count: number): Promise<TranslationTrainer> {
  const trainer = new TranslationTrainer({ seed, hyperparameters });
  await steps(trainer, count);
  return trainer;
}

async function steps(trainer: TranslationTrainer, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await trainer.step(hyperparameters);
}
