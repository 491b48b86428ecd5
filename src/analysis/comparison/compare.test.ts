import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  constant,
  defineExperiment,
  everySteps,
  maximize,
  minimize,
  noExploit,
  type Objective,
  type PopulationStore,
  type Run,
  type RunId,
  run,
  type StudyPlace,
  sqlitePopulationStore,
} from "clade";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import { readHistory } from "../history.ts";
import { type CompareOptions, compareRuns } from "./compare.ts";

const directory = mkdtempSync(join(tmpdir(), "clade-compare-"));
let stores = 0;
let store: PopulationStore;
/** A training step takes a second. */
let clockMs = 0;
beforeEach(() => {
  store = sqlitePopulationStore(join(directory, `${stores++}.db`), { now: () => clockMs });
});
afterEach(() => store[Symbol.asyncDispose]());
afterAll(() => rmSync(directory, { recursive: true }));

interface Scored {
  readonly name?: string;
  readonly seed?: number;
  readonly study?: StudyPlace;
  readonly steps?: number;
  readonly population?: number;
  readonly objective?: Objective;
  readonly keeps?: boolean;
  /** What all members begin with. */
  readonly rate?: number;
  readonly metrics?: Record<string, number>;
}

/** A run whose score climbs to this value by its last step. */
async function scored(score: number, options: Scored = {}): Promise<RunId> {
  const { name = "digits", seed = 1, study, steps = 10, population = 2, metrics = {} } = options;
  class Trainer {
    done = 0;
    step() {
      this.done++;
      clockMs += 1000;
    }
    evaluate() {
      return { accuracy: (score * this.done) / steps, ...metrics };
    }
    save() {
      return { done: this.done };
    }
    restore({ done }: { done: number }) {
      this.done = done;
    }
  }
  const experiment = defineExperiment({
    name,
    population,
    hyperparameters: { rate: constant(options.rate ?? 1) },
    objective: options.objective ?? maximize("accuracy"),
    ready: everySteps(5),
    ...(options.keeps && { exploit: noExploit() }),
    budget: { stepsPerMember: steps },
    trainer: Trainer,
  });
  return (await run(experiment, { populationStore: store, seed, ...(study && { study }) })).run;
}

async function compare(options: CompareOptions = {}, change: (run: Run) => Run = (each) => each) {
  const histories = [];
  for (const { id } of await store.runs()) {
    const history = await readHistory(store, id);
    histories.push({ ...history, run: change(history.run) });
  }
  return compareRuns(histories, options);
}

const place = (method: string, point: StudyPlace["point"] = {}): StudyPlace => ({
  name: "sizes",
  variant: [method, ...Object.entries(point).map(([path, value]) => `${path}=${value}`)].join(" "),
  method,
  point,
  baseline: "plain",
});

async function seeds(values: readonly number[], options: Scored): Promise<void> {
  for (const [seed, value] of values.entries()) await scored(value, { seed, ...options });
}

test("a better variant is called better, with the difference, interval and seeds", async () => {
  await seeds([0.9, 0.91, 0.92, 0.93, 0.94], { name: "digits" });
  const control = { name: "digits-random-search", keeps: true, rate: 2 };
  await seeds([0.8, 0.81, 0.82, 0.83, 0.84], control);
  const { variants, comparisons, metric, isChoice } = await compare();
  expect({ comparisons, metric, isChoice }).toEqual({
    comparisons: 1,
    metric: "accuracy",
    isChoice: true,
  });
  const [pbt, other] = variants;
  expect(variants.map(({ name, iqm }) => [name, Number(iqm.toFixed(6))])).toEqual([
    ["digits", 0.92],
    ["digits-random-search", 0.82],
  ]);
  expect(other!.against).toBeUndefined();
  expect(pbt!.against).toMatchObject({
    baseline: "digits-random-search",
    improvement: { value: 1 },
    verdict: { kind: "better" },
  });
  expect(pbt!.against!.sentence).toMatch(/^better: \+0\.100 \[0\.0\d+, 0\.1\d+\], 5 seeds$/);
  expect(pbt!.totalSteps).toBe(20);
});

test("of losses the lower is better", async () => {
  const objective = minimize("accuracy");
  await seeds([0.9, 0.91, 0.92], { name: "digits", objective });
  await seeds([0.1, 0.11, 0.12], { name: "low", objective });
  const { variants } = await compare({ baseline: "digits" });
  // At step 0 nothing is scored, and the best of a climbing loss is its first: half of it.
  expect(variants[1]!.against).toMatchObject({
    improvement: { value: 1 },
    verdict: { kind: "better" },
  });
  expect(variants[1]!.against!.sentence).toMatch(/^better: -0\.4/);
});

test("without evidence no difference can be shown, and one seed proves nothing", async () => {
  await seeds([0.9, 0.8, 0.7], { name: "digits" });
  await seeds([0.89, 0.79, 0.69], { name: "digits-random-search", keeps: true, rate: 2 });
  const [several] = (await compare()).variants;
  expect(several!.against!.sentence).toMatch(
    /^no difference can be shown with 3 seeds: \+0\.01 \[/,
  );

  await scored(0.2, { name: "other", seed: 0 });
  const one = (await compare()).variants.find(({ name }) => name === "other")!;
  expect(one.interval).toBeUndefined();
  expect(one.against!.sentence).toBe("one seed proves nothing");
});

test("runs that begin with the same draws are paired, and their luck cancels out", async () => {
  await seeds([0.9, 0.8, 0.7, 0.6, 0.5, 0.4], { name: "digits" });
  await seeds([0.87, 0.78, 0.66, 0.57, 0.48, 0.36], { name: "same-draws", keeps: true });
  await seeds([0.87, 0.78, 0.66, 0.57, 0.48, 0.36], { name: "other-draws", keeps: true, rate: 2 });
  const { variants } = await compare({ baseline: "digits" });
  expect(
    variants.slice(1).map(({ name, against }) => [name, against!.difference.isPaired]),
  ).toEqual([
    ["same-draws", true],
    ["other-draws", false],
  ]);
  const [, same, other] = variants;
  expect(same!.against!.sentence).toMatch(/^worse: -0\.03.*, 6 paired seeds$/);
  expect(other!.against!.sentence).toMatch(/^no difference can be shown with 6 seeds: -0\.0/);
  expect(same!.against!.difference.value).toBe(other!.against!.difference.value);
});

test("where seeds differ, or there is one more, runs are not paired", async () => {
  await seeds([0.9, 0.8, 0.7], { name: "digits" });
  await seeds([0.9, 0.8, 0.7, 0.6], { name: "more" });
  for (const seed of [7, 8, 9]) await scored(0.5, { name: "others", seed });
  const { variants } = await compare({ baseline: "digits" });
  const paired = variants.slice(1).map(({ against }) => against!.difference.isPaired);
  expect(paired).toEqual([false, false]);
});

test("the same runs give the same numbers", async () => {
  await seeds([0.9, 0.8, 0.7], { name: "digits" });
  await seeds([0.5, 0.6, 0.4], { name: "digits-random-search", keeps: true });
  expect(await compare()).toEqual(await compare());
});

test("a study compares variants at the same point, and corrects for their number", async () => {
  for (const population of [1, 2]) {
    await seeds([0.9, 0.91, 0.92], {
      population,
      study: place("pbt", { population, "exploit.fraction": 0.2 }),
    });
    await seeds([0.7, 0.71, 0.72], {
      population,
      keeps: true,
      study: place("plain", { population }),
    });
  }
  const { variants, comparisons } = await compare();
  expect(comparisons).toBe(2);
  expect(variants.map(({ name, against }) => [name, against?.baseline])).toEqual([
    ["pbt population=1 exploit.fraction=0.2", "plain population=1"],
    ["plain population=1", undefined],
    ["pbt population=2 exploit.fraction=0.2", "plain population=2"],
    ["plain population=2", undefined],
  ]);
  const { interval, simultaneous } = variants[0]!.against!.difference;
  expect(simultaneous!.low).toBeLessThan(interval!.low);
  expect(simultaneous!.high).toBeGreaterThan(interval!.high);
});

test("where the baseline lacks a variant's point, only naming it compares the two", async () => {
  await scored(0.9, { study: place("pbt", { population: 8 }) });
  await scored(0.7, { study: place("plain", { population: 2 }) });
  const againstWhom = async (options?: CompareOptions) =>
    (await compare(options)).variants.map(({ against }) => against?.baseline);
  expect(await againstWhom()).toEqual([undefined, undefined]);
  expect(await againstWhom({ baseline: "plain population=2" })).toEqual([
    "plain population=2",
    undefined,
  ]);
  expect(await againstWhom({ baseline: "pbt population=8" })).toEqual([
    undefined,
    "pbt population=8",
  ]);
});

test("each run is compared with the random search that was made as its control", async () => {
  for (const name of ["a", "a-random-search", "b", "b-random-search"])
    await scored(0.9, { name, keeps: name.endsWith("search") });
  expect((await compare()).variants.map(({ against }) => against?.baseline)).toEqual([
    "a-random-search",
    undefined,
    "b-random-search",
    undefined,
  ]);
});

test("experiments of one name are told apart by the settings in which they differ", async () => {
  await scored(0.9, { population: 2 });
  await scored(0.8, { population: 2, keeps: true });
  const { variants } = await compare();
  expect(variants.map(({ name }) => name)).toEqual([
    "digits exploit=lead",
    "digits exploit=noExploit",
  ]);
  expect(variants[1]!.against!.baseline).toBe("digits exploit=lead");
});

test("budgets more than 2% apart give no verdict, and an error when all are", async () => {
  await seeds([0.9, 0.91], { name: "digits", steps: 20 });
  await seeds([0.8, 0.81], { name: "digits-random-search" });
  await expect(compare()).rejects.toThrow(
    "digits beside digits-random-search - no verdict: its runs trained 40 steps and the " +
      "baseline's 20, more than 2% apart; give both the same budget",
  );
  await seeds([0.7, 0.71], { name: "third" });
  const { variants } = await compare();
  expect(variants.map(({ against }) => against?.verdict.kind)).toEqual([
    "unequal budgets",
    undefined,
    "worse",
  ]);
});

test("a seed with another budget than its variant's others is marked", async () => {
  await seeds([0.8, 0.81], { study: place("pbt") });
  await scored(0.9, { seed: 7, steps: 15, study: place("pbt") });
  const [variant] = (await compare()).variants;
  expect(variant!.runs.map(({ seed, hasOtherBudget }) => [seed, hasOtherBudget])).toEqual([
    [0, false],
    [1, false],
    [7, true],
  ]);
});

test("runs of different objectives are refused", async () => {
  await scored(0.9);
  await scored(0.9, { objective: minimize("accuracy") });
  await expect(compare()).rejects.toThrow(
    new RegExp(
      "has the objective minimize accuracy, and digits-\\w+ has maximize accuracy; " +
        "compare runs of one objective",
    ),
  );
});

test("different trainers are refused unless the user says the data is the same", async () => {
  await scored(0.9, { name: "one" });
  await scored(0.8, { name: "two" });
  const ofFiles = (each: Run): Run => ({
    ...each,
    source: { file: `/work/${each.experiment.name}.ts`, settings: {} },
  });
  await expect(compare({}, ofFiles)).rejects.toThrow(
    new RegExp(
      "has the trainer of /work/two\\.ts, and one-\\w+ has the trainer of /work/one\\.ts, " +
        "so their data may differ; .*--same-data",
    ),
  );
  expect((await compare({ sameData: true }, ofFiles)).variants).toHaveLength(2);
  const ofCommands = (each: Run): Run => ({
    ...each,
    experiment: { ...each.experiment, trainer: `python ${each.experiment.name}.py` },
  });
  await expect(compare({}, ofCommands)).rejects.toThrow(/has the trainer "python two\.py"/);
});

test("unfinished runs, stopped runs and older runs of a seed are left out by name", async () => {
  const older = await scored(0.5, { seed: 1 });
  const newer = await scored(0.9, { seed: 1 });
  const { experiment } = await store.run(newer);
  const root = {
    member: 0,
    kind: "initial",
    generation: 0,
    step: 0,
    memberSteps: 0,
    hyperparameters: {},
    metrics: {},
  };
  const roots = [{ ...root, id: "0.0" }] as unknown as Parameters<PopulationStore["createRun"]>[1];
  await store.createRun({ id: "going" as RunId, seed: 2, experiment }, roots);
  await store.createRun({ id: "halted" as RunId, seed: 3, experiment }, roots);
  await store.stop("halted" as RunId);
  const { variants, leftOut } = await compare();
  expect(variants[0]!.runs.map(({ run: id }) => id)).toEqual([newer]);
  expect(Object.fromEntries(leftOut.map(({ run: id, reason }) => [id, reason]))).toEqual({
    [older]: `has the same seed 1 as ${newer}, which is newer`,
    going: "has not ended",
    halted: "was stopped before the end of its budget",
  });
});

test("when nothing is left it is an error with every reason", async () => {
  const id = await scored(0.9);
  const going = (each: Run): Run => ({ ...each, state: { kind: "running" } });
  await expect(compare({}, going)).rejects.toThrow(
    `${id} has not ended - no run is left to compare; name runs that have ended with a score.`,
  );
});

test("a metric of the best model may be named; an unknown name gets the nearest", async () => {
  await scored(0.9, { metrics: { heldOut: 0.7 } });
  expect(await compare({ metric: "heldOut" })).toMatchObject({
    isChoice: false,
    variants: [{ iqm: 0.7 }],
  });
  await expect(compare({ metric: "heldout" })).rejects.toThrow('did you mean "heldOut"?');
  await expect(compare({ baseline: "digit" })).rejects.toThrow(
    'baseline: digit - is not a compared method or variant; did you mean "digits"?',
  );
});

test("the held-out metric of the objective comes before its score", async () => {
  await scored(0.9, {
    objective: maximize("accuracy", { final: "test" }),
    metrics: { test: 0.6 },
  });
  expect(await compare()).toMatchObject({
    metric: "test",
    steering: "accuracy",
    variants: [{ iqm: 0.6 }],
  });
});

test("curves show the best score so far, and when a variant reached its baseline", async () => {
  await seeds([0.9, 1], { name: "digits", population: 1 });
  await seeds([0.4, 0.4], { name: "digits-random-search", population: 1, keeps: true });
  const [variant] = (await compare()).variants;
  const { steps, seconds } = variant!.curves;
  expect([steps!.x[0], steps!.x.at(-1)]).toEqual([5, 10]);
  expect(steps!.iqm[0]).toBeCloseTo(0.475, 12);
  expect(steps!.iqm.at(-1)).toBeCloseTo(0.95, 12);
  expect([seconds!.x[0], seconds!.x.at(-1)]).toEqual([5, 10]);
  expect(seconds!.iqm).toEqual(steps!.iqm);
  expect(variant).toMatchObject({
    totalSteps: 10,
    seconds: 10,
    against: { reached: { steps: 5, seconds: 5 } },
  });
});

test("a run that was stopped in between has no honest wall time", async () => {
  await scored(0.9, { seed: 1 });
  const paused = await scored(0.8, { seed: 2 });
  const hourEarlier = (each: Run): Run =>
    each.id === paused ? { ...each, createdAt: each.createdAt - 3_600_000 } : each;
  const [variant] = (await compare({}, hourEarlier)).variants;
  expect(variant!.runs.map(({ seconds }) => seconds === undefined)).toEqual([false, true]);
  expect(variant!.seconds).toBe(20);
});
