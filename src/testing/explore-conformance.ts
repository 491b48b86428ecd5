/** What every explore promises, in a search space with every kind of hyperparameter. */
import { asExplored, type Explore, type Situation } from "../algorithm/explore/explore.ts";
import { type Random, randomStream } from "../algorithm/random.ts";
import type { SearchSpace } from "../algorithm/search-space.ts";
import type { Hyperparameters } from "../algorithm/snapshot.ts";
import { maximize } from "../experiment/objective.ts";
import { samplePopulation, sampleSituation } from "../experiment/sample-population.ts";
import { choice } from "../experiment/search-space/choice.ts";
import { conditional } from "../experiment/search-space/conditional.ts";
import { constant } from "../experiment/search-space/constant.ts";
import { integer } from "../experiment/search-space/integer.ts";
import { logUniform } from "../experiment/search-space/log-uniform.ts";
import { nearOne } from "../experiment/search-space/near-one.ts";
import { normal } from "../experiment/search-space/normal.ts";
import { ordinal } from "../experiment/search-space/ordinal.ts";
import { quantized } from "../experiment/search-space/quantized.ts";
import { searchSpace } from "../experiment/search-space/search-space.ts";
import { uniform } from "../experiment/search-space/uniform.ts";
import { assert, assertEqual, type ConformanceCase } from "./assert.ts";

const seeds = 500;
/** An explore that learns from the past may take long. */
const seedsWithPast = 5;

const everyKind = () =>
  searchSpace({
    rate: logUniform(1e-6, 1),
    dropout: uniform(0, 1),
    width: normal(1, 0.2, { bounds: [0.5, 2] }),
    decay: quantized(uniform(0, 0.5), 0.05),
    layers: integer(1, 64),
    batch: ordinal(16, 32, 64),
    discount: nearOne(0.9, 0.9999),
    optimizer: choice("sgd", "adam"),
    activation: constant("gelu"),
    momentum: conditional("optimizer", "sgd", uniform(0, 1)),
  });

/**
 * What every explore strategy promises. `space` is for a strategy that knows the names of its
 * hyperparameters.
 */
export function exploreConformance(
  explore: Explore,
  space: SearchSpace = everyKind(),
): ConformanceCase[] {
  const cases: ConformanceCase[] = [];
  const young = samplePopulation(space, maximize("score"), 8);
  const old = samplePopulation(space, maximize("score"), 8, {
    generations: 12,
    last: 12,
    varies: true,
  });
  let sample = young;
  const add = (name: string, check: (from: Hyperparameters, random: () => Random) => void) =>
    cases.push({
      name,
      run: async () => {
        for (let seed = 0; seed < seeds + seedsWithPast; seed++) {
          sample = seed < seeds ? young : old;
          const from = space.sample(randomStream("explore conformance", "from", seed));
          check(from, () => randomStream("explore conformance", seed));
        }
      },
    });
  const explored = (from: Hyperparameters, random: Random, given: Partial<Situation> = {}) => {
    const situation = { ...sampleSituation(sample, 0), ...given };
    return asExplored(explore(from, space, random, situation)).hyperparameters;
  };

  add("every outcome can be settled in the search space", (from, random) => {
    const settled = space.settle(explored(from, random()), random());
    for (const name of space.names) {
      const value = settled[name];
      const isAdmitted = value === undefined || space.hyperparameter(name).admits(value);
      assert(isAdmitted, `${name} becomes ${value}, which the space does not admit`);
    }
  });

  add("the same stream gives the same outcome", (from, random) => {
    assertEqual(explored(from, random()), explored(from, random()), "explored twice");
  });

  add("the outcome does not depend on the order of the hyperparameters", (from, random) => {
    const reversed = Object.fromEntries(Object.entries(from).reverse());
    assertEqual(explored(reversed, random()), explored(from, random()), "in reverse order");
  });

  add("what a strategy is given stays as it was", (from, random) => {
    const before = structuredClone(from);
    explored(from, random());
    assertEqual(from, before, "the hyperparameters afterwards");
  });

  add("weights of any age can be explored from", (from, random) => {
    for (const step of [0, 1, 1e9]) explored(from, random(), { step });
  });

  add("fresh weights can be explored from", (from, random) => {
    explored(from, random(), { step: 0, weights: undefined });
  });
  return cases;
}
