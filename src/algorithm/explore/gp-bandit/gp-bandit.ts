import { shortened } from "../../exploit/exploit.ts";
import type { Random } from "../../random.ts";
import { inheritedOf, type SearchSpace } from "../../search-space.ts";
import type { Hyperparameters, HyperparameterValue } from "../../snapshot.ts";
import { strategy } from "../../strategy.ts";
import type { Explore } from "../explore.ts";
import { mapValues, perturb } from "../perturb.ts";
import { drawnCategories } from "./categories.ts";
import { gaussianProcess, type Point } from "./gaussian-process.ts";
import { maxTrials, standardized, type Trial, trialsOf } from "./trials.ts";

/** With fewer it knows too little; a population of one has 23 in its history. */
const fewestTrials = 20;
const candidates = 64;

/** The largest population that it was tried on (docs/guides/which-strategy.md). */
const mostShown = 8;

/** The standard deviation of the logarithm of the factor by which a near candidate moves. */
const near = 0.3;

const fallback = perturb();

/**
 * Takes hyperparameters of which much is expected (Parker-Holder et al. 2020, PB2). A Gaussian
 * process is fitted to what the last 23 generations gained, with the hyperparameters and the score
 * that each member began with. One function that fits is drawn from it, and of 64 candidates the
 * one is taken where it is highest (Thompson sampling): members decide without knowing of each
 * other, and the upper bound of PB2 would send all of them to the same place. Categories are drawn
 * before (PB2-Mix, 2021).
 *
 * It is greedy: it looks for what gains most in the next generation. Where too little is known it
 * perturbs, and says so.
 */
export const gpBandit = strategy(
  {
    name: "gpBandit",
    summary: "Takes what a Gaussian process over the last generations expects to gain most.",
    readsHistory: true,
    warning(_, population) {
      if (population <= mostShown) return undefined;
      const seen = `of ${population} it sees the last ${maxTrials} generations of all together`;
      return `was tried on ${mostShown} members or fewer; ${seen}`;
    },
  },
  {},
  (): Explore => (hyperparameters, space, random, situation) => {
    const perturbed = (why: string) => ({
      hyperparameters: fallback(hyperparameters, space, random, situation),
      remark: `perturbed: ${why}`,
    });
    const trials = trialsOf(situation, random);
    if (trials.length < fewestTrials)
      return perturbed(`gpBandit knows ${trials.length} of ${fewestTrials} generations it needs`);
    const gains = standardized(trials);
    if (!gains) return perturbed("gpBandit has seen no generation gain more than another");

    const pointOf = pointsIn(space, trials);
    const fitted = gaussianProcess(trials.map(pointOf), gains.values);
    const { weights = situation.member } = situation;
    const decided = {
      ...drawnCategories(space, trials, gains, random),
      ...inheritedOf(space, weights.hyperparameters),
    };
    const proposed = Array.from({ length: candidates }, (_, index) => {
      const values =
        index % 2 === 0 ? space.sample(random) : moved(hyperparameters, space, random);
      return space.settle({ ...values, ...decided }, random);
    }).filter((values) => space.satisfies(values));
    if (proposed.length === 0) return perturbed("gpBandit proposes nothing that satisfies where");
    const next = {
      // Fresh weights are most like the oldest.
      startScore: situation.weights?.score ?? trials.at(-1)!.startScore,
      generation: situation.member.generation + 1,
    };
    const points = proposed.map((values) => pointOf({ hyperparameters: values, ...next }));
    const drawn = fitted.draw(points, random);
    const best = drawn.indexOf(Math.max(...drawn));
    const { mean, deviation } = fitted.predict(points[best]!);
    const gain = shortened(gains.mean + gains.deviation * mean);
    const spread = shortened(gains.deviation * deviation);
    const remark = `gpBandit expects them to gain ${gain} ± ${spread}`;
    return { hyperparameters: proposed[best]!, remark };
  },
);

/** Numbers and ordered kinds by their place, others as categories, and the score at the start. */
function pointsIn(
  space: SearchSpace,
  trials: readonly Trial[],
): (trial: Omit<Trial, "gain">) => Point {
  const ordered = space.names.filter((name) => space.hyperparameter(name).order);
  const others = space.names.filter((name) => !space.hyperparameter(name).order);
  const scores = trials.map(({ startScore }) => startScore);
  const [low, high] = [Math.min(...scores), Math.max(...scores)];
  return ({ hyperparameters, startScore, generation }) => ({
    numbers: [
      ...ordered.map((name) => placeOf(space, name, hyperparameters[name])),
      low === high ? 0 : (Math.min(high, Math.max(low, startScore)) - low) / (high - low),
    ],
    categories: others.map((name) => hyperparameters[name]),
    generation,
  });
}

/** A conditional one that does not apply is far from all that do. */
function placeOf(space: SearchSpace, name: string, value: HyperparameterValue | undefined) {
  return value === undefined ? -1 : space.hyperparameter(name).order!(value);
}

function moved(from: Hyperparameters, space: SearchSpace, random: Random): Hyperparameters {
  return mapValues(from, space, (name, value) =>
    space.hyperparameter(name).perturb(value, Math.exp(near * random.normal())),
  );
}
