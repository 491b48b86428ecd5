import {
  choice,
  conditional,
  constant,
  gpBandit,
  type Hyperparameters,
  logUniform,
  randomStream,
  uniform,
} from "clade";
import { describe, expect, test } from "vitest";
import { searchSpace } from "../../../experiment/search-space/search-space.ts";
import { RecentHistory } from "../../history.ts";
import { type Direction, RankedPopulation } from "../../population.ts";
import { trained } from "../../population-of.test-support.ts";
import { type Snapshot, snapshotId } from "../../snapshot.ts";
import { asExplored, type Explored, type Situation } from "../explore.ts";
import { categoryProbabilities } from "./categories.ts";
import { gaussianProcess, type Point } from "./gaussian-process.ts";

const space = searchSpace({
  rate: logUniform(1e-5, 1e-1),
  optimizer: choice("sgd", "adam", "lion"),
  activation: constant("gelu"),
  momentum: conditional("optimizer", "sgd", uniform(0, 1)),
});

interface Past {
  readonly generations: number;
  readonly direction?: Direction;
  readonly gain: (hyperparameters: Hyperparameters, generation: number) => number;
}

/** Twelve members that draw their hyperparameters anew in each generation. */
function situationAfter({ generations, direction = "maximize", gain }: Past): Situation {
  const history = new RecentHistory();
  const population = new RankedPopulation({ direction, size: 12, generations: 50 }, history);
  const sign = direction === "maximize" ? 1 : -1;
  let member = trained(0);
  for (let number = 0; number < 12; number++) {
    let score = 0;
    for (let generation = 1; generation <= generations; generation++) {
      const hyperparameters = space.sample(randomStream("past", number, generation));
      score += sign * gain(hyperparameters, generation);
      const snapshot: Snapshot = trained(number, {
        id: snapshotId(number, generation),
        parent: snapshotId(number, generation - 1),
        generation,
        hyperparameters,
        ...(Number.isFinite(score) ? { score } : {}),
      });
      history.add(snapshot);
      population.update(snapshot);
      if (number === 0) member = snapshot;
      if (!Number.isFinite(score)) score = 0;
    }
  }
  return { step: 10, weights: member, member, population };
}

const explored = (situation: Situation, seed: number): Explored => {
  const from = { rate: 1e-2, optimizer: "adam", activation: "gelu" };
  return asExplored(gpBandit()(from, space, randomStream(seed), situation));
};

/** The best rate is 1e-3, and lion is worth as much as a hundredth of it. */
const peak = ({ rate, optimizer }: Hyperparameters) =>
  (optimizer === "lion" ? 2 : 0) - (Math.log10(rate as number) + 3) ** 2;
const seeds = Array.from({ length: 20 }, (_, seed) => seed);

describe("gpBandit", () => {
  test.each(["maximize", "minimize"] as const)("goes where most was gained (%s)", (direction) => {
    const situation = situationAfter({ generations: 10, direction, gain: peak });
    const found = seeds.map((seed) => explored(situation, seed).hyperparameters);
    const off = found.map(({ rate }) => Math.abs(Math.log10(rate as number) + 3));
    expect(off.toSorted((a, b) => a - b)[10]).toBeLessThan(0.4);
    expect(found.filter(({ optimizer }) => optimizer === "lion").length).toBeGreaterThan(10);
  });

  test("follows what changes", () => {
    const gain = ({ rate }: Hyperparameters, generation: number) =>
      -((Math.log10(rate as number) + (generation < 15 ? 2 : 4)) ** 2);
    const situation = situationAfter({ generations: 24, gain });
    const found = seeds.map((seed) => explored(situation, seed).hyperparameters.rate as number);
    expect(found.filter((rate) => rate < 1e-3).length).toBeGreaterThan(15);
  });

  test("keeps away from what ended without a score", () => {
    const gain = ({ rate }: Hyperparameters) => ((rate as number) > 1e-3 ? Number.NaN : 1);
    const situation = situationAfter({ generations: 10, gain });
    const found = seeds.map((seed) => explored(situation, seed).hyperparameters.rate as number);
    expect(found.filter((rate) => rate <= 1e-3).length).toBeGreaterThanOrEqual(15);
  });

  test("one trial that broke down does not hide the others", () => {
    const gain = ({ rate }: Hyperparameters, generation: number) =>
      generation === 4 && (rate as number) > 0.01 ? -1e6 : (rate as number) > 1e-3 ? 1 : 0;
    const situation = situationAfter({ generations: 10, gain });
    const found = seeds.map((seed) => explored(situation, seed).hyperparameters.rate as number);
    expect(found.filter((rate) => rate > 1e-3).length).toBeGreaterThanOrEqual(15);
  });

  test("says what it expects", () => {
    const { remark } = explored(situationAfter({ generations: 10, gain: peak }), 1);
    expect(remark).toMatch(/^gpBandit expects them to gain -?[\d.e-]+ ± [\d.e-]+$/);
  });

  test.each([
    ["too little is known", 2, peak, /^perturbed: gpBandit knows 12 of 20 generations it needs/],
    ["gains differ by rounding", 9, () => 0.1, /^perturbed: gpBandit has seen no generation gain/],
    ["gains are too large", 9, () => 1e308, /^perturbed: gpBandit/],
    ["all gain the same", 9, () => 1, /^perturbed: gpBandit has seen no generation gain more/],
    ["nothing has a score", 9, () => Number.NaN, /^perturbed: gpBandit knows 0 of 20/],
  ] as const)("perturbs where %s, and says so", (_, generations, gain, remark) => {
    expect(explored(situationAfter({ generations, gain }), 1).remark).toMatch(remark);
  });
});

describe("the Gaussian process", () => {
  const at = (number: number, generation = 10, category = "a"): Point => ({
    numbers: [number],
    categories: [category],
    generation,
  });
  const points = Array.from({ length: 30 }, (_, index) => at(index / 29));
  const values = points.map(({ numbers }) => Math.sin(6 * numbers[0]!));

  test("knows a function where it was seen, and less elsewhere", () => {
    const process = gaussianProcess(points, values);
    for (const number of [0.1, 0.5, 0.9])
      expect(process.predict(at(number)).mean).toBeCloseTo(Math.sin(6 * number), 0.9);
    const deviations = [at(0.5), at(0.5, 30), at(0.5, 10, "b"), at(3)].map(
      (point) => process.predict(point).deviation,
    );
    expect(deviations[0]).toBeLessThan(Math.min(...deviations.slice(1)));
  });

  test("draws functions with the mean and the spread that it predicts", () => {
    const process = gaussianProcess(points, values);
    const random = randomStream("functions");
    const drawn = Array.from({ length: 2000 }, () => process.draw([at(0.5), at(2)], random));
    for (const [index, point] of [at(0.5), at(2)].entries()) {
      const { mean, deviation } = process.predict(point);
      const own = drawn.map((values) => values[index]!);
      const average = own.reduce((sum, value) => sum + value, 0) / own.length;
      const variance = own.reduce((sum, value) => sum + (value - average) ** 2, 0) / own.length;
      expect(Math.abs(average - mean)).toBeLessThan((4 * deviation) / Math.sqrt(2000) + 0.01);
      expect(Math.abs(Math.sqrt(variance) - deviation)).toBeLessThan(0.1 * deviation + 0.01);
    }
  });
});

describe("the probabilities of categories", () => {
  const plays = (gains: readonly number[]) => gains.map((gain, category) => ({ category, gain }));

  test("are equal as long as nothing is known", () => {
    expect(categoryProbabilities(4, [])).toEqual([0.25, 0.25, 0.25, 0.25]);
  });

  test("grow with the gain, sum to 1, and none is ever 0", () => {
    const rounds = Array.from({ length: 24 }, () => plays([1, 0.5, 0]));
    const [first, second, third] = categoryProbabilities(3, rounds) as [number, number, number];
    expect(first + second + third).toBeCloseTo(1, 12);
    expect(first).toBeGreaterThan(second);
    expect(second).toBeGreaterThan(third);
    expect(third).toBeGreaterThan(0.02);
  });

  test("turn where the best category changes", () => {
    const rounds = Array.from({ length: 24 }, (_, round) => plays(round < 12 ? [1, 0] : [0, 1]));
    const [first, second] = categoryProbabilities(2, rounds) as [number, number];
    expect(second).toBeGreaterThan(first);
  });
});
