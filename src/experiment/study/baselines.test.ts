import {
  choice,
  conditional,
  constant,
  defineExperiment,
  everySteps,
  integer,
  lineage,
  logUniform,
  maximize,
  memoryPopulationStore,
  randomStream,
  run,
  type Settings,
  schedule,
  uniform,
  withSettings,
} from "clade";
import { describe, expect, test } from "vitest";
import { replaced } from "../settings.ts";
import { baselines, fixed } from "./baselines.ts";
import { replaySettings } from "./followers.ts";
import { halvingRungs } from "./halving-rungs.ts";

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

const experiment = defineExperiment({
  name: "climbing",
  population: 8,
  hyperparameters: { rate: logUniform(1e-4, 1) },
  objective: maximize("height"),
  ready: everySteps(5),
  budget: { stepsPerMember: 130 },
  trainer: Climber,
});

/** A run of the experiment with settings, and everything that was published in it. */
async function finished(settings: Settings, seed = 1) {
  const populationStore = memoryPopulationStore();
  const result = await run(withSettings(experiment, settings), { populationStore, seed });
  const { snapshots, decisions } = await populationStore.changes(result.run, {
    snapshots: 0,
    decisions: 0,
    failures: 0,
  });
  const chain = await lineage(result.snapshot!, (id) => populationStore.snapshot(result.run, id));
  return { result, snapshots, decisions, chain };
}

describe("every baseline", () => {
  test.each(Object.keys(baselines).filter((name) => name !== "fixed"))(
    "%s spends the experiment's total of steps, to 2%%",
    async (name) => {
      const { result } = await finished(baselines[name]!(experiment));
      expect(result.state.kind).toBe("done");
      expect(Math.abs(result.totalSteps - 8 * 130) / (8 * 130)).toBeLessThan(0.02);
    },
  );

  test.each([
    ["sequential", { "ready.steps": 50 }],
    ["successive-halving", { "ready.steps": 9 }],
    ["sequential", { "ready.burnInSteps": 1000 }],
    ["successive-halving", { "ready.burnInSteps": 1000 }],
    ["sequential", { budget: { totalSteps: 1040 } }],
    ["successive-halving", { budget: { totalSteps: 1040 } }],
    ["sequential", { budget: { stepsPerModel: 130 } }],
    ["successive-halving", { budget: { stepsPerModel: 130 } }],
  ])("%s spends it with %o", async (name, settings) => {
    const changed = withSettings(experiment, settings);
    const { result, snapshots } = await finished(replaced(settings, baselines[name]!(changed)));
    expect(Math.abs(result.totalSteps - 8 * 130) / (8 * 130)).toBeLessThan(0.02);
    expect(Math.max(...snapshots.map(({ step }) => step))).toBe(130);
  });

  test("random search, the grid and fixed values never copy and never change", async () => {
    const settings = [
      baselines["random-search"]!(experiment),
      baselines.grid!(experiment),
      fixed(experiment, { rate: 0.1 }),
    ];
    for (const each of settings) {
      const { result, snapshots } = await finished({ exploreEvery: "generation", ...each });
      expect(result.copies).toBe(0);
      expect(new Set(snapshots.map(({ kind }) => kind))).toEqual(new Set(["initial", "trained"]));
    }
  });

  test("selection only copies, and keeps to the values drawn at the beginning", async () => {
    const { result, snapshots } = await finished(baselines["selection-only"]!(experiment));
    expect(result.copies).toBeGreaterThan(0);
    expect(
      new Set(snapshots.map(({ hyperparameters }) => hyperparameters.rate)).size,
    ).toBeLessThanOrEqual(8);
  });
});

describe("sequential", () => {
  test("trains as many fresh models as there are members, each as long as a member", async () => {
    const { snapshots } = await finished(baselines.sequential!(experiment));
    const roots = snapshots.filter(({ parent }) => parent === undefined);
    expect(roots.map(({ kind }) => kind)).toEqual(["initial", ...Array(7).fill("restarted")]);
    expect(roots.every(({ step, checkpoint }) => step === 0 && checkpoint === undefined)).toBe(
      true,
    );
    expect(Math.max(...snapshots.map(({ step }) => step))).toBe(130);
  });

  test("each model explores from the best snapshot before it, with noise of its own", async () => {
    const { snapshots, decisions } = await finished(baselines.sequential!(experiment));
    for (const { snapshot, donor } of decisions.filter(({ kind }) => kind === "restart")) {
      const place = snapshots.findIndex(({ id }) => id === snapshot);
      const scores = snapshots.slice(0, place + 1).map(({ score }) => score ?? -Infinity);
      expect(snapshots.find(({ id }) => id === donor)!.score).toBe(Math.max(...scores));
    }
    const sameRate = await finished({
      ...baselines.sequential!(experiment),
      explore: "noExplore",
    });
    const first = sameRate.snapshots.filter(({ step, kind }) => kind === "trained" && step === 5);
    expect(new Set(first.map(({ score }) => score)).size).toBe(8);
  });
});

describe("successive halving", () => {
  test("ends what is worse at each rung, and trains few to the end", async () => {
    const settings = baselines["successive-halving"]!(experiment);
    const { snapshots, decisions } = await finished(settings);
    const { begin, rungs } = halvingRungs(8, 26);
    expect(settings.population).toBe(begin);
    const trainedTo = (generation: number) =>
      snapshots.filter((each) => each.generation === generation).length;
    expect(trainedTo(1)).toBe(begin);
    expect(trainedTo(26)).toBe(rungs.at(-1)!.keep);
    expect(decisions.filter(({ kind }) => kind === "stop")).toHaveLength(
      begin - rungs.at(-1)!.keep,
    );
  });

  test.each([
    [8, 28],
    [5, 10],
    [22, 50],
    [40, 200],
    [3, 3],
    [100, 7],
  ])(
    "%i members of %i generations become rungs that spend as much, but for less than a first rung",
    (population, generations) => {
      const { begin, rungs } = halvingRungs(population, generations);
      let spent = 0;
      let [there, since] = [begin, 0];
      for (const { generation, from, keep } of rungs) {
        expect(from).toBe(there);
        spent += there * (generation - since);
        [there, since] = [keep, generation];
      }
      spent += there * (generations - since);
      const left = population * generations - spent;
      expect(left).toBeGreaterThanOrEqual(0);
      expect(left).toBeLessThan(rungs[0]!.generation);
      expect(there).toBeGreaterThanOrEqual(1);
    },
  );
});

describe("the grid", () => {
  test("has the middles of equal parts of each range, by its scale, and all of a choice", () => {
    const wide = defineExperiment({
      ...experiment.declaration,
      population: 8,
      hyperparameters: { rate: logUniform(1e-4, 1), decay: uniform(0, 1), kind: choice("a", "b") },
    });
    const { initial } = baselines.grid!(wide) as { initial: Record<string, unknown>[] };
    expect(new Set(initial.map(({ rate }) => rate))).toEqual(new Set([0.001, 0.1]));
    expect(new Set(initial.map(({ decay }) => decay))).toEqual(new Set([0.25, 0.75]));
    expect(new Set(initial.map((point) => JSON.stringify(point))).size).toBe(8);
  });

  test("repeats points for a population that is no product, and spreads for a small one", () => {
    const points = (population: number, hyperparameters: object) =>
      (
        baselines.grid!(
          defineExperiment({
            ...experiment.declaration,
            population,
            hyperparameters: hyperparameters as never,
          }),
        ) as { initial: object[] }
      ).initial.map((point) => JSON.stringify(point));
    const two = { rate: logUniform(1e-4, 1), decay: uniform(0, 1) };
    expect(points(7, two)).toHaveLength(7);
    expect(new Set(points(7, two)).size).toBe(6);
    const six = { one: choice("a", "b", "c", "d"), other: choice(1, 2, 3), rest: constant(1) };
    expect(new Set(points(4, six)).size).toBe(4);
  });

  test("varies choices with more options than members, and uses few values once each", () => {
    const initialOf = (population: number, hyperparameters: object) =>
      (
        baselines.grid!(
          defineExperiment({
            ...experiment.declaration,
            population,
            hyperparameters: hyperparameters as never,
          }),
        ) as { initial: Record<string, unknown>[] }
      ).initial;
    const four = choice("a", "b", "c", "d");
    const both = initialOf(4, { one: four, other: four });
    expect(new Set(both.map(({ one }) => one)).size).toBe(4);
    expect(new Set(both.map(({ other }) => other)).size).toBeGreaterThan(1);
    const many = choice(...Array.from({ length: 300 }, (_, index) => index));
    expect(initialOf(5, { one: many, two: many, three: many, four: many })).toHaveLength(5);
    const layers = initialOf(8, { layers: integer(1, 2), rate: uniform(0, 1) });
    expect(new Set(layers.map((point) => JSON.stringify(point))).size).toBe(8);
    expect(initialOf(3, { rest: constant(1) })).toEqual(Array(3).fill({ rest: 1 }));
  });

  test("gives a conditional hyperparameter to those points that it applies to", () => {
    const conditioned = defineExperiment({
      ...experiment.declaration,
      population: 8,
      hyperparameters: {
        kind: choice("a", "b"),
        momentum: conditional("kind", "a", uniform(0, 1)),
      },
    });
    const { initial } = baselines.grid!(conditioned) as { initial: Record<string, unknown>[] };
    expect(
      initial.every(({ kind, momentum }) => (kind === "a") === (momentum !== undefined)),
    ).toBe(true);
  });
});

test("fixed hyperparameters have to be all of them, and admitted", () => {
  expect(() => fixed(experiment, {})).toThrow(
    "fixed: is incomplete - lacks rate; give every hyperparameter, such as fixed: { " +
      "learningRate: 0.01 }.",
  );
  expect(() => fixed(experiment, { rate: 7 })).toThrow(
    "fixed.rate: 7 - is outside logUniform(0.0001, 1)",
  );
});

test("fixed hyperparameters need a conditional one where it applies, and only there", () => {
  const conditioned = defineExperiment({
    ...experiment.declaration,
    hyperparameters: { kind: choice("a", "b"), momentum: conditional("kind", "a", uniform(0, 1)) },
  });
  expect(() => fixed(conditioned, { kind: "a" })).toThrow("fixed: is incomplete - lacks momentum");
  expect(fixed(conditioned, { kind: "b" })).toMatchObject({ initial: { kind: "b" } });
});

describe("a replay", () => {
  test("trains fresh models by the schedule, generation by generation", async () => {
    const { chain } = await finished({ exploit: "truncationSelection" });
    const segments = schedule(chain);
    expect(
      new Set(segments.map(({ hyperparameters }) => hyperparameters.rate)).size,
    ).toBeGreaterThan(1);
    const { snapshots } = await finished(replaySettings(segments, 3), 9);
    for (const member of [0, 1, 2]) {
      const trained = snapshots.filter(
        (each) => each.member === member && each.kind === "trained",
      );
      expect(trained.map(({ step, hyperparameters }) => [step, hyperparameters])).toEqual(
        segments.map(({ toStep, hyperparameters }) => [toStep, hyperparameters]),
      );
    }
    expect(
      new Set(snapshots.filter(({ step }) => step === 5).map(({ score }) => score)).size,
    ).toBe(3);
  });

  test("keeps generations of unequal length", async () => {
    const parts = [3, 10, 11, 40].map((toStep, index) => ({
      fromStep: [0, 3, 10, 11][index]!,
      toStep,
      member: 0,
      hyperparameters: { rate: 0.1 * (index + 1) },
    }));
    const { snapshots } = await finished(replaySettings(parts, 1));
    const trained = snapshots.filter(({ kind }) => kind === "trained");
    expect(trained.map(({ step, hyperparameters }) => [step, hyperparameters.rate])).toEqual(
      parts.map(({ toStep, hyperparameters }) => [toStep, hyperparameters.rate]),
    );
  });
});
